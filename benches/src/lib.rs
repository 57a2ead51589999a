//! Jurat against native code.
