use std::os::unix::net::UnixListener;
use std::sync::Arc;

use super::*;

#[test]
fn texts_are_read_one_after_the_other_and_counted() {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in [("b.json", "[1]"), ("a.json", "[]"), ("c.json", "")] {
        fs::write(root.path().join(name), text).unwrap();
    }
    let inputs = Inputs::find(&[root.path()]).unwrap();
    let progress = inputs.progress();
    assert_eq!((inputs.count(), inputs.total_bytes(), progress.bytes(), progress.source()), (3, Some(5), 0, None));
    let mut seen = Vec::new();
    for (source, text) in inputs.texts().enumerate() {
        assert_eq!(progress.source(), Some(source));
        let mut whole = String::new();
        text.unwrap().read_to_string(&mut whole).unwrap();
        seen.push((inputs.name(source).rsplit('/').next().unwrap().to_owned(), whole, progress.bytes()));
    }
    let expected = [("a.json", "[]", 2), ("b.json", "[1]", 5), ("c.json", "", 5)];
    assert_eq!(seen, expected.map(|(name, text, bytes)| (name.to_owned(), text.to_owned(), bytes)));
    assert!(inputs.open(3).is_none() && inputs.name(3).is_empty());
}

#[test]
fn a_text_is_the_same_in_pieces_of_any_size() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    // Some begin like something compressed, and are not.
    for text in
        [&b"[{}]"[..], b"", b"[", b"{", b"[*M\x17", b"(\xb5/\xfc....", b"\x1f\x8c", b"(", b"[*", b"PK\x03\x04...."]
    {
        fs::write(&path, text).unwrap();
        for size in 1..6 {
            let mut reader = Inputs::find(&[&path]).unwrap().open(0).unwrap().unwrap();
            let (mut all, mut piece) = (Vec::new(), vec![0; size]);
            assert_eq!(reader.read(&mut []).unwrap(), 0);
            loop {
                match reader.read(&mut piece).unwrap() {
                    0 => break,
                    read => all.extend_from_slice(&piece[..read]),
                }
            }
            assert_eq!(reader.read(&mut piece).unwrap(), 0);
            assert_eq!(all, text);
        }
    }
}

#[test]
fn what_has_changed_since_it_was_found_is_told() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a.json");
    fs::write(&path, "[]").unwrap();
    let inputs = Inputs::find(&[&path, &path]).unwrap();
    fs::remove_file(&path).unwrap();
    let mut texts = inputs.texts();
    let Some(Err(error)) = texts.next() else { panic!("it is opened") };
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    assert_eq!(InputError::of(&error).unwrap().name(), path.to_str().unwrap());
    fs::create_dir(&path).unwrap();
    let Some(Err(error)) = texts.next() else { panic!("it is opened") };
    assert!(matches!(reason(&error), InputReason::Directory));
    assert!(texts.next().is_none());
}

#[test]
fn sockets_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("s");
    let _socket = UnixListener::bind(&path).unwrap();
    let error = read(&Inputs::find(&[path]).unwrap()).unwrap_err();
    assert!(matches!(reason(&error), InputReason::NotReadable));
}

#[test]
fn the_blame_is_in_the_type() {
    let blames = |reason: InputReason| {
        let error = io::Error::from(InputError::new("a.json", reason));
        let error = InputError::of(&error).unwrap();
        (error.blame() == jurat_model::Blame::Caller, error.is_interrupt())
    };
    let system = |error: rustix::io::Errno| InputReason::from(io::Error::from(error));
    assert_eq!(blames(system(rustix::io::Errno::IO)), (false, false));
    assert_eq!(blames(system(rustix::io::Errno::MFILE)), (false, false));
    assert_eq!(blames(system(rustix::io::Errno::ACCESS)), (true, false));
    assert_eq!(blames(system(rustix::io::Errno::NOENT)), (true, false));
    assert_eq!(blames(InputReason::Damaged(Compression::Gzip)), (true, false));
    assert_eq!(blames(InputReason::Interrupted), (false, true));
    assert!(InputError::of(&io::Error::other("something else")).is_none());
}

#[test]
fn the_cause_is_told_once() {
    let error = InputError::new("a.json", InputReason::Failed(Arc::new(io::Error::other("the disk is gone"))));
    assert_eq!(jurat_model::chain(&error), "`a.json` is not read: the system failed: the disk is gone");
    assert_eq!(
        jurat_model::chain(&io::Error::from(error)),
        "`a.json` is not read: the system failed: the disk is gone"
    );
}
