//! The service: rules that are ready, and the calls that use them.
//!
//! In the order in which they depend on each other:
//!
//! | Part | What it has |
//! |---|---|
//! | [`types`] | types of the engine in the signatures of calls |
//! | [`clock`], [`in_flight`], [`runtimes`], [`schema`] | what the others are made of |
//! | [`releases`] | the releases of one tenant: polled, prepared, decided on, switched |
//! | [`related`] | the coordination service of one tenant |
//! | [`tenant`], [`status`], [`health`], [`shared`] | a tenant, the status, what checks make of it, and the state that all handles share |
//! | [`handle`], [`windows`], [`running`], [`judging`], [`calls`], [`operate`] | the handle, a call under way, the calls that judge, and what operators do |
//! | [`asynchronous`], [`gauges`] | the same calls as futures; gauges |
//! | [`refresh`] | background polls |
//! | [`builder`] | how a service is opened |

mod asynchronous;
mod builder;
mod calls;
mod clock;
mod first_polls;
mod gauges;
mod handle;
mod health;
mod in_flight;
mod judging;
mod operate;
mod refresh;
#[cfg(feature = "remote")]
mod related;
#[cfg(not(feature = "remote"))]
mod related_absent;
mod releases;
mod running;
mod runtimes;
mod schema;
mod shared;
mod status;
mod tenant;
pub(crate) mod types;
mod windows;

pub use asynchronous::AsyncService;
pub use builder::ServiceBuilder;
pub use clock::Clock;
pub use gauges::{Gauges, TenantGauges};
pub use handle::Service;
pub use health::{HealthCheck, HealthReport, HealthVerdict};
#[cfg(not(feature = "remote"))]
use related_absent as related;
pub use status::{FailureStatus, Health, PinStatus, Status, TenantStatus, TrustStatus};

#[cfg(test)]
mod tests;
