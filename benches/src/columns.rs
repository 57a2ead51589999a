//! Loans as columns, for measuring the rules alone.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use jurat_engine::extract::{Added, ChunkBuilder, ChunkLimits, Plan};
use jurat_engine::field_map::FieldMap;
use jurat_engine::json::Scratch;
use jurat_model::columns::Batch;
use jurat_model::{Bytes, Component, NoPause, Run, Worker};

use crate::source;
use crate::workload::Loans;

/// The rules of the component that are in the ruleset: 002 to 005.
const RULES: std::ops::Range<u32> = 0..4;

/// The columns that each rule gets for the same rows.
pub(crate) struct Batches {
    rules: Vec<(u32, Batch<'static>)>,
}

impl Batches {
    /// All loans in chunks of `rows`; the last chunk may be smaller.
    pub(crate) fn of(component: &dyn Component, loans: &Loans, rows: usize) -> anyhow::Result<Vec<Self>> {
        let map = FieldMap::parse(&source::field_map()?)?;
        let rules = component.declarations();
        let inputs = rules.iter().take(RULES.len()).flat_map(|rule| &rule.inputs);
        let plan = Arc::new(Plan::new(&map, inputs, &[]).map_err(|errors| anyhow::anyhow!("{errors:?}"))?);
        let limits = ChunkLimits { rows: u32::try_from(rows)?, bytes: Bytes::mebi(16), ..ChunkLimits::default() };
        let mut builder = ChunkBuilder::new(Arc::clone(&plan), limits, Bytes::mebi(1), 0);
        let mut scratch = Scratch::default();
        let mut batches = Vec::new();
        let mut lines = loans.as_str().lines().peekable();
        while let Some(line) = lines.next() {
            let tokens = plan.scan(line.as_bytes(), &mut scratch)?;
            ensure!(builder.add(&tokens, &[]) == Added::Yes, "a loan does not fit a chunk");
            if builder.rows() as usize == rows || lines.peek().is_none() {
                let chunk = builder.finish();
                let all: Vec<u32> = (0..chunk.rows()).collect();
                let rules = RULES.zip(rules).map(|(index, rule)| {
                    let columns = plan.columns_of(&rule.inputs).context("a column is missing")?;
                    Ok((index, chunk.batch_of(&columns, &all)))
                });
                batches.push(Self { rules: rules.collect::<anyhow::Result<_>>()? });
            }
        }
        Ok(batches)
    }

    /// The index of each rule in its component, with its batch.
    pub(crate) fn rules(&self) -> impl Iterator<Item = (u32, &Batch<'static>)> {
        self.rules.iter().map(|(rule, batch)| (*rule, batch))
    }
}

/// Runs the four rules, one after the other, in one session: on one fresh instance.
pub(crate) fn call(component: &dyn Component, worker: Worker, run: &Run, batches: &Batches) -> anyhow::Result<()> {
    let mut session = component.session(worker, run);
    for (rule, batch) in batches.rules() {
        let evaluation = session.evaluate(rule, batch, &mut NoPause)?;
        ensure!(evaluation.guilty.is_empty(), "a rule faulted");
        std::hint::black_box(evaluation);
    }
    Ok(())
}
