//! What the misbehaving rules share: the contract without the kit for authors, so that nothing keeps them from breaking it.
//!
//! Each file in `examples/` is one attack. Its rule reads one input, the whole number `n`: rows with `n = 0` are harmless, in
//! others `n` says how much of the attack to carry out, so that the tests can go up to a limit and one step beyond.

/// Generated.
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "rule-package",
        pub_export_macro: true,
        export_macro_name: "export",
        default_bindings_module: "hostile_guests::bindings",
    });
}

pub use bindings::exports::jurat::rule::rules::*;

/// The one rule of a guest.
#[must_use]
pub fn describe() -> Vec<RuleInfo> {
    let n = Input { name: "n".to_owned(), of: None, kind: Kind::Integer, required: true };
    vec![RuleInfo {
        id: "guest".to_owned(),
        entity_type: "loan".to_owned(),
        description: "misbehaves where n is not zero".to_owned(),
        inputs: vec![n],
        annotations: Vec::new(),
    }]
}

/// The input `n`, one for each row.
#[must_use]
pub fn rows(batch: &Batch) -> &[i64] {
    match batch.columns.first().map(|column| &column.values) {
        Some(Values::Integers(values)) => values,
        _ => &[],
    }
}

/// `n` as a count.
#[must_use]
pub fn count(n: i64) -> usize {
    usize::try_from(n).unwrap_or(0)
}

/// A reply that passes every row.
#[must_use]
pub fn all_pass(batch: &Batch) -> Verdicts {
    Verdicts { statuses: rows(batch).iter().map(|_| Status::Pass).collect(), findings: Vec::new() }
}

/// A reply that passes every row for which `attack` does not give another status and findings.
pub fn judge(batch: &Batch, mut attack: impl FnMut(u32, i64) -> Option<(Status, Vec<Finding>)>) -> Verdicts {
    let mut reply = Verdicts { statuses: Vec::new(), findings: Vec::new() };
    for (row, &n) in (0..).zip(rows(batch)) {
        let (status, findings) = attack(row, n).unwrap_or((Status::Pass, Vec::new()));
        reply.statuses.push(status);
        reply.findings.extend(findings);
    }
    reply
}

/// A plain finding.
#[must_use]
pub fn finding(row: u32, message: String) -> Finding {
    Finding { row, code: None, message, inputs: Vec::new(), params: Vec::new() }
}

/// Makes a component of a function that answers batches.
#[macro_export]
macro_rules! guest {
    ($evaluate:path) => {
        /// The component.
        #[derive(Debug)]
        pub struct Component;

        impl $crate::Guest for Component {
            fn describe() -> Vec<$crate::RuleInfo> {
                $crate::describe()
            }

            fn evaluate(_rule: u32, batch: $crate::Batch) -> Result<$crate::Verdicts, String> {
                $evaluate(&batch)
            }
        }

        // What a library for the machine of the tests would export cannot be linked there.
        #[cfg(target_family = "wasm")]
        $crate::bindings::export!(Component with_types_in $crate::bindings);
    };
}
