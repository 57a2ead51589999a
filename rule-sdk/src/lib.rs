//! Write rules for Jurat: plain functions over the fields they read.
