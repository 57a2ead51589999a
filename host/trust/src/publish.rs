//! The publisher's side: releases from their files, metadata for people to sign, and what to upload in which order.
//!
//! A publisher keeps a copy of the repository, with one more directory that hosts never read:
//!
//! ```text
//! metadata/  targets/  blobs/    what hosts see
//! staged/<N>.<role>.json         what waits for signatures
//! ```
//!
//! [`Repository::read`] reads both. Its methods stage changes, as successors of what is published; people sign them, on as many
//! machines as there are people; [`Repository::plan`] makes snapshot and timestamp and says what to upload. Nothing in here writes
//! a file: whatever is to be written is handed out as bytes.
//!
//! | Who | Does what | With |
//! |---|---|---|
//! | anyone | stages | [`Repository::init`], [`Repository::add_tenant`], [`Repository::list_release`], ... |
//! | those who hold keys | read and sign | [`Repository::amendments`], [`Changes`], [`Repository::sign`], [`Repository::merge`] |
//! | the service with the online keys | publishes | [`Repository::plan`], [`Repository::refresh`] |

mod changes;
mod demand;
mod edit;
mod error;
mod history;
mod plan;
mod published;
mod release;
mod repository;
mod review;
mod signing;
mod terms;
mod upload;

pub use changes::{Change, Changes};
pub use demand::{Missing, Shortfall};
pub use edit::Clock;
pub use error::{EditError, PlanError, ReadError, SigningError};
pub use history::{History, PastVersion};
pub use plan::{Handover, Plan, Summary};
pub use release::{BuildError, BuiltRelease, DraftFile, ReleaseDraft};
pub use repository::{Repository, RoleStatus, StagedFile};
pub use review::Amendment;
pub use terms::{Lifetimes, Mode, RuleError};
pub use upload::{Stability, Upload};
