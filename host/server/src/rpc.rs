//! JSON-RPC 2.0: one message a line.
//!
//! A [`Server`] serves one client over a pair of streams, or many that a [`Listener`] lets in. Of each client it reads lines as
//! long as there is room for their requests, works on many at a time, and writes answers as they are ready.
//!
//! # Limits
//! Memory is bounded by the settings, whatever clients send and however slowly they read: `max_message` bounds a line, `max_buffered` all
//! requests that are read or worked on - besides 64 KiB that each client has to itself -, `max_reply` an answer, and both
//! together all answers that are made or wait to be read. Who asks for more is told so at once; nobody waits for memory, so
//! that nothing can wait for itself.

mod auth;
mod budget;
mod call;
mod connection;
mod failure;
mod head;
mod lines;
mod listen;
mod lobby;
mod log;
mod message;
mod output;
mod params;
mod replies;
mod server;
mod serving;
mod stop;
mod tls;
mod unix;
mod work;

pub use listen::{ListenError, Listener, Remote};
pub use server::{Ended, Server, run};
pub use stop::Stop;
pub use tls::TlsError;
pub use unix::UnixError;

#[cfg(test)]
mod tests;
