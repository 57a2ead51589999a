//! Loans in memory: the texts that are judged.

use std::sync::Arc;

use anyhow::{Context as _, ensure};

use crate::loans::{self, Size};
use crate::subject::Subject;

/// Loans, one to a line.
#[derive(Clone, Debug)]
pub(crate) struct Loans {
    text: Arc<str>,
    bytes: Arc<[u8]>,
    count: usize,
}

impl Loans {
    /// So many of some 400 bytes.
    pub(crate) fn small(count: usize) -> Self {
        Self::of(loans::generate(count, 1, Size::Small))
    }

    /// So many of some 1,800 bytes.
    pub(crate) fn large(count: usize) -> Self {
        Self::of(loans::generate(count, 1, Size::Large))
    }

    /// So many of some 8,000 bytes: each has others inside of it, as earlier states of the same loan.
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

    /// So many small ones of which such a share of 100 fails, evenly spread.
    pub(crate) fn failing(count: usize, share: usize, judge: &Subject) -> anyhow::Result<Self> {
        let all = Self::small(20_000);
        let lines = judge.lines(&all)?;
        ensure!(lines.lines().count() == all.count(), "a result is missing");
        let (bad, good): (Vec<_>, Vec<_>) =
            all.as_str().lines().zip(lines.lines()).partition(|(_, result)| result.contains(r#""status":"FAIL""#));
        let (mut bad, mut good) = (bad.iter().cycle(), good.iter().cycle());
        let mut text = String::with_capacity(count * 440);
        for number in 0..count {
            let fails = number * share / 100 != (number + 1) * share / 100;
            let (line, _) = if fails { bad.next() } else { good.next() }.context("all loans are alike")?;
            text.push_str(line);
            text.push('\n');
        }
        Ok(Self::of(text))
    }

    /// The first of them.
    pub(crate) fn first(&self, count: usize) -> Self {
        let text: String = self.text.lines().take(count).flat_map(|line| [line, "\n"]).collect();
        Self::of(text)
    }

    /// All of them, so many at a time.
    pub(crate) fn pieces(&self, count: usize) -> Vec<Self> {
        let lines: Vec<_> = self.text.split_inclusive('\n').collect();
        lines.chunks(count.max(1)).map(|lines| Self::of(lines.concat())).collect()
    }

    /// Each by itself.
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

    fn of(text: String) -> Self {
        Self { bytes: Arc::from(text.as_bytes()), count: text.lines().count(), text: Arc::from(text) }
    }
}
