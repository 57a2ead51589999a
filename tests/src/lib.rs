//! What the end-to-end tests of Jurat share.
//!
//! [`program`] runs the command line, in a directory that is a [`site`], with a repository in which [`forge`] can sign what no
//! publisher would sign. [`unsigned`] has rules without signatures. A [`server`] is the command line as a server, with a [`connection`]
//! for each client of JSON-RPC, and [`http`] or [`http2`] for each of the HTTP API; [`process`] says what it takes of the machine. [`publisher`] keeps a repository that a [`cdn`] serves, for hosts
//! of which some are [`mortal`]. They ask a [`coordination_service`]. [`tls`] has certificates. [`outside`] runs programs of others. [`proof`] says how much a long test tries. What tests of single crates need too is in `jurat-test-kit`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "support for tests: whatever fails here is a failed test"
)]

pub mod cdn;
pub mod connection;
pub mod coordination_service;
pub mod forge;
pub mod http;
pub mod http2;
pub mod mortal;
pub mod operator;
pub mod outside;
pub mod process;
pub mod program;
pub mod proof;
pub mod publisher;
pub mod results;
pub mod server;
pub mod site;
pub mod tls;
pub mod two_tenants;
pub mod unsigned;

pub use jurat_test_kit::{guest, load, random, rows, skip};
