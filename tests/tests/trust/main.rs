//! Our client of TUF repositories against another one.
//!
//! [`differential`] gives random repositories, most of them broken in some way, to python-tuf and to our client: both must agree, or
//! [`explained`] says why not. [`editor`] gives what our editor publishes to python-tuf. [`key_files`] exchanges key files with
//! pyca/cryptography. They need Python, and say so when it is not there.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: whatever fails here is a failed test"
)]

mod differential;
mod editor;
mod explained;
mod history;
mod key_files;
mod python;
mod visit;
