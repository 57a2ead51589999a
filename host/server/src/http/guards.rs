//! What a request must pass before it is answered, one guard in each file. Each may answer in its place.

pub(super) mod admission;
pub(super) mod authentication;
pub(super) mod deadline;
pub(super) mod headers;
pub(super) mod host;
pub(super) mod origin;
pub(super) mod panic;
