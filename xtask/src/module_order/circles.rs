//! Files that import from each other, directly or through others.

use super::imports::Import;
use super::source::Crate;

/// A sentence for each group of files of which every one imports from every other.
pub(super) fn faults(krate: &Crate, imports: &[Import]) -> Vec<String> {
    let count = krate.files.len();
    let reached: Vec<_> = (0..count).map(|file| reached(file, count, imports)).collect();
    let reaches = |from: usize, to: usize| reached.get(from).and_then(|files| files.get(to)).is_some_and(|is| *is);
    let mut faults = Vec::new();
    for first in 0..count {
        let members: Vec<_> = (0..count).filter(|&other| reaches(first, other) && reaches(other, first)).collect();
        // Each group is told once, at its first file.
        if members.first() != Some(&first) {
            continue;
        }
        let inside = imports.iter().filter(|import| members.contains(&import.from) && members.contains(&import.to));
        let shown: Vec<_> =
            inside.map(|import| format!("    {} of {}", import.shown(krate), path(krate, import.to))).collect();
        faults.push(format!("{} files import from each other:\n{}", members.len(), shown.join("\n")));
    }
    faults
}

/// Which files can be reached from one over at least one import.
fn reached(from: usize, count: usize, imports: &[Import]) -> Vec<bool> {
    let mut reached = vec![false; count];
    let mut next = vec![from];
    while let Some(file) = next.pop() {
        for import in imports.iter().filter(|import| import.from == file) {
            if let Some(is_reached) = reached.get_mut(import.to)
                && !*is_reached
            {
                *is_reached = true;
                next.push(import.to);
            }
        }
    }
    reached
}

fn path(krate: &Crate, file: usize) -> String {
    krate.files.get(file).map(|file| file.path.display().to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::imports::imports;
    use super::*;

    #[test]
    fn a_circle_is_found_and_told_once() {
        let krate = Crate::of(&[
            ("lib.rs", "mod a; pub use a::A;"),
            ("a.rs", "pub struct A; use crate::b::B;"),
            ("b.rs", "pub struct B; use crate::c::C;"),
            ("c.rs", "pub struct C; use crate::A; use crate::d::D;"),
            ("d.rs", "pub struct D;"),
        ]);
        assert_eq!(
            faults(&krate, &imports(&krate)),
            [
                "3 files import from each other:\n    a.rs:1: imports `crate::b::B` of b.rs\n    b.rs:1: imports `crate::c::C` of c.rs\n    c.rs:1: imports `crate::A` of a.rs"
            ]
        );
    }
}
