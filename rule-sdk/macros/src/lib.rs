//! The macros of jurat-rule.
