//! Records of one window that go the same way, laid into chunks.

use std::mem;
use std::sync::Arc;

use super::context::Context;
use super::related::{Buffers, Found, Unreadable};
use crate::error_kind::EngineErrorKind;
use crate::extract::{Added, Chunk, ChunkBuilder, PlanError, RelatedPlan, Tokens};
use crate::prepared::Prepared;
use crate::routing::Route;

/// Records that go the same way.
pub(super) struct Group {
    route: Route,
    prepared: Arc<Prepared>,
    builder: ChunkBuilder,
    /// The place among the window's chunks of the one that is being filled; none if it has no row yet.
    chunk: Option<usize>,
    rows: Vec<u32>,
    related: RelatedRows,
}

/// A chunk that is ready to be judged.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) route: Route,
    pub(super) prepared: Arc<Prepared>,
    pub(super) chunk: Chunk,
    /// The records of the rows, as indices into the window.
    pub(super) rows: Vec<u32>,
    pub(super) related: RelatedRows,
}

/// What stands behind the terms of a chunk's rows. Both lists rise by row, then by the term's place in the plan.
#[derive(Debug, Default)]
pub(super) struct RelatedRows {
    read: Vec<((u32, usize), Arc<RelatedPlan>)>,
    unreadable: Vec<((u32, usize), Unreadable)>,
}

impl Group {
    pub(super) fn open(context: &Context, route: Route) -> Result<Self, (EngineErrorKind, String)> {
        let prepared =
            context.prepare(route).map_err(|errors| (EngineErrorKind::FieldMapMismatch, mismatch(&errors)))?;
        let builder = ChunkBuilder::new(Arc::clone(&prepared.plan), context.request.chunk, context.request.run.now);
        Ok(Self { route, prepared, builder, chunk: None, rows: Vec::new(), related: RelatedRows::default() })
    }

    pub(super) fn route(&self) -> Route {
        self.route
    }

    pub(super) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Adds a record and tells its chunk and row; none if no chunk can hold it.
    pub(super) fn add(
        &mut self,
        record: u32,
        tokens: &Tokens<'_>,
        found: Found<'_>,
        buffers: &mut Buffers,
        chunks: &mut Vec<Option<Filled>>,
    ) -> Option<(usize, u32)> {
        let entities = found.read(buffers);
        let mut added = self.builder.add(tokens, &entities);
        if added == Added::Full {
            self.close(chunks);
            added = self.builder.add(tokens, &entities);
        }
        drop(entities);
        if added != Added::Yes {
            return None;
        }
        let chunk = *self.chunk.get_or_insert_with(|| {
            chunks.push(None);
            chunks.len() - 1
        });
        let row = self.builder.rows() - 1;
        self.rows.push(record);
        self.related.add(row, found);
        Some((chunk, row))
    }

    /// Puts the chunk, if it has rows, where it belongs.
    pub(super) fn close(&mut self, chunks: &mut [Option<Filled>]) {
        let Some(chunk) = self.chunk.take().and_then(|chunk| chunks.get_mut(chunk)) else { return };
        *chunk = Some(Filled {
            route: self.route,
            prepared: Arc::clone(&self.prepared),
            chunk: self.builder.finish(),
            rows: mem::take(&mut self.rows),
            related: mem::take(&mut self.related),
        });
    }
}

impl RelatedRows {
    /// How the entity behind a row's term was read; none if nothing can be read there.
    pub(super) fn plan(&self, row: u32, term: usize) -> Option<&RelatedPlan> {
        let found = self.read.binary_search_by_key(&(row, term), |(place, _)| *place).ok()?;
        self.read.get(found).map(|(_, plan)| &**plan)
    }

    /// Why nothing can be read behind a row's term.
    pub(super) fn reason(&self, row: u32, term: usize) -> Option<&Unreadable> {
        let found = self.unreadable.binary_search_by_key(&(row, term), |(place, _)| *place).ok()?;
        self.unreadable.get(found).map(|(_, reason)| reason)
    }

    fn add(&mut self, row: u32, found: Found<'_>) {
        for (term, found) in found.0.into_iter().enumerate() {
            match found {
                Ok((plan, _)) => self.read.push(((row, term), plan)),
                Err(reason) => self.unreadable.push(((row, term), reason)),
            }
        }
    }
}

/// Why inputs do not fit a field map, in bounded words.
pub(super) fn mismatch(errors: &[PlanError]) -> String {
    const SHOWN: usize = 3;
    let mut words: Vec<_> = errors.iter().take(SHOWN).map(|error| format!("{error}: {}", error.mismatch)).collect();
    if errors.len() > SHOWN {
        words.push(format!("and {} more", errors.len() - SHOWN));
    }
    words.join("; ")
}
