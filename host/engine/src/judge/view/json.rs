//! Results as JSON.
//!
//! Most records of most inputs pass. Their results differ in little but the record's id, so the rest is made once for each chunk
//! and copied.

use std::cell::OnceCell;
use std::fmt;

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
        let results = Results { chunk, row: self.row(chunk, row) };
        Line {
            entity_id: self.record.id.text(),
            entity_type: context.release.entity_types.get(chunk.outcome.route.entity_type).map(|name| &**name),
            now: chunk.outcome.prepared.reads_now.then_some(&*context.now),
            unsigned: context.release.is_unsigned(),
            release: context.evidence.as_deref(),
            results,
        }
        .serialize(out)
    }
}

/// The results of one record, as JSON: one for each rule at the top of its list, with those of its children inside.
pub struct JudgedResults<'a>(Option<Results<'a>>);

impl<'a> JudgedRecord<'a> {
    /// Its results, as a part of another text than its own; none if it could not be judged.
    #[must_use]
    pub fn results(&self) -> JudgedResults<'a> {
        JudgedResults(self.chunk().ok().map(|(chunk, row)| Results { chunk, row: self.row(chunk, row) }))
    }

    /// The time of the run, if a rule of its list reads it.
    #[must_use]
    pub fn now(&self) -> Option<&'a str> {
        let (chunk, _) = self.chunk().ok()?;
        chunk.outcome.prepared.reads_now.then_some(&*self.window.context.now)
    }

    /// Whether its rules are unsigned.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.window.context.release.is_unsigned()
    }
}

impl Serialize for JudgedResults<'_> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Some(results) => results.serialize(out),
            None => out.collect_seq([(); 0]),
        }
    }
}

impl fmt::Debug for JudgedResults<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("JudgedResults").finish_non_exhaustive()
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
