//! The interface of the rule engines.

/// A rule engine with the loan rules.
pub(crate) trait Peer {
    /// A record as a value of the engine.
    type Input<'t>;

    fn parse<'t>(&self, text: &'t str) -> anyhow::Result<Self::Input<'t>>;

    /// Judges a record and appends its statuses: `PASS\tFAIL\tNORUN\tPASS\n`.
    fn judge(&mut self, input: &Self::Input<'_>, out: &mut Vec<u8>) -> anyhow::Result<()>;
}
