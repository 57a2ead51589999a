//! What code costs its compiler beyond its length: blocks inside of blocks, and jump tables over them.

use wasmparser::{BinaryReaderError, FunctionBody, Operator};

/// What the code of one function costs.
#[derive(Default)]
pub(super) struct Code {
    /// The most blocks inside of each other.
    pub(super) blocks: u64,
    /// The targets of each jump table, times the blocks around it: compiling takes a microsecond for each.
    pub(super) jumps: u64,
}

impl Code {
    pub(super) fn of(body: &FunctionBody<'_>) -> Result<Self, BinaryReaderError> {
        let mut code = Self::default();
        let mut depth: u64 = 0;
        for operator in body.get_operators_reader()? {
            match operator? {
                Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } | Operator::TryTable { .. } => {
                    depth += 1;
                    code.blocks = code.blocks.max(depth);
                }
                // The last one ends the function.
                Operator::End => depth = depth.saturating_sub(1),
                Operator::BrTable { targets } => {
                    code.jumps = code.jumps.saturating_add(u64::from(targets.len()).saturating_mul(depth));
                }
                _ => {}
            }
        }
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use crate::shape::{ShapeError, cap, scan};

    /// What is too much in a component with one module.
    fn too_much(module: &str) -> Option<(&'static str, u64)> {
        match scan(&wat::parse_str(format!("(component (core module {module}))")).unwrap()) {
            Ok(_) => None,
            Err(ShapeError::TooMany { what, found, .. }) => Some((what, found)),
            Err(error) => panic!("{error}"),
        }
    }

    /// A function with jump tables inside of blocks.
    fn function(blocks: u64, tables: usize, targets: usize) -> String {
        let blocks = usize::try_from(blocks).unwrap();
        let table = format!("(br_table {} (i32.const 0))", "0 ".repeat(targets + 1));
        format!("(func {} {} {})", "loop ".repeat(blocks), table.repeat(tables), "end ".repeat(blocks))
    }

    #[test]
    fn blocks_nest_as_deep_as_the_cap() {
        assert_eq!(too_much(&function(cap::BLOCKS, 0, 0)), None);
        let found = too_much(&function(cap::BLOCKS + 1, 0, 0));
        assert_eq!(found, Some(("levels of blocks in one function", cap::BLOCKS + 1)));
    }

    #[test]
    fn jump_tables_count_with_the_blocks_around_them_over_all_functions() {
        // 1,000 blocks are those of a `match` with as many arms: there may be ten.
        let one = function(1_000, 1, 1_000);
        assert_eq!(too_much(&one.repeat(10)), None);
        let found = too_much(&one.repeat(11));
        assert_eq!(found, Some(("targets of jump tables times the blocks around them", 11_000_000)));
        assert_eq!(too_much(&function(1, 50, 1_000)), None, "without blocks they are cheap");
    }

    #[test]
    fn elements_are_counted_in_both_forms() {
        let functions = |count: u64| format!("(func $f) (elem func {})", "$f ".repeat(usize::try_from(count).unwrap()));
        let expressions = |count: u64| {
            format!("(func $f) (elem funcref {})", "(ref.func $f) ".repeat(usize::try_from(count).unwrap()))
        };
        for elements in [functions(cap::ELEMENTS), expressions(cap::ELEMENTS)] {
            assert_eq!(too_much(&elements), None);
        }
        for elements in [functions(cap::ELEMENTS + 1), expressions(cap::ELEMENTS + 1)] {
            assert_eq!(too_much(&elements), Some(("elements of tables", cap::ELEMENTS + 1)));
        }
    }
}
