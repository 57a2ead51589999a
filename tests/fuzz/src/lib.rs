//! What must hold for any bytes, wherever foreign ones come in.
//!
//! Each module is one target: its `check` gives bytes to it and panics if the answer is not one that may come. Two things call it:
//! the tests beside it, on any compiler, with all that lies in `corpus` and a fixed number of mutations of that; and libFuzzer, for
//! as long as it is left running (`fuzz/` at the root of the repository).
//!
//! Nothing here needs the sandbox, so that it is built in seconds.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "to panic is how a check says that something does not hold"
)]

pub mod batch;
pub mod envelope;
pub mod field_map;
pub mod guest_reply;
pub mod json;
pub mod key_file;
pub mod manifest;
pub mod payload;
pub mod records;
pub mod schema;
pub mod value_end;

/// What became of the bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// They mean something.
    Read,
    /// They were refused.
    Refused,
}

/// An interface that takes foreign bytes.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its part of the corpus and of its libFuzzer target.
    pub name: &'static str,
    /// Gives it bytes.
    ///
    /// # Panics
    /// When something does not hold that must.
    pub check: fn(&[u8]) -> Answer,
}

/// All of them.
pub const TARGETS: [Target; 11] = [
    Target { name: "batch", check: batch::check },
    Target { name: "envelope", check: envelope::check },
    Target { name: "field_map", check: field_map::check },
    Target { name: "guest_reply", check: guest_reply::check },
    Target { name: "json", check: json::check },
    Target { name: "key_file", check: key_file::check },
    Target { name: "manifest", check: manifest::check },
    Target { name: "payload", check: payload::check },
    Target { name: "records", check: records::check },
    Target { name: "schema", check: schema::check },
    Target { name: "value_end", check: value_end::check },
];

impl Answer {
    fn of<T, E>(result: &Result<T, E>) -> Self {
        if result.is_ok() { Self::Read } else { Self::Refused }
    }

    fn or(self, other: Self) -> Self {
        if self == Self::Read { self } else { other }
    }
}
