//! Any schema is compiled or refused, and what is compiled checks any record. The first line is the schema.

use jurat_engine::schema::{SchemaOptions, SchemaScratch, Schemas};

use crate::Answer;

/// Checks these bytes.
///
/// # Panics
/// Never by itself: what it asks for is an answer.
pub fn check(bytes: &[u8]) -> Answer {
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let (schema, record) = bytes.split_at(end);
    let schemas = Schemas::compile(&[("fuzz.json", schema)], &SchemaOptions::default());
    if let Ok(schemas) = &schemas
        && let Ok(record) = str::from_utf8(record)
    {
        let _ = schemas.check(record, None, 10, &mut SchemaScratch::default());
    }
    Answer::of(&schemas)
}
