//! A program, and the rule that it becomes.

use std::fmt::Write as _;

/// How much memory, code or table a program reaches for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// What fits the second-level cache of one core: 1 MiB.
    Cache,
    /// All that the default limits allow: 16 MiB.
    All,
}

/// One piece of work, repeated.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) reach: Reach,
    /// Pages of memory.
    pub(crate) pages: u32,
    /// Further fields of the module.
    pub(crate) fields: String,
    /// Declarations of the locals, and what is done once before the work.
    pub(crate) before: String,
    /// The work. It may use the locals `$i` and `$j` of 32 bits.
    pub(crate) work: String,
}

impl Program {
    /// Work that needs next to no memory.
    pub(crate) fn new(name: impl Into<String>, work: impl Into<String>) -> Self {
        let (name, work) = (name.into(), work.into());
        Self { name, reach: Reach::Cache, pages: 8, fields: String::new(), before: String::new(), work }
    }

    /// With further fields.
    pub(crate) fn with(self, fields: impl Into<String>) -> Self {
        Self { fields: fields.into(), ..self }
    }

    /// With locals, and what is done once before the work.
    pub(crate) fn before(self, before: impl Into<String>) -> Self {
        Self { before: before.into(), ..self }
    }

    /// The fields of a module that is a rule, but for what all such modules share.
    pub(crate) fn rule(&self) -> String {
        let Self { pages, fields, before, work, .. } = self;
        let mut rule = format!("(memory $memory (export \"memory\") {pages})\n{fields}\n");
        // Writing to a string cannot fail.
        let _ = write!(
            rule,
            "(func (export \"jurat:rule/rules@0.1.0#evaluate\")
              (param $rule i32) (param $rows i32) (param $columns i32) (param $count i32) (result i32)
              (local $n i32) (local $i i32) (local $j i32)
              {before}
              (local.set $n (i32.wrap_i64 (call $sum (local.get $rows) (local.get $columns))))
              (block $done
                (loop $again
                  (br_if $done (i32.eqz (local.get $n)))
                  (local.set $n (i32.sub (local.get $n) (i32.const 1)))
                  {work}
                  (br $again)))
              (call $pass (local.get $rows)))"
        );
        rule
    }
}
