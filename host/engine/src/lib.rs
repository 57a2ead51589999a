//! Routing, field maps, columns, hierarchy and batches.
