//! What bodies and results look like, for the OpenAPI description alone: the reader of parameters is `methods`, and the writers of results
//! are `selection` and the engine.

pub(super) mod bodies;
pub(super) mod results;
