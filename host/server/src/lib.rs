//! A server by which other programs use a service: JSON-RPC 2.0 over stdio, TCP and Unix sockets, and HTTP.
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
//! let service = Service::open(settings.clone())?;
//! let server = Server::new(&settings, None, service.observers().clone());
//! server.stop_on_signals(std::time::Duration::ZERO)?;
//! JsonRpc::new(&server, service.asynchronous()).listen(listener).await;
//! # Ok(())
//! # }
//! ```
//!
//! `docs/json-rpc.md` and `docs/http.md` describe what clients send and what the server answers.
//!
//! Read in this order, each module uses only those before it:
//!
//! 1. `error`, `budget`, `buffer`, `stop`, `correlation`, `log`, `observation`, `caught` and `authentication` are what all others are made of;
//! 2. `listener`, with `tls` and `unix`: where connections come from;
//! 3. `admission`: how many there may be; `connection`: one of them, and `client`: what its requests may take;
//! 4. `parameters` and `methods`: what clients ask for, whatever protocol they speak, as a `call`; `selection`: what they want to see;
//! 5. `output` and `handler`: the answer while it is made; `service` makes calls on the service, with `batch` for many records, `arrival`
//!    for those that arrive while they are judged, and `envelopes` for one kind of results;
//! 6. `state`, `protocol` and `server`: the accept loop, which knows protocols only as a trait;
//! 7. the protocols: [`rpc`] and [`http`].
#![forbid(unsafe_code)]

mod access;
mod admission;
mod arrival;
mod authentication;
mod batch;
mod budget;
mod buffer;
mod call;
mod caught;
mod client;
mod connection;
mod correlation;
mod envelopes;
mod error;
mod handler;
pub mod http;
mod limits;
mod listener;
mod log;
mod methods;
mod observation;
mod output;
mod parameters;
mod protocol;
mod quotas;
pub mod rpc;
mod selection;
mod server;
mod service;
mod state;
mod stop;
mod tls;
mod unix;

pub use error::ErrorKind;
pub use listener::{ListenError, Listener, Remote};
pub use server::{Ended, Server, Serving, all, run};
pub use stop::Stop;
pub use tls::TlsError;
pub use unix::UnixError;
