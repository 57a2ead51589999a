//! The jurat command line.
