//! The program `examples/sandbox_child.rs`, which cargo builds with the tests.

use std::path::PathBuf;

/// Where it is: beside the directory of the tests.
pub(crate) fn path() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let built = test.parent().and_then(|deps| deps.parent()).unwrap();
    let path = built.join(format!("examples/sandbox_child{}", std::env::consts::EXE_SUFFIX));
    assert!(
        path.is_file(),
        "{} is not there: `cargo test -p jurat-sandbox` builds it, and so does `--example sandbox_child`",
        path.display()
    );
    path
}
