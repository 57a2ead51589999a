//! A server by which other programs use a service: JSON-RPC 2.0 over stdio, TCP and Unix sockets.
//!
//! ```no_run
//! use jurat::settings::Overrides;
//! use jurat::{Service, Settings};
//! use jurat_server::rpc::JsonRpc;
//! use jurat_server::{Listener, Remote, Server};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::read(std::path::Path::new("local-config.yaml"), &Overrides::none())?;
//! let listener = Listener::tcp("127.0.0.1", 0, &settings.server, Remote::Refused).await?;
//! println!("listening on {}", listener.address());
//! let server_settings = settings.server.clone();
//! let service = Service::open(settings)?;
//! let server = Server::new(server_settings, service.observers().clone());
//! server.stop_on_signals()?;
//! JsonRpc::new(&server, service.asynchronous()).listen(listener).await;
//! # Ok(())
//! # }
//! ```
//!
//! `docs/json-rpc.md` describes what clients send and what the server answers.
//!
//! Read in this order, each module uses only those before it:
//!
//! 1. `error`, `budget`, `stop`, `correlation`, `log`, `observation` and `authentication` are what all others are made of;
//! 2. `listener`, with `tls` and `unix`: where connections come from;
//! 3. `admission`: how many there may be; `connection`: one of them;
//! 4. `output`, `call` and `handler`: what clients ask for, whatever protocol they speak, and the answer while it is made; `service`
//!    makes calls on the service, with `batch` for many records and `envelopes` for one kind of results;
//! 5. `state`, `protocol` and `server`: the accept loop, which knows protocols only as a trait;
//! 6. [`rpc`]: the protocol JSON-RPC. Another protocol would be beside it.
#![forbid(unsafe_code)]

mod admission;
mod authentication;
mod batch;
mod budget;
mod buffer;
mod call;
mod connection;
mod correlation;
mod envelopes;
mod error;
mod handler;
mod listener;
mod log;
mod observation;
mod output;
mod protocol;
pub mod rpc;
mod server;
mod service;
mod state;
mod stop;
mod tls;
mod unix;

pub use error::ErrorKind;
pub use listener::{ListenError, Listener, Remote};
pub use server::{Ended, Server, run};
pub use stop::Stop;
pub use tls::TlsError;
pub use unix::UnixError;
