//! Tests that cannot try what they are about, because this machine lacks something.

use std::io::Write as _;
use std::thread;

/// Set to anything, it makes every skipped test a failed one: where tests must not be skipped, as in CI.
pub const REQUIRE: &str = "JURAT_REQUIRE";

/// Says what the calling test did not try, and why. `cargo xtask test` repeats it at its end.
///
/// # Panics
/// When [`REQUIRE`] is set.
pub fn not_tried(what: &str) {
    let thread = thread::current();
    let test = thread.name().unwrap_or("a test");
    assert!(std::env::var_os(REQUIRE).is_none(), "{REQUIRE} is set, and {test} cannot be tried: {what}");
    // Not with `print!`, which the runner keeps to itself while a test passes.
    std::io::stdout().write_all(format!("\nSKIPPED, NOT TRIED: {test}: {what}\n").as_bytes()).unwrap();
}
