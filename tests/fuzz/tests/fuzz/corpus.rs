//! What lies in the corpus: `ok-` must be read, `no-` must be refused, and of `found-` nothing is said but that it does no harm.
//!
//! So an entry that a change of formats has made worthless is noticed: from then on all mutations of it would be turned away at once.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jurat_fuzz::{Answer, TARGETS};

use crate::entries;

#[test]
fn every_entry_gets_the_answer_that_its_name_says() {
    let mut wrong = Vec::new();
    for target in TARGETS {
        for (name, bytes) in entries(&target) {
            let answer = (target.check)(&bytes);
            let expected = match name.split_once('-') {
                Some(("ok", _)) => Answer::Read,
                Some(("no", _)) => Answer::Refused,
                Some(("found", _)) => answer,
                _ => panic!("{}/{name} does not say what is expected of it", target.name),
            };
            if answer != expected {
                wrong.push(format!("{}/{name} is {answer:?}", target.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_target_has_entries_of_both_kinds_and_a_file_for_libfuzzer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |directory: &str| -> BTreeSet<String> {
        let files = fs::read_dir(root.join(directory)).unwrap();
        let name = |path: &Path| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files.map(|file| name(&file.unwrap().path())).collect()
    };
    let targets: BTreeSet<_> = TARGETS.iter().map(|target| target.name.to_owned()).collect();
    assert_eq!(names("corpus"), targets);
    assert_eq!(names("../../fuzz/fuzz_targets"), targets);
    for target in TARGETS {
        let entries = entries(&target);
        for kind in ["ok-", "no-"] {
            assert!(entries.iter().any(|(name, _)| name.starts_with(kind)), "{} has no entry `{kind}`", target.name);
        }
    }
}
