//! Patterns: linear in the text, bounded in memory.
//!
//! A pattern becomes a table of states, if the table is small enough: then each byte of a text costs one look-up, whatever the
//! pattern and the text. Otherwise an engine follows all ways through the pattern at once, and for each byte may have to visit
//! every position of it.

use std::collections::HashMap;
use std::sync::Arc;

use regex_automata::dfa::{Automaton, StartKind, dense, onepass};
use regex_automata::nfa::thompson::{self, NFA, WhichCaptures};
use regex_automata::{Input, meta};
use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

use super::limits::{MAX_PATTERN_BYTES, MAX_PATTERN_SIZE, RELEASE_PATTERN_SIZES, RELEASE_PATTERNS};
use super::problem::PatternRefusal;

mod ecma;

/// The largest table of a pattern, in bytes. Those of nearly all patterns in use are smaller than a tenth of it.
const MAX_TABLE: usize = 512 << 10;

/// Steps for each byte of text where there is a table.
const TABLE_STEPS: u64 = 2;

/// Steps for each byte of text and each position of a pattern that a match under way may have reached. Measured: 7 to 17.
const POSITION_STEPS: u64 = 24;

/// A pattern, ready to use.
#[derive(Debug)]
pub(super) struct Pattern {
    /// As it is written.
    pub(super) text: Box<str>,
    engine: Engine,
    /// Bytes of its compiled form, about.
    pub(super) size: usize,
    /// Steps for each byte of text, at most.
    pub(super) steps: u64,
}

#[derive(Debug)]
enum Engine {
    Table(Box<dense::DFA<Vec<u32>>>),
    Positions(Box<meta::Regex>),
}

impl Pattern {
    /// Compiles a pattern in the syntax of ECMA-262.
    pub(super) fn compile(text: &str) -> Result<Self, PatternRefusal> {
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternRefusal::TooLong);
        }
        let hir = ecma::parse(text)?;
        let config = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_PATTERN_SIZE));
        let nfa = thompson::Compiler::new().configure(config).build_from_hir(&hir);
        let nfa = nfa.map_err(|_| PatternRefusal::TooLarge)?;
        let text = Box::from(text);
        if let Some(table) = table(&nfa) {
            let size = table.memory_usage();
            return Ok(Self { text, engine: Engine::Table(Box::new(table)), size, steps: TABLE_STEPS });
        }
        let size = nfa.memory_usage();
        let config = meta::Config::new()
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(MAX_PATTERN_SIZE))
            .hybrid_cache_capacity(128 << 10);
        let regex = meta::Builder::new().configure(config).build_from_hir(&hir);
        let regex = regex.map_err(|_| PatternRefusal::TooLarge)?;
        let reached = if is_one_pass(&hir) { 2 } else { positions(&hir).saturating_add(1) };
        let steps = reached.saturating_mul(POSITION_STEPS);
        Ok(Self { text, engine: Engine::Positions(Box::new(regex)), size, steps })
    }

    /// Whether the pattern matches anywhere in a text.
    #[inline]
    pub(super) fn matches(&self, text: &str) -> bool {
        match &self.engine {
            // INVARIANT: the table has no bytes that end a search, and a start for searches that are not anchored.
            Engine::Table(table) => {
                table.try_search_fwd(&Input::new(text).earliest(true)).is_ok_and(|found| found.is_some())
            }
            Engine::Positions(regex) => regex.is_match(text),
        }
    }
}

/// Whether at each byte there is one way to go on at most, so that a match under way has reached one position only. Without `^` another
/// match may begin at each byte.
fn is_one_pass(hir: &Hir) -> bool {
    if !hir.properties().look_set_prefix().contains(Look::Start) {
        return false;
    }
    let compiler = thompson::Config::new().which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_PATTERN_SIZE));
    let Ok(nfa) = thompson::Compiler::new().configure(compiler).build_from_hir(&shortened(hir)) else { return false };
    let config = onepass::Config::new().size_limit(Some(MAX_PATTERN_SIZE));
    onepass::Builder::new().configure(config).build_from_nfa(nfa).is_ok()
}

/// The same pattern with at most two of what it repeats. Behind each of them comes what may come behind any of the others, or more:
/// if there is one way to go on here, there is in the pattern itself.
fn shortened(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Repetition(repetition) => Hir::repetition(Repetition {
            min: repetition.min.min(1),
            max: repetition.max.map(|max| max.min(2)),
            greedy: repetition.greedy,
            sub: Box::new(shortened(&repetition.sub)),
        }),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(shortened).collect()),
        HirKind::Alternation(parts) => Hir::alternation(parts.iter().map(shortened).collect()),
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Capture(_) => {
            hir.clone()
        }
    }
}

/// Whether a text is a pattern that is understood.
pub(super) fn is_pattern(text: &str) -> bool {
    text.len() <= MAX_PATTERN_BYTES && ecma::parse(text).is_ok()
}

fn table(nfa: &NFA) -> Option<dense::DFA<Vec<u32>>> {
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(MAX_TABLE))
        .determinize_size_limit(Some(2 * MAX_TABLE));
    dense::Builder::new().configure(config).build_from_nfa(nfa).ok()
}

/// How many letters and classes a pattern has when its counted repetitions are written out. Patterns are short, and so nested little.
fn positions(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 0,
        HirKind::Literal(text) => u64::try_from(text.0.len()).unwrap_or(u64::MAX),
        HirKind::Class(_) => 1,
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or_else(|| repetition.min.saturating_add(1));
            positions(&repetition.sub).saturating_mul(u64::from(times.max(1)))
        }
        HirKind::Capture(capture) => positions(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().map(positions).fold(0, u64::saturating_add)
        }
    }
}

/// The patterns of a release: each is compiled once.
#[derive(Debug, Default)]
pub(super) struct PatternCache {
    compiled: HashMap<Box<str>, Result<Arc<Pattern>, PatternRefusal>>,
    size: usize,
}

/// Why there is no pattern.
pub(super) enum NoPattern {
    Refused(PatternRefusal),
    /// The release has too many.
    TooMany,
}

impl PatternCache {
    pub(super) fn compile(&mut self, text: &str) -> Result<Arc<Pattern>, NoPattern> {
        if !self.compiled.contains_key(text) {
            if self.compiled.len() == RELEASE_PATTERNS || self.size > RELEASE_PATTERN_SIZES {
                return Err(NoPattern::TooMany);
            }
            let compiled = Pattern::compile(text).map(Arc::new);
            self.size += compiled.as_ref().map_or(0, |pattern| pattern.size);
            self.compiled.insert(Box::from(text), compiled);
        }
        let found = self.compiled.get(text).cloned().unwrap_or(Err(PatternRefusal::TooLarge));
        found.map_err(NoPattern::Refused)
    }
}

#[cfg(test)]
mod tests;
