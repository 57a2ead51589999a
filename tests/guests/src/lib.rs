//! Rules that misbehave, one attack to a file.
