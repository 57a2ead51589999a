//! Texts that are not JSON as a whole, recognized by their first bytes.

use std::fmt;

/// The byte order mark of UTF-8.
pub(super) const MARK: &[u8] = b"\xef\xbb\xbf";

/// How much of a text is looked at. What is not recognized by then is read as records.
const HEAD: usize = 64 << 10;
/// Where a tar archive names itself.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// What a text is instead of JSON in UTF-8. As a sentence, it says how to convert it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ForeignFormat {
    /// UTF-16, with the lower byte first.
    Utf16Le,
    /// UTF-16, with the higher byte first.
    Utf16Be,
    /// UTF-32, with the lowest byte first.
    Utf32Le,
    /// UTF-32, with the highest byte first.
    Utf32Be,
    /// Gzip.
    Gzip,
    /// Zstandard.
    Zstandard,
    /// Xz.
    Xz,
    /// Bzip2.
    Bzip2,
    /// LZ4.
    Lz4,
    /// The format of `compress`.
    Compress,
    /// A 7-Zip archive.
    SevenZip,
    /// A tar archive.
    Tar,
    /// A zip archive that is not known to be a document.
    Zip,
    /// A document of Office Open XML or OpenDocument, such as an Excel workbook: a zip archive.
    Office,
    /// A document of an old version of Office, such as an Excel workbook.
    OldOffice,
    /// Apache Parquet.
    Parquet,
    /// Apache Avro.
    Avro,
    /// Apache ORC.
    Orc,
    /// Apache Arrow, or Feather.
    Arrow,
    /// A database of SQLite.
    Sqlite,
    /// PDF.
    Pdf,
    /// XML or HTML.
    Xml,
    /// Values with commas, semicolons, tabs or bars between them, the same number on each line.
    Csv,
}

use ForeignFormat as F;

/// The bytes that some formats begin with. None of them can begin a JSON text.
const MAGIC: [(&[u8], F); 23] = [
    // Before UTF-16, which begins with the same two bytes.
    (b"\xff\xfe\0\0", F::Utf32Le),
    (b"\0\0\xfe\xff", F::Utf32Be),
    (b"\xff\xfe", F::Utf16Le),
    (b"\xfe\xff", F::Utf16Be),
    (b"\x1f\x8b", F::Gzip),
    (b"\x28\xb5\x2f\xfd", F::Zstandard),
    (b"\xfd7zXZ\0", F::Xz),
    (b"BZh", F::Bzip2),
    (b"\x04\x22\x4d\x18", F::Lz4),
    (b"\x1f\x9d", F::Compress),
    (b"7z\xbc\xaf\x27\x1c", F::SevenZip),
    (b"PK\x03\x04", F::Zip),
    (b"PK\x05\x06", F::Zip),
    (b"PK\x07\x08", F::Zip),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", F::OldOffice),
    (b"PAR1", F::Parquet),
    (b"Obj\x01", F::Avro),
    (b"ORC", F::Orc),
    (b"ARROW1\0\0", F::Arrow),
    (b"FEA1\0\0\0\0", F::Arrow),
    (b"\xff\xff\xff\xff", F::Arrow),
    (b"SQLite format 3\0", F::Sqlite),
    (b"%PDF-", F::Pdf),
];

/// The names of the first file in a zip archive that is a document.
const DOCUMENTS: [&[u8]; 6] = [b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"word/", b"mimetype"];
/// Where that name begins.
const ZIP_NAME: usize = 30;

/// What stands between the values of a line of CSV.
const DELIMITERS: [u8; 4] = *b",;\t|";

/// What is known of a text by its beginning.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Beginning {
    /// More of it must be read.
    Undecided,
    /// It may hold records.
    Records,
    Foreign(ForeignFormat),
}

impl Beginning {
    /// What a text is that begins with `bytes`; `is_whole` says that it has no more. The answer depends on the text only, not on
    /// how much of it is there.
    pub(crate) fn of(bytes: &[u8], is_whole: bool) -> Self {
        let (head, is_whole) = match bytes.get(..HEAD) {
            Some(head) => (head, true),
            None => (bytes, is_whole),
        };
        let open = if is_whole { Self::Records } else { Self::Undecided };
        if let Some(known) = magic(head, is_whole).or_else(|| wide(head, is_whole)) {
            return known;
        }
        let text = head.strip_prefix(MARK).unwrap_or(head).trim_ascii_start();
        match text {
            [] => open,
            [b'{' | b'[', ..] => Self::Records,
            [b'<'] => open,
            [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] => Self::Foreign(F::Xml),
            _ if !has_line(head) && head.get(TAR.0..).is_some_and(|rest| rest.starts_with(TAR.1)) => {
                Self::Foreign(F::Tar)
            }
            _ => match is_csv(text, is_whole) {
                Some(true) => Self::Foreign(F::Csv),
                Some(false) if head.len() >= TAR.0 + TAR.1.len() || is_whole || has_line(head) => Self::Records,
                _ => open,
            },
        }
    }
}

/// Whether the text has a line end before a tar archive would name itself: such an archive begins with a name and zeros.
fn has_line(head: &[u8]) -> bool {
    head.iter().take(TAR.0).any(|byte| *byte == b'\n')
}

fn magic(head: &[u8], is_whole: bool) -> Option<Beginning> {
    // What is cut within such bytes may become one of them, the longest first.
    let may_be = |magic: &[u8]| head.starts_with(magic) || (!is_whole && magic.starts_with(head));
    let (magic, format) = MAGIC.iter().find(|(magic, _)| may_be(magic))?;
    let Some(behind) = head.strip_prefix(*magic) else { return Some(Beginning::Undecided) };
    let confirmed = match format {
        // Names of columns may begin with the same letters.
        F::Parquet | F::Orc => behind.first().map(|byte| !matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')),
        F::Bzip2 => behind.get(1).map(|byte| matches!(byte, b'1' | 0x17)),
        F::Zip => return zip(head.get(ZIP_NAME..).unwrap_or_default(), is_whole),
        _ => Some(true),
    };
    match confirmed {
        Some(true) => Some(Beginning::Foreign(*format)),
        None if !is_whole => Some(Beginning::Undecided),
        _ => None,
    }
}

/// A zip archive, by the name of its first file.
fn zip(name: &[u8], is_whole: bool) -> Option<Beginning> {
    if DOCUMENTS.iter().any(|document| name.starts_with(document)) {
        return Some(Beginning::Foreign(F::Office));
    }
    let is_open = !is_whole && DOCUMENTS.iter().any(|document| document.starts_with(name));
    Some(if is_open { Beginning::Undecided } else { Beginning::Foreign(F::Zip) })
}

/// UTF-16 and UTF-32 without a byte order mark: the first two characters are ASCII, so that zeros are where UTF-8 has none.
fn wide(head: &[u8], is_whole: bool) -> Option<Beginning> {
    let ascii = |byte: u8| (1..0x80).contains(&byte);
    let format = match *head {
        [a, 0, 0, 0, ..] if ascii(a) => F::Utf32Le,
        [0, 0, 0, a, ..] if ascii(a) => F::Utf32Be,
        [a, 0, b, 0, ..] if ascii(a) && ascii(b) => F::Utf16Le,
        [0, a, 0, b, ..] if ascii(a) && ascii(b) => F::Utf16Be,
        [_, _, _, _, ..] => return None,
        [a, 0] if is_whole && ascii(a) => F::Utf16Le,
        [0, a] if is_whole && ascii(a) => F::Utf16Be,
        [_] | [0, _] | [_, 0] | [0, _, 0] | [0, 0, _] | [_, 0, _] if !is_whole => return Some(Beginning::Undecided),
        _ => return None,
    };
    Some(Beginning::Foreign(format))
}

/// Whether a text is CSV by its first two lines: both have the same number of values, and nothing of them looks like JSON. None
/// if that cannot be told yet.
fn is_csv(text: &[u8], is_whole: bool) -> Option<bool> {
    let mut lines = text.splitn(2, |byte| *byte == b'\n');
    let (first, rest) = (lines.next().unwrap_or_default(), lines.next());
    let is_header = || DELIMITERS.iter().any(|delimiter| is_header(first, *delimiter));
    let Some(rest) = rest else { return is_whole.then(is_header) };
    let rest = rest.trim_ascii_start();
    let mut lines = rest.splitn(2, |byte| *byte == b'\n');
    let (second, has_end) = (lines.next().unwrap_or_default(), lines.next().is_some());
    let counts = DELIMITERS.map(|delimiter| (delimiter, count(first, delimiter)));
    let mut possible = counts.iter().filter(|(_, count)| matches!(count, Some(Count { values: 2.., filled: 2.., .. })));
    if second.is_empty() && is_whole {
        return Some(is_header());
    }
    if matches!(second, [b'{' | b'[', ..]) || possible.clone().next().is_none() {
        return Some(false);
    }
    if !has_end && !is_whole {
        return None;
    }
    Some(possible.any(|(delimiter, header)| {
        let (Some(header), Some(row)) = (header, count(second, *delimiter)) else { return false };
        // A value in quotes may go on behind the line end.
        row.values == header.values || (row.is_open && row.values < header.values)
    }))
}

/// Whether a line alone is the header of a CSV file: names without spaces around them.
fn is_header(line: &[u8], delimiter: u8) -> bool {
    let is_name = |name: &[u8]| !name.is_empty() && name.trim_ascii().len() == name.len();
    let line = line.trim_ascii_end();
    count(line, delimiter).is_some_and(|count| count.values > 1) && line.split(|byte| *byte == delimiter).all(is_name)
}

/// The values of a line of CSV.
#[derive(Clone, Copy)]
struct Count {
    values: usize,
    /// How many of them are not empty.
    filled: usize,
    /// Whether the last one is in quotes that do not end.
    is_open: bool,
}

/// Counts the values of a line; none if it cannot be a line of CSV, because JSON shows in it.
fn count(line: &[u8], delimiter: u8) -> Option<Count> {
    let line = line.trim_ascii_end();
    let mut count = Count { values: 1, filled: 0, is_open: false };
    let (mut is_filled, mut is_behind_quotes) = (false, false);
    for &byte in line {
        match byte {
            b'"' => {
                count.is_open = !count.is_open;
                (is_filled, is_behind_quotes) = (true, !count.is_open);
            }
            _ if count.is_open => {}
            _ if byte == delimiter => {
                count.values += 1;
                count.filled += usize::from(is_filled);
                (is_filled, is_behind_quotes) = (false, false);
            }
            b'{' | b'}' | b'[' | b']' => return None,
            b' ' => {}
            // As behind the key of an object.
            _ if is_behind_quotes => return None,
            _ => is_filled = true,
        }
    }
    count.filled += usize::from(is_filled);
    Some(count)
}

impl fmt::Display for ForeignFormat {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decoded = |out: &mut fmt::Formatter<'_>, name: &str, code: &str| {
            write!(out, "it is {name}, and records are UTF-8: convert it with `iconv -f {code} -t UTF-8`")
        };
        let unpacked = |out: &mut fmt::Formatter<'_>, name: &str, program: &str| {
            write!(out, "it is compressed with {name}: decompress it with `{program}`")
        };
        let exported = |out: &mut fmt::Formatter<'_>, name: &str, how: &str| {
            write!(out, "it is {name}, not JSON: write its rows as JSON, one object on each line, {how}")
        };
        const DUCKDB: &str = "for example with DuckDB";
        match self {
            Self::Utf16Le => decoded(out, "UTF-16 (little-endian)", "UTF-16LE"),
            Self::Utf16Be => decoded(out, "UTF-16 (big-endian)", "UTF-16BE"),
            Self::Utf32Le => decoded(out, "UTF-32 (little-endian)", "UTF-32LE"),
            Self::Utf32Be => decoded(out, "UTF-32 (big-endian)", "UTF-32BE"),
            Self::Gzip => unpacked(out, "gzip", "gzip -dc"),
            Self::Zstandard => unpacked(out, "zstd", "zstd -dc"),
            Self::Xz => unpacked(out, "xz", "xz -dc"),
            Self::Bzip2 => unpacked(out, "bzip2", "bzip2 -dc"),
            Self::Lz4 => unpacked(out, "lz4", "lz4 -dc"),
            Self::Compress => unpacked(out, "compress", "gzip -dc"),
            Self::SevenZip => out.write_str("it is a 7-Zip archive: extract it with `7z x`"),
            Self::Tar => out.write_str("it is a tar archive: extract it with `tar -xf`"),
            Self::Zip => out.write_str("it is a zip archive: extract it with `unzip`"),
            Self::Office | Self::OldOffice => {
                exported(out, "an Excel workbook or another office document", "for example by way of CSV")
            }
            Self::Parquet => exported(out, "Parquet", DUCKDB),
            Self::Avro => exported(out, "Avro", "for example with `avro cat`"),
            Self::Orc => exported(out, "ORC", "for example with `orc-contents`"),
            Self::Arrow => exported(out, "Arrow", DUCKDB),
            Self::Sqlite => exported(out, "a SQLite database", "for example with `sqlite3 -json`"),
            Self::Pdf => out.write_str("it is PDF, not JSON: name a file of records"),
            Self::Xml => out.write_str("it is XML or HTML, not JSON: name a file of records, or convert it"),
            Self::Csv => exported(out, "CSV", "for example with `mlr --icsv --ojsonl cat`"),
        }
    }
}

#[cfg(test)]
mod tests;
