use std::io::Write;

use flate2::{Compression as Level, GzBuilder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};

use super::*;

/// The content of the file beside this one, which `zstd -19 --check` has made.
const LOANS: &[u8] = include_bytes!("loans.ndjson.zst");

fn loans() -> Vec<u8> {
    let country = |number: usize| ["DE", "FR", "US"][number % 3];
    let loan = |number| {
        let (amount, country) = (number * 1237 % 1000, country(number));
        format!("{{\"id\": \"LOAN-{number}\", \"amount\": {amount}, \"borrower\": {{\"country\": \"{country}\"}}}}\n")
    };
    (0..20).map(loan).collect::<String>().into_bytes()
}

pub(super) fn gzip(plain: &[u8]) -> Vec<u8> {
    // With a name and a comment, which are passed over.
    let header = GzBuilder::new().filename("loans").comment("of May").extra("x");
    let mut encoder = header.write(Vec::new(), Level::default());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn zstd(plain: &[u8]) -> Vec<u8> {
    compress_to_vec(plain, CompressionLevel::Fastest)
}

/// A frame without data.
fn skippable(nibble: u8, data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&[0x50 | nibble, 0x2a, 0x4d, 0x18], &length[..], data].concat()
}

/// Records of more than a block and more than a buffer, which do not compress well.
fn long() -> Vec<u8> {
    let mut state = 1_u64;
    let digits = (0..40_000).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("{:016x}\n", state.rotate_left(21))
    });
    digits.collect::<String>().into_bytes()
}

/// Reads bytes as a file with a neutral name.
fn decoder() -> impl Fn(&[u8]) -> Result<Vec<u8>, InputReason> {
    let root = tempfile::tempdir().unwrap();
    move |bytes| {
        read_file(&root.path().join("x"), bytes).map_err(|error| {
            assert!(InputError::of(&error).unwrap().name().ends_with("/x"));
            reason(&error)
        })
    }
}

#[test]
fn both_compressions_are_read_as_plain_text_whatever_the_name() {
    let decode = decoder();
    let root = tempfile::tempdir().unwrap();
    for name in ["loans.ndjson", "loans.ndjson.gz", "loans.ndjson.zst"] {
        for bytes in [loans(), gzip(&loans()), LOANS.to_vec(), zstd(&loans())] {
            assert_eq!(read_file(&root.path().join(name), &bytes).unwrap(), loans(), "{name}");
        }
    }
    for bytes in [gzip(&long()), zstd(&long())] {
        assert!(bytes.len() > 128 << 10 && decode(&bytes).unwrap() == long());
    }
    assert_eq!(decode(&gzip(b"")).unwrap(), b"");
    assert_eq!(decode(&zstd(b"")).unwrap(), b"");
}

#[test]
fn members_and_frames_one_behind_the_other_are_one_text() {
    let decode = decoder();
    let twice = [loans(), loans()].concat();
    assert_eq!(decode(&[gzip(&loans()), gzip(b""), gzip(&loans())].concat()).unwrap(), twice);
    assert_eq!(decode(&[LOANS, &zstd(b""), &zstd(&loans())].concat()).unwrap(), twice);
    let skipped = skippable(0, b"not shown");
    assert_eq!(decode(&[&skipped, LOANS, &skippable(15, &[0; 300_000]), LOANS, &skipped].concat()).unwrap(), twice);
    assert_eq!(decode(&skippable(11, b"")).unwrap(), b"");
    // A member ends, and the buffer with it.
    let mut many = Vec::new();
    while many.len() < 300_000 {
        many.extend(gzip(b"{}\n"));
    }
    let count = many.len() / gzip(b"{}\n").len();
    assert_eq!(decode(&many).unwrap(), b"{}\n".repeat(count));
}

#[test]
fn compressed_data_cut_anywhere_are_an_error() {
    let decode = decoder();
    // Where many reads come before the end.
    assert!(matches!(decode(&gzip(&long())[..150_000]), Err(InputReason::Cut(Compression::Gzip))));
    assert!(matches!(decode(&zstd(&long())[..150_000]), Err(InputReason::Cut(Compression::Zstandard))));
    let gzip = gzip(&loans());
    for end in 1..gzip.len() {
        assert!(matches!(decode(&gzip[..end]), Err(InputReason::Cut(Compression::Gzip))), "{end}");
    }
    let twice = [&gzip[..], &gzip].concat();
    for end in gzip.len() + 1..twice.len() {
        assert!(matches!(decode(&twice[..end]), Err(InputReason::Cut(Compression::Gzip))), "{end}");
    }
    // The first byte alone is an opening bracket, which no record begins with.
    assert_eq!(decode(&LOANS[..1]).unwrap(), b"(");
    let all = [LOANS, LOANS, &skippable(3, b"123")].concat();
    let whole = [LOANS.len(), 2 * LOANS.len(), all.len()];
    for end in (2..all.len()).filter(|end| !whole.contains(end)) {
        assert!(matches!(decode(&all[..end]), Err(InputReason::Cut(Compression::Zstandard))), "{end}");
    }
}

#[test]
fn something_else_behind_compressed_data_is_told() {
    let decode = decoder();
    for rest in [&b"x"[..], b"\0\0\0x", &[&[0; 200_000][..], &gzip(b"{}")].concat(), b"{}\n{}\n", LOANS, b"\x1f\x8c"] {
        let read = decode(&[&gzip(&loans()), rest].concat());
        assert!(matches!(read, Err(InputReason::Trailing(Compression::Gzip))), "{rest:?}: {read:?}");
    }
    for rest in [&b"x"[..], b"\0\0\0\0", b"{}\n{}\n", &gzip(b""), b"[[[["] {
        let read = decode(&[LOANS, rest].concat());
        assert!(matches!(read, Err(InputReason::Trailing(Compression::Zstandard))), "{rest:?}: {read:?}");
    }
}

#[test]
fn zeros_behind_gzip_are_padding() {
    let decode = decoder();
    for zeros in [1, 2, 511, 200_000] {
        let padded = [gzip(&loans()), gzip(b"{}"), vec![0; zeros]].concat();
        assert_eq!(decode(&padded).unwrap(), [loans(), b"{}".to_vec()].concat(), "{zeros}");
    }
}

#[test]
fn what_was_read_before_the_damage_is_whole() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("x");
    for (bytes, compression) in [
        ([gzip(&loans()), b"x".to_vec()].concat(), Compression::Gzip),
        ([LOANS, b"x"].concat(), Compression::Zstandard),
    ] {
        fs::write(&path, bytes).unwrap();
        let mut text = Inputs::find(&[&path]).unwrap().open(0).unwrap().unwrap();
        let mut all = Vec::new();
        let first = text.read_to_end(&mut all).unwrap_err();
        assert_eq!(all, loans());
        // It does not end by being asked again.
        for error in [first, text.read(&mut [0; 9]).unwrap_err()] {
            assert!(matches!(reason(&error), InputReason::Trailing(by) if by == compression), "{error}");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
    }
}

#[test]
fn no_damaged_byte_changes_a_record_in_silence() {
    let decode = decoder();
    for whole in [gzip(&loans()), LOANS.to_vec()] {
        for index in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[index] ^= 1 << bit;
                // The first bytes may make it something else, which is then read as plain text.
                match decode(&bytes) {
                    Ok(read) => assert!(read == loans() || read == bytes, "bit {bit} of byte {index}"),
                    Err(reason) => assert!(
                        matches!(
                            reason,
                            InputReason::Cut(_)
                                | InputReason::Damaged(_)
                                | InputReason::Trailing(_)
                                | InputReason::Window { .. }
                                | InputReason::Dictionary
                        ),
                        "{reason}"
                    ),
                }
            }
        }
    }
    let mut sum = gzip(&loans());
    let index = sum.len() - 6;
    sum[index] ^= 1;
    assert!(matches!(decode(&sum), Err(InputReason::Damaged(Compression::Gzip))));
    let mut sum = LOANS.to_vec();
    *sum.last_mut().unwrap() ^= 1;
    assert!(matches!(decode(&sum), Err(InputReason::Damaged(Compression::Zstandard))));
}

/// A frame of one block as it is, with a window of 1 KiB times a power of two.
fn frame(exponent: u8, mantissa: u8, data: &[u8]) -> Vec<u8> {
    let block = (u32::try_from(data.len()).unwrap() << 3 | 1).to_le_bytes();
    [&[0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3 | mantissa], &block[..3], data].concat()
}

#[test]
fn a_window_of_128_mib_is_read_and_a_wider_one_is_refused() {
    let decode = decoder();
    assert_eq!(decode(&frame(17, 0, b"[]")).unwrap(), b"[]");
    for (exponent, mantissa) in [(17, 1), (18, 0), (31, 7)] {
        let reason = decode(&frame(exponent, mantissa, b"[]")).unwrap_err();
        assert!(matches!(reason, InputReason::Window { .. }), "{reason}");
    }
    let reason = decode(&frame(18, 0, b"[]")).unwrap_err().to_string();
    assert!(reason.contains("a window of 256 MiB, and 128 MiB is the most; compress it with `--long=27`"), "{reason}");
    // A frame without a window says how long it is, and that is its window.
    let single =
        |length: u32| [&[0x28, 0xb5, 0x2f, 0xfd, 0xa0][..], &length.to_le_bytes(), &[17, 0, 0], b"[]"].concat();
    assert_eq!(decode(&single(2)).unwrap(), b"[]");
    assert!(matches!(decode(&single(3)), Err(InputReason::Damaged(_))));
    assert!(matches!(decode(&single((128 << 20) + 1)), Err(InputReason::Window { .. })));
}

#[test]
fn a_dictionary_is_told() {
    let decode = decoder();
    let bytes = [&[0x28, 0xb5, 0x2f, 0xfd, 1, 0, 7][..], &[17, 0, 0], b"[]"].concat();
    assert!(matches!(decode(&bytes), Err(InputReason::Dictionary)));
}
