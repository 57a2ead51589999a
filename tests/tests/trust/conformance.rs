//! The scenarios of `tuf-conformance`, the suite that clients of TUF are tried with.
//!
//! The suite itself is not in a package index, and serves an envelope that we do not read. So its scenarios are written again for
//! ours; `tests/tuf/conformance.md` says which scenario became which case, and which became none.

mod basic;
mod delegations;
mod downloads;
mod expiry;
mod rollback;
mod rotations;
mod signatures;
