//! What the program printed when a person last reviewed it: files below `tests/golden`, written anew with `JURAT_BLESS=1`.

use std::env;
use std::fs;

use jurat_tests::guest;
pub(crate) use jurat_tests::results::{without_evidence, without_times};

/// Compares a text with the file of that name.
#[track_caller]
pub(crate) fn check(name: &str, found: &str) {
    let path = guest::package().join("golden/cli").join(name);
    if env::var_os("JURAT_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected != found {
        let line = expected.lines().zip(found.lines()).take_while(|(expected, found)| expected == found).count();
        let path = path.display();
        panic!("{path}:{}: it differs; look at it, then run the test with `JURAT_BLESS=1`. Found:\n{found}", line + 1);
    }
}
