//! End-to-end tests of Jurat.
