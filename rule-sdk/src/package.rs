//! Rules that are shipped together, and the loop that runs one of them over a batch.

use std::borrow::Cow;

use crate::check::names_input;
use crate::columns::Batch;
use crate::verdict::Reason;
use crate::{Declaration, Finding, Input, Inputs, IntoVerdict, Mismatch, Status, Verdict};

/// A function that has become a rule. `#[rule]` implements it, for a type with the name of the function.
pub trait Rule {
    /// The declaration of the rule.
    const DECLARATION: Declaration;

    /// Judges every row of a batch.
    ///
    /// # Errors
    /// When the batch is not one of the rule's inputs.
    fn evaluate(batch: &Batch<'_>) -> Result<Verdicts, Mismatch>;
}

/// The rules of one component. [`package!`](crate::package) makes it.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    rules: &'static [Entry],
}

/// The answer to a batch.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Verdicts {
    /// One status for each row.
    pub statuses: Vec<Status>,
    /// The reasons; their rows never fall.
    pub findings: Vec<RowFinding>,
}

/// One reason for the verdict on a row, as the host is told.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowFinding {
    /// The row, from 0.
    pub row: u32,
    /// The name of the reason for machines.
    pub code: Option<&'static str>,
    /// The reason in words, with its placeholders.
    pub message: Cow<'static, str>,
    /// The inputs it is about, as indices into [`Declaration::inputs`].
    pub inputs: Vec<u32>,
    /// The values that the rule has worked out.
    pub params: Vec<(&'static str, String)>,
}

/// A rule in a package.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    declaration: Declaration,
    evaluate: fn(&Batch<'_>) -> Result<Verdicts, Mismatch>,
}

impl Package {
    /// A package of rules, in this order.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(rules: &'static [Entry]) -> Self {
        Self { rules }
    }

    /// The declarations of the rules, in order.
    pub fn declarations(&self) -> impl ExactSizeIterator<Item = &'static Declaration> + use<> {
        self.rules.iter().map(|rule| &rule.declaration)
    }

    /// Judges every row of a batch with one rule, named by its index among the [`declarations`](Self::declarations).
    ///
    /// # Errors
    /// When the rule does not exist, or the batch is not one of its inputs.
    pub fn evaluate(&self, rule: u32, batch: &Batch<'_>) -> Result<Verdicts, Mismatch> {
        match self.rules.get(rule as usize) {
            Some(entry) => (entry.evaluate)(batch),
            None => Err(Mismatch::new(format!("there are {} rules, and none is number {rule}", self.rules.len()))),
        }
    }
}

impl Entry {
    /// The entry of a rule.
    #[must_use]
    pub const fn of<R: Rule>() -> Self {
        Self { declaration: R::DECLARATION, evaluate: R::evaluate }
    }
}

/// The loop: every row of the batch, one after the other, through the rule. The same code runs in the sandbox and in tests.
///
/// # Errors
/// When the batch is not one of the rule's inputs.
#[inline]
pub fn evaluate<'a, T: Inputs<'a>, V: IntoVerdict>(
    batch: &Batch<'a>,
    rule: impl Fn(&T) -> V,
) -> Result<Verdicts, Mismatch> {
    let columns = T::columns(batch)?;
    let mut verdicts = Verdicts { statuses: Vec::with_capacity(batch.rows as usize), findings: Vec::new() };
    for row in 0..batch.rows {
        let verdict = match T::row(&columns, row as usize) {
            Ok(inputs) => rule(&inputs).into_verdict(),
            Err(unreadable) => unreadable,
        };
        verdicts.statuses.push(verdict.status());
        if !verdict.findings().is_empty() {
            verdicts.add_findings(row, verdict, T::INPUTS);
        }
    }
    Ok(verdicts)
}

impl Verdicts {
    #[inline(never)]
    fn add_findings(&mut self, row: u32, verdict: Verdict, inputs: &[Input]) {
        let first = self.findings.len();
        for finding in verdict.into_findings() {
            match RowFinding::new(row, finding, inputs) {
                Ok(finding) => self.findings.push(finding),
                Err(refusal) => {
                    self.findings.truncate(first);
                    if let Some(status) = self.statuses.last_mut() {
                        *status = Status::Error;
                    }
                    return self.add_findings(row, Verdict::error("unknown_input", &refusal, &[]), inputs);
                }
            }
        }
    }
}

impl RowFinding {
    /// The finding with indices for names, or why it is not a finding of a rule with these inputs.
    fn new(row: u32, finding: Finding, inputs: &[Input]) -> Result<Self, String> {
        if let Some(reason) = finding.checked() {
            check_names(reason, finding.params(), inputs)?;
        }
        let index_of = |name: &&str| (0..).zip(inputs).find(|(_, input)| input.is_named(name)).map(|(index, _)| index);
        let indices: Option<_> = finding.inputs().iter().map(index_of).collect();
        let indices = indices.ok_or("a finding names what the rule does not read")?;
        let code = finding.code();
        let (message, params) = finding.into_parts();
        Ok(Self { row, code, message, inputs: indices, params })
    }
}

/// The compiler has checked the names against the struct that the finding was given. Only a finding that was made for another
/// struct than the rule's, or for none, has to be checked again.
fn check_names(reason: &Reason, params: &[(&'static str, String)], inputs: &[Input]) -> Result<(), String> {
    if std::ptr::eq(reason.inputs, inputs) || reason.inputs == inputs {
        return Ok(());
    }
    let mut names = reason.placeholders.iter().chain(reason.on);
    if let Some(name) = names.find(|name| !names_input(inputs, name)) {
        return Err(format!("a finding names `{name}`, which the rule does not read"));
    }
    match params.iter().find(|(key, _)| names_input(inputs, key)) {
        Some((key, _)) => Err(format!("a param of a finding has the name of the input `{key}`")),
        None => Ok(()),
    }
}

/// Makes a package of rules, named by their functions.
///
/// It writes a function `package() -> Package`, through which tests, benches and programs run the rules natively. Compiled for
/// WebAssembly it also writes the component's exports and sets the allocator; so a crate has it once, at its root.
///
/// ```
/// use jurat_rule::{Decimal, Inputs, Verdict, fail, rule};
///
/// #[derive(Inputs)]
/// struct Loan {
///     principal: Decimal,
/// }
///
/// #[rule(id = "rule_901_v1", entity = "loan", description = "the principal is above zero")]
/// fn has_principal(loan: &Loan) -> Verdict {
///     match loan.principal > Decimal::ZERO {
///         true => Verdict::pass(),
///         false => fail!(Loan, "principal is {principal}, expected more than 0", on = ["principal"]),
///     }
/// }
///
/// jurat_rule::package![has_principal];
///
/// # fn main() {
/// assert_eq!(package().declarations().next().map(|rule| rule.id), Some("rule_901_v1"));
/// # }
/// ```
#[macro_export]
macro_rules! package {
    ($($rule:path),+ $(,)?) => {
        /// The rules of this package, to be run natively.
        #[must_use]
        pub fn package() -> $crate::Package {
            const RULES: &[$crate::__private::Entry] = &[$($crate::__private::Entry::of::<$rule>()),+];
            $crate::Package::new(RULES)
        }

        const _: () = assert!(
            $crate::__private::are_distinct(&[$(<$rule as $crate::Rule>::DECLARATION.id),+]),
            "two rules of the package have the same id",
        );

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Exports;

            impl $crate::__private::Component for Exports {
                fn package() -> $crate::Package {
                    package()
                }
            }

            $crate::__private::export!(Exports with_types_in $crate::__private::contract);

            #[global_allocator]
            static ALLOCATOR: $crate::__private::ArenaAllocator = $crate::__private::ArenaAllocator::new();
        };
    };
}
