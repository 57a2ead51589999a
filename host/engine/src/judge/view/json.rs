//! Results as JSON.
//!
//! Most records of most inputs pass. Their results differ in little but the record's id, so the rest is made once for each chunk
//! and copied.

use std::cell::OnceCell;

use serde::ser::{Serialize, SerializeSeq, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::chunk::ChunkView;
use super::record::JudgedRecord;
use super::row::Row;
use crate::results::{Evidence, is_visible};

impl Serialize for JudgedRecord<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        /// A [`RecordResult`] of a record that was judged.
        #[derive(serde::Serialize)]
        struct Line<'a> {
            entity_id: &'a str,
            entity_type: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            now: Option<&'a str>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            unsigned: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            release: Option<&'a Evidence>,
            results: Results<'a>,
        }
        let Ok((chunk, row)) = self.chunk() else { return self.result().serialize(out) };
        let context = self.window.context;
        Line {
            entity_id: self.record.id.text(),
            entity_type: context.release.entity_types.get(chunk.outcome.route.entity_type).map(|name| &**name),
            now: chunk.outcome.prepared.reads_now.then_some(&*context.now),
            unsigned: context.release.is_unsigned(),
            release: context.evidence.as_deref(),
            results: Results { chunk, row: self.row(chunk, row) },
        }
        .serialize(out)
    }
}

/// The results of one record.
struct Results<'a> {
    chunk: &'a ChunkView<'a>,
    row: Row<'a>,
}

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self { chunk, row } = self;
        let all = || chunk.results(row, chunk.all());
        if chunk.is_small() || row.may_lack() || row.may_be_stale() {
            return all().serialize(out);
        }
        let passes = &chunk.passes;
        if chunk.only_passes(row.row) {
            return match passes.all.get_or_init(|| made(&all())) {
                Some(passes) => passes.serialize(out),
                None => all().serialize(out),
            };
        }
        let tops = passes.tops.get_or_init(|| chunk.tops().map(|_| OnceCell::new()).collect());
        let mut results = out.serialize_seq(None)?;
        for (nodes, passes) in chunk.tops().zip(tops) {
            let top = || chunk.results(row, nodes.clone()).pop();
            let made = || top().as_ref().and_then(made);
            match chunk.pass(row.row, nodes.clone()).then(|| passes.get_or_init(made)) {
                Some(Some(passes)) => results.serialize_element(passes)?,
                _ => results.serialize_element(&top())?,
            }
        }
        results.end()
    }
}

/// A value as JSON; none if a writer may have to escape something in it.
fn made(value: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(value).ok().filter(|json| is_visible(json.get()))
}
