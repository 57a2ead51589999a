//! Any schema is compiled or refused, and what is compiled checks any record. The first line is the schema.
#![no_main]

use jurat_engine::schema::Schemas;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (schema, record) = bytes.split_at(end);
    let Ok(schemas) = Schemas::compile(&[("fuzz.json", schema)]) else { return };
    if let Ok(record) = serde_json::from_slice(record) {
        let _ = schemas.check(&record);
    }
});
