//! What a stock toolchain makes of plain Rust that prints, hashes, and reads its environment: built for `wasm32-wasip2`, it imports WASI.
//!
//! `n` says what to do: 0 nothing, 1 read the environment, 2 sleep, 3 exit as if all were well, 4 print without end, 5 print a lot,
//! 6 wait for input, 7 open and keep handles without end, 8 print and go on.

use std::collections::HashMap;
use std::fs;
use std::io::{Read, Write};
use std::time::{Duration, Instant, SystemTime};

use hostile_guests::{Batch, Status, Verdicts, finding, guest, judge};

#[expect(clippy::disallowed_methods, reason = "to see that there is nothing to be seen")]
fn look_around() -> String {
    let words: HashMap<_, _> = ["every", "process", "orders", "these", "differently"].map(|word| (word, 1)).into();
    let order: Vec<_> = words.keys().copied().collect();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |now| now.as_micros());
    let waited = {
        let begun = Instant::now();
        (0..1_000).for_each(|turn| _ = std::hint::black_box(turn));
        begun.elapsed().as_nanos()
    };
    let mut input = String::new();
    let read = std::io::stdin().read_to_string(&mut input).map_or(0, |read| read);
    let files = fs::read_dir("/").map_or(0, Iterator::count) + usize::from(fs::read("/etc/passwd").is_ok());
    let written = fs::write("/tmp/written-by-a-rule", "x").is_ok();
    let variables = std::env::vars_os().count();
    let arguments = std::env::args_os().count();
    let directory = std::env::current_dir().is_ok();
    format!(
        "now {now}, waited {waited}, input {read}, files {files}, written {written}, variables {variables}, arguments \
         {arguments}, directory {directory}, order {}",
        order.join(" ")
    )
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "printing is the point")]
fn print() {
    println!("a line \u{1b}[31m");
    eprintln!("a complaint");
}

fn evaluate(batch: &Batch) -> Result<Verdicts, String> {
    Ok(judge(batch, |row, n| {
        match n {
            0 => return None,
            1 => return Some((Status::Fail, vec![finding(row, look_around())])),
            2 => std::thread::sleep(Duration::from_secs(3_600)),
            3 => std::process::exit(0),
            4 => loop {
                print();
            },
            5 => _ = std::io::stdout().write_all(&vec![b'x'; 1 << 20]),
            6 => _ = std::io::stdin().read(&mut [0]),
            7 => loop {
                std::mem::forget(std::io::stdout().lock());
                _ = std::env::vars_os().count();
            },
            _ => print(),
        }
        None
    }))
}

guest!(evaluate);
