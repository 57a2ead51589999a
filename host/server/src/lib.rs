//! Jurat for other programs: JSON-RPC 2.0 over stdio, TCP and Unix sockets.
//!
//! ```no_run
//! use jurat::settings::Overrides;
//! use jurat::{Service, Settings};
//! use jurat_server::rpc::{Listener, Remote, Server};
//!
//! # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = Settings::read(std::path::Path::new("local-config.yaml"), &Overrides::none())?;
//! let rpc = settings.server.clone();
//! let listener = Listener::tcp("127.0.0.1", 0, &rpc, Remote::Refused).await?;
//! println!("listening on {}", listener.address());
//! let service = Service::open(settings)?;
//! let server = Server::new(service.asynchronous(), rpc);
//! server.stop().on_signals()?;
//! server.listen(listener).await;
//! # Ok(())
//! # }
//! ```
//!
//! What is sent and answered is described in `docs/json-rpc.md`.
#![forbid(unsafe_code)]

pub mod rpc;
