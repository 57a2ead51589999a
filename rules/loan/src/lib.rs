//! Sample rules for loans.
