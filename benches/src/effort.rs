//! How long a run of the benches may take.

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Rounds of each comparison.
    pub(crate) rounds: usize,
    /// Whether the run should be short.
    pub(crate) is_quick: bool,
}

impl Effort {
    /// Processes that are started for one figure.
    pub(crate) fn processes(self) -> usize {
        if self.is_quick { 1 } else { 5 }
    }
}
