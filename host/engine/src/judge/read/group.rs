//! Records of one window that have the same route, laid into chunks.

use std::mem;
use std::sync::Arc;

use super::related::{Buffers, Found, mismatch};
use super::rows::{FilledChunk, RelatedRows, RowIndex};
use crate::error_kind::EngineErrorKind;
use crate::extract::{Added, ChunkBuilder, Tokens};
use crate::judge::context::Context;
use crate::judge::error::Bug;
use crate::judge::route::Refusal;
use crate::release::Prepared;
use crate::routing::Route;

/// The chunks of a window, in the order in which they were begun. None stands for one that is still being filled.
#[derive(Default)]
pub(super) struct Chunks(Vec<Option<FilledChunk>>);

/// Records that have the same route.
pub(super) struct Group {
    route: Route,
    prepared: Arc<Prepared>,
    builder: ChunkBuilder,
    /// The index of the chunk that is being filled; none if it has no row yet.
    chunk: Option<usize>,
    rows: Vec<u32>,
    related: RelatedRows,
}

impl Chunks {
    /// All chunks, once every group is closed.
    pub(super) fn finish(self) -> Result<Vec<FilledChunk>, Bug> {
        let chunks: Option<_> = self.0.into_iter().collect();
        chunks.ok_or_else(|| Bug::new("a chunk was begun and never closed"))
    }

    fn begin(&mut self) -> usize {
        self.0.push(None);
        self.0.len() - 1
    }
}

impl Group {
    pub(super) fn open(context: &Context, route: Route) -> Result<Self, Refusal> {
        let prepared =
            context.prepare(route).map_err(|errors| (EngineErrorKind::FieldMapMismatch, mismatch(&errors)))?;
        let builder = ChunkBuilder::new(
            Arc::clone(&prepared.plan),
            context.options.chunk,
            context.options.max_record,
            context.options.run.now,
        );
        Ok(Self { route, prepared, builder, chunk: None, rows: Vec::new(), related: RelatedRows::default() })
    }

    pub(super) fn route(&self) -> Route {
        self.route
    }

    pub(super) fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Adds a record and returns its row; none if no chunk can hold it.
    pub(super) fn add(
        &mut self,
        record: u32,
        tokens: &Tokens<'_>,
        found: Found<'_>,
        buffers: &mut Buffers,
        chunks: &mut Chunks,
    ) -> Option<RowIndex> {
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
        let chunk = *self.chunk.get_or_insert_with(|| chunks.begin());
        let row = self.builder.rows() - 1;
        self.rows.push(record);
        for (term, found) in found.0.into_iter().enumerate() {
            self.related.add(row, term, found.map(|(plan, _)| plan));
        }
        Some(RowIndex { chunk, row })
    }

    /// Puts the chunk, if it has rows, among the others.
    pub(super) fn close(&mut self, chunks: &mut Chunks) {
        // Without its entry the chunk would be lost; its records would then report the bug.
        let Some(entry) = self.chunk.take().and_then(|chunk| chunks.0.get_mut(chunk)) else { return };
        debug_assert!(entry.is_none(), "a chunk is closed once");
        *entry = Some(FilledChunk {
            route: self.route,
            prepared: Arc::clone(&self.prepared),
            chunk: self.builder.finish(),
            rows: mem::take(&mut self.rows),
            related: mem::take(&mut self.related),
        });
    }
}
