//! The loans that are judged, in memory.

use std::sync::Arc;

use crate::loans::{self, Size};

/// Loans, one on each line.
#[derive(Clone, Debug)]
pub(crate) struct Loans {
    text: Arc<str>,
    bytes: Arc<[u8]>,
    count: usize,
}

impl Loans {
    /// Loans of about 400 bytes each.
    pub(crate) fn small(count: usize) -> Self {
        Self::of(loans::generate(count, 1, Size::Small))
    }

    /// Loans of about 1,800 bytes each.
    pub(crate) fn large(count: usize) -> Self {
        Self::of(loans::generate(count, 1, Size::Large))
    }

    /// Loans of about 8,000 bytes each: a loan contains three others, as earlier states of itself.
    pub(crate) fn huge(count: usize) -> Self {
        const INNER: usize = 3;
        let outer = loans::generate(count, 1, Size::Large);
        let inner = loans::generate(count * INNER, 2, Size::Large);
        let mut inner = inner.lines();
        let mut text = String::with_capacity(outer.len() * (INNER + 2));
        for line in outer.lines() {
            text.push_str(line.strip_suffix('}').unwrap_or(line));
            for number in 0..INNER {
                text.push_str(&format!(r#","state_{number}":"#));
                text.push_str(inner.next().unwrap_or("null"));
            }
            text.push_str("}\n");
        }
        Self::of(text)
    }

    /// The first `count` loans.
    pub(crate) fn first(&self, count: usize) -> Self {
        let text: String = self.text.lines().take(count).flat_map(|line| [line, "\n"]).collect();
        Self::of(text)
    }

    /// All loans, in pieces of `count`.
    pub(crate) fn pieces(&self, count: usize) -> Vec<Self> {
        let lines: Vec<_> = self.text.split_inclusive('\n').collect();
        lines.chunks(count.max(1)).map(|lines| Self::of(lines.concat())).collect()
    }

    /// Each loan by itself.
    pub(crate) fn each(&self) -> impl Iterator<Item = Self> {
        self.text.lines().map(|line| Self::of(format!("{line}\n")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn bytes(&self) -> Arc<[u8]> {
        Arc::clone(&self.bytes)
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// A text with one loan on each line.
    pub(crate) fn of(text: String) -> Self {
        Self { bytes: Arc::from(text.as_bytes()), count: text.lines().count(), text: Arc::from(text) }
    }
}
