//! Takes the files of Swagger UI that the page `/docs` needs out of their archive, as gzip files.
//!
//! An archive in the ZIP format has each file as a DEFLATE stream, with its checksum and length (APPNOTE 6.3, sections 4.3.7 and 4.3.12).
//! A gzip file is such a stream between a header, and that checksum and length (RFC 1952). So nothing is decompressed here.
#![expect(clippy::disallowed_methods, reason = "cargo tells a build script by a variable where its output belongs")]

use std::path::Path;
use std::{env, fs, io};

use utoipa_swagger_ui_vendored::SWAGGER_UI_VENDORED as ARCHIVE;

/// The files.
const FILES: [&str; 2] = ["swagger-ui.css", "swagger-ui-bundle.js"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let directory = env::var("OUT_DIR").map_err(io::Error::other)?;
    for name in FILES {
        let gzip = entries(ARCHIVE)
            .find_map(|entry| gzip(entry, name))
            .ok_or_else(|| io::Error::other(format!("the archive has no {name}")))?;
        fs::write(Path::new(&directory).join(format!("{name}.gz")), gzip)?;
    }
    Ok(())
}

/// The records of the central directory, one for each file. The last record of the archive says where they begin.
fn entries(archive: &[u8]) -> impl Iterator<Item = &[u8]> {
    let end = archive.windows(4).rposition(|bytes| bytes == b"PK\x05\x06").and_then(|end| archive.get(end..));
    let mut rest = end.and_then(|end| archive.get(number(end, 16, 4)?..)).unwrap_or_default();
    std::iter::from_fn(move || {
        let entry = rest.strip_prefix(b"PK\x01\x02").map(|_| rest)?;
        rest = rest.get(46 + number(rest, 28, 2)? + number(rest, 30, 2)? + number(rest, 32, 2)?..)?;
        Some(entry)
    })
}

/// The file of a record, if it has that name in some directory, and is compressed.
fn gzip(record: &[u8], name: &str) -> Option<Vec<u8>> {
    const DEFLATE: usize = 8;
    let path = record.get(46..46 + number(record, 28, 2)?)?;
    let is_it = path.ends_with(format!("/{name}").as_bytes()) && number(record, 10, 2)? == DEFLATE;
    let local = ARCHIVE.get(number(record, 42, 4)?..).filter(|_| is_it)?;
    let stream = local.get(30 + number(local, 26, 2)? + number(local, 28, 2)?..)?;
    let stream = stream.get(..number(record, 20, 4)?)?;
    let (checksum, length) = (record.get(16..20)?, record.get(24..28)?);
    Some([b"\x1f\x8b\x08\0\0\0\0\0\0\xff", stream, checksum, length].concat())
}

/// A number of that many bytes, the lowest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    Some(bytes.get(at..at + length)?.iter().rev().fold(0, |number, byte| (number << 8) | usize::from(*byte)))
}
