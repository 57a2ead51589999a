use proptest::prelude::*;

use super::*;

/// The office documents and archives whose first file has that name.
fn zip(name: &str) -> Vec<u8> {
    [b"PK\x03\x04".as_slice(), &[7; 26], name.as_bytes(), b"and so on"].concat()
}

fn utf16(text: &str, encode: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(encode).collect()
}

fn utf32(text: &str, encode: fn(u32) -> [u8; 4]) -> Vec<u8> {
    text.chars().map(u32::from).flat_map(encode).collect()
}

/// What every format looks like, and what records look like that could be mistaken for it.
fn texts() -> Vec<(Vec<u8>, Beginning)> {
    let text = |text: &str| text.as_bytes().to_vec();
    let foreign = [
        (utf16("{\"id\": 1}", u16::to_le_bytes), F::Utf16Le),
        (utf16("[]", u16::to_be_bytes), F::Utf16Be),
        (utf16("\n", u16::to_le_bytes), F::Utf16Le),
        (utf16("\u{feff}{\"id\": \"\u{416}\"}", u16::to_le_bytes), F::Utf16Le),
        (utf16("\u{feff}\u{416}", u16::to_be_bytes), F::Utf16Be),
        (utf32("{}", u32::to_le_bytes), F::Utf32Le),
        (utf32("{}", u32::to_be_bytes), F::Utf32Be),
        (utf32("\u{feff}{}", u32::to_le_bytes), F::Utf32Le),
        (utf32("\u{feff}{}", u32::to_be_bytes), F::Utf32Be),
        (vec![0x1f, 0x8b, 8, 0], F::Gzip),
        (vec![0x28, 0xb5, 0x2f, 0xfd, 4], F::Zstandard),
        (b"\xfd7zXZ\0\0\x04".to_vec(), F::Xz),
        (b"BZh91AY&SY".to_vec(), F::Bzip2),
        (b"BZh9\x17rE8P\x90".to_vec(), F::Bzip2),
        (b"\x04\x22\x4d\x18d".to_vec(), F::Lz4),
        (b"\x1f\x9d\x90".to_vec(), F::Compress),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), F::SevenZip),
        ([b"loans.json".as_slice(), &[0; 247], b"ustar\x0000"].concat(), F::Tar),
        (zip("loans.json"), F::Zip),
        (zip("[Content_Types].xml"), F::Office),
        (zip("xl/workbook.xml"), F::Office),
        (zip("mimetype"), F::Office),
        (b"PK\x05\x06\0\0".to_vec(), F::Zip),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0".to_vec(), F::OldOffice),
        (b"PAR1\x15\x04".to_vec(), F::Parquet),
        (b"Obj\x01\x04".to_vec(), F::Avro),
        (b"ORC\x03".to_vec(), F::Orc),
        (b"ARROW1\0\0".to_vec(), F::Arrow),
        (b"SQLite format 3\0".to_vec(), F::Sqlite),
        (text("%PDF-1.7\n"), F::Pdf),
        (text("<?xml version=\"1.0\"?>"), F::Xml),
        (text("\u{feff}\n<html>"), F::Xml),
        (text("<!doctype html>"), F::Xml),
        (text("id,amount\n1,2\n3,4\n"), F::Csv),
        (text("\u{feff}id;amount\r\n1;2\r\n"), F::Csv),
        (text("\"id\"\t\"a b\"\n\"x\"\"{\"\t\"\"\n"), F::Csv),
        (text("id|note|x\n1|\"two\nlines\"|2\n"), F::Csv),
        (text("id,amount,\n1,2,3"), F::Csv),
        (text("PAR1,PAR2\n1,2\n"), F::Csv),
        (text("ORCID,name\n1,2\n"), F::Csv),
        (text("1,2\n"), F::Csv),
        (text("id,amount"), F::Csv),
    ];
    let records = [
        "",
        "\u{feff}",
        " \n",
        "{}",
        "[1, 2]\n3, 4\n",
        "{\"a\":1,\"b\":2}\n1,2",
        "oops\n{\"a\":2}\n",
        "oops, sorry",
        "oops, sorry\n{}",
        // Records whose beginning was cut off.
        "\"a\": 1,\n\"b\": 2,\n}\n",
        "5, \"b\": 2},\n{\"a\": 1, \"b\": 2}\n",
        "5,\"b\":2}\n5,\"b\":2}\n",
        "1,\n2,\n3]}\n",
        "one\ntwo\n",
        "a,b\n[1]\n",
        "a,b\nc\n",
        "<",
        "<<<<<<< HEAD\n{}\n",
        "PK",
        "BZh, what\n{}",
        "\0",
        "\0{\"a\":1}\n",
        "x\0\0y",
    ];
    let foreign = foreign.into_iter().map(|(bytes, format)| (bytes, Beginning::Foreign(format)));
    foreign.chain(records.map(|records| (text(records), Beginning::Records))).collect()
}

#[test]
fn formats_are_told_by_their_first_bytes_however_few_are_there() {
    for (bytes, expected) in texts() {
        let shown = String::from_utf8_lossy(&bytes);
        assert_eq!(Beginning::of(&bytes, true), expected, "{shown:?}");
        for end in 0..bytes.len() {
            let found = Beginning::of(&bytes[..end], false);
            assert!(found == Beginning::Undecided || found == expected, "{shown:?} up to {end}: {found:?}");
        }
    }
}

#[test]
fn a_long_line_does_not_keep_a_text_undecided() {
    let line = "oops ".repeat(20_000);
    assert_eq!(Beginning::of(line.as_bytes(), false), Beginning::Records);
    assert_eq!(Beginning::of(&vec![b' '; HEAD], false), Beginning::Records);
}

#[test]
fn every_format_says_what_to_do() {
    for (bytes, expected) in texts() {
        let Beginning::Foreign(format) = expected else { continue };
        let text = format.to_string();
        assert!(text.starts_with("it") && text.contains(": ") && !text.ends_with('.'), "{bytes:?}: {text}");
    }
    assert_eq!(F::Xz.to_string(), "it is compressed with xz: decompress it with `xz -dc`");
}

proptest! {
    #[test]
    fn more_bytes_never_change_a_decision(bytes in prop::collection::vec(any::<u8>(), 0..40), text in "[ -~\\n]{0,40}") {
        for bytes in [bytes, text.into_bytes()] {
            let whole = Beginning::of(&bytes, true);
            for end in 0..bytes.len() {
                let found = Beginning::of(&bytes[..end], false);
                prop_assert!(found == Beginning::Undecided || found == whole, "{bytes:?} up to {end}: {found:?}");
            }
        }
    }
}
