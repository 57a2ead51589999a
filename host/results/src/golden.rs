//! Files that tests compare what is printed with.

/// Compares a text with the file `host/results/src/NAME`. With `JURAT_BLESS=1` in the environment it writes the file instead.
#[track_caller]
pub(crate) fn compare(printed: &str, name: &str) {
    let path = format!("{}/src/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("JURAT_BLESS").is_some() {
        std::fs::write(&path, printed).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(printed, golden, "{path} differs; look at it, then run again with JURAT_BLESS=1");
}
