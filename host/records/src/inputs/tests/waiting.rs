use std::fs::File;
use std::io::{Seek, SeekFrom, Write, pipe};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::stdio::dup2_stdin;

use super::*;

#[test]
fn a_pipe_is_read_as_it_comes_and_waits_for_its_writer() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p");
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    // Opening does not wait; reading does.
    let mut text = Inputs::find(&[&path]).unwrap().open(0).unwrap().unwrap();
    let (said, heard) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut writer = File::create(&path).unwrap();
            writer.write_all(b"{}").unwrap();
            // The rest comes after the beginning was read.
            heard.recv().unwrap();
            writer.write_all(b"[]").unwrap();
        });
        let mut piece = [0; 9];
        assert_eq!(text.read(&mut piece).unwrap(), 2);
        said.send(()).unwrap();
        let mut rest = String::new();
        text.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "[]");
    });
}

#[test]
fn compressed_records_come_through_a_pipe_byte_by_byte() {
    let (reader, mut writer) = pipe().unwrap();
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let (plain, gzip) = (b"[1, 2, 3]", super::compressed::gzip(b"[1, 2, 3]"));
    thread::scope(|scope| {
        scope.spawn(move || gzip.iter().for_each(|byte| writer.write_all(&[*byte]).unwrap()));
        let inputs = Inputs::find(&[path]).unwrap();
        assert_eq!(inputs.total_bytes(), None);
        assert_eq!(read(&inputs).unwrap(), plain);
    });
}

#[test]
fn a_read_with_patience_says_that_nothing_has_come_and_goes_on() {
    const PATIENCE: Duration = Duration::from_millis(1);
    // Before the beginning of a text, within what may be a magic number, and behind both.
    for (pieces, expected) in [(vec![&b"{"[..], b"}"], &b"{}"[..]), (vec![b"(", b"\xb5", b"x", b"y"], b"(\xb5xy")] {
        let (reader, mut writer) = pipe().unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let mut text = Inputs::find(&[path]).unwrap().with_patience(PATIENCE).open(0).unwrap().unwrap();
        let (mut found, mut waits) = (Vec::new(), 0);
        let mut piece = [0; 9];
        for next in pieces.iter().map(Some).chain([None]) {
            let error = loop {
                match text.read(&mut piece) {
                    Ok(read) => found.extend_from_slice(&piece[..read]),
                    Err(error) => break error,
                }
            };
            assert!(matches!(reason(&error), InputReason::NotYet) && error.kind() == io::ErrorKind::WouldBlock);
            waits += 1;
            match next {
                Some(next) => writer.write_all(next).unwrap(),
                None => break,
            }
        }
        drop(writer);
        text.read_to_end(&mut found).unwrap();
        assert_eq!((found.as_slice(), waits), (expected, pieces.len() + 1));
    }
}

#[test]
fn a_decoder_waits_as_long_as_it_takes() {
    let (reader, mut writer) = pipe().unwrap();
    let path = format!("/dev/fd/{}", reader.as_raw_fd());
    let (head, rest) =
        (super::compressed::gzip(b"[1, 2]")[..5].to_vec(), super::compressed::gzip(b"[1, 2]")[5..].to_vec());
    writer.write_all(&head).unwrap();
    let inputs = Inputs::find(&[path]).unwrap().with_patience(Duration::from_millis(1));
    let mut text = inputs.open(0).unwrap().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(move || text.read(&mut [0; 9]).map_err(|error| error.kind()));
        writer.write_all(&rest).unwrap();
        drop(writer);
        assert_eq!(waiting.join().unwrap(), Ok(6));
    });
}

#[test]
fn an_interrupt_ends_a_read_that_waits() {
    // With nothing in the pipe, with the beginning of a text, and with the beginning of something compressed.
    for beginning in [&b""[..], b"{", b"(\xb5", &super::compressed::gzip(b"[]")[..12]] {
        let (reader, mut writer) = pipe().unwrap();
        writer.write_all(beginning).unwrap();
        let interrupt = Interrupt::new().unwrap();
        let path = format!("/dev/fd/{}", reader.as_raw_fd());
        let inputs = Inputs::find(&[path]).unwrap().with_interrupt(interrupt.clone());
        let mut text = inputs.open(0).unwrap().unwrap();
        let error = thread::scope(|scope| {
            let waiting = scope.spawn(move || (text.read_to_end(&mut Vec::new()).unwrap_err(), text));
            interrupt.set();
            waiting.join().unwrap()
        });
        let (error, mut text) = error;
        assert!(InputError::of(&error).unwrap().is_interrupt(), "{error}");
        // Readers ask again after errors of that kind.
        assert_ne!(error.kind(), io::ErrorKind::Interrupted);
        assert!(InputError::of(&text.read(&mut [0]).unwrap_err()).unwrap().is_interrupt());
        drop(writer);
    }
}

#[test]
fn an_interrupt_ends_a_wait_for_a_writer_to_open_the_pipe() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("p");
    mknodat(CWD, &path, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let interrupt = Interrupt::new().unwrap();
    let inputs = Inputs::find(&[path]).unwrap().with_interrupt(interrupt.clone());
    thread::scope(|scope| {
        let waiting = scope.spawn(|| read(&inputs).unwrap_err());
        interrupt.set();
        assert!(matches!(reason(&waiting.join().unwrap()), InputReason::Interrupted));
    });
}

#[test]
fn an_interrupt_ends_the_reading_of_files() {
    let root = tempfile::tempdir().unwrap();
    let interrupt = Interrupt::new().unwrap();
    for (name, bytes) in [("a", b"[1, 2]".to_vec()), ("b", super::compressed::gzip(&[b' '; 100_000]))] {
        let path = root.path().join(name);
        fs::write(&path, bytes).unwrap();
        let inputs = Inputs::find(&[path]).unwrap().with_interrupt(interrupt.clone());
        let mut text = inputs.open(0).unwrap().unwrap();
        if name == "a" {
            assert_eq!(text.read(&mut [0]).unwrap(), 1);
            interrupt.set();
            interrupt.set();
            assert!(interrupt.is_set());
        }
        assert!(matches!(reason(&text.read(&mut [0]).unwrap_err()), InputReason::Interrupted));
    }
}

/// Standard input is the process's, so one test has all of it.
#[test]
fn standard_input_is_read_whatever_it_is() {
    let before = io::stdin().as_fd().try_clone_to_owned().unwrap();

    let (reader, mut writer) = pipe().unwrap();
    dup2_stdin(&reader).unwrap();
    drop(reader);
    let interrupt = Interrupt::new().unwrap();
    let inputs = Inputs::find(&["-"]).unwrap().with_interrupt(interrupt.clone());
    assert_eq!(inputs.total_bytes(), None);
    writer.write_all(b"[1]").unwrap();
    drop(writer);
    assert_eq!(read(&inputs).unwrap(), b"[1]");
    assert_eq!(inputs.progress().bytes(), 3);

    let (reader, writer) = pipe().unwrap();
    dup2_stdin(&reader).unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| read(&inputs).unwrap_err());
        interrupt.set();
        assert!(matches!(reason(&waiting.join().unwrap()), InputReason::Interrupted));
    });
    drop(writer);

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"[1][2]").unwrap();
    file.seek(SeekFrom::Start(3)).unwrap();
    dup2_stdin(&file).unwrap();
    let inputs = Inputs::find(&["-"]).unwrap();
    assert_eq!(inputs.total_bytes(), Some(3));
    assert_eq!(read(&inputs).unwrap(), b"[2]");

    dup2_stdin(&before).unwrap();
}
