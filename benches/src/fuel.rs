//! Programs that do one thing over and over, to find the work that is dearer than its fuel.
//!
//! A program is a rule of the contract and runs in the sandbox, under its price list. It takes one record with the whole number `n`
//! and does its work `n` times.

mod control;
mod memory;
mod numbers;
mod program;

pub(crate) use program::{Program, Reach};

/// All programs.
pub(crate) fn programs() -> Vec<Program> {
    [numbers::programs(), control::programs(), memory::programs()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_that_rules_may_use_is_in_a_program() {
        // One ends the program, two only close what others open, and one is another way to write `select`.
        const NOT_TRIED: [&str; 4] = ["unreachable", "else", "end", "typed_select_multi"];
        let rules: Vec<String> = programs().iter().map(Program::rule).collect();
        let is_tried = |name: &str| rules.iter().any(|rule| rule.contains(name));
        let missing: Vec<String> = numbers::names()
            .map(|name| if name == "typed_select" { "select (result".to_owned() } else { name })
            .filter(|name| !NOT_TRIED.contains(&&**name) && !is_tried(name))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
