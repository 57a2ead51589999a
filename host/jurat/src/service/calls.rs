//! The calls that judge records, and those that say what would judge them.

use std::io;
use std::sync::Arc;

use jurat_disk::{Room, room};
use jurat_engine::results::{RecordResult, Summary};
use jurat_engine::{
    DiscoveredRule, DiscoveredRuleset, JudgedWindow, RecordSource, Request, VouchedRelease, judge, judge_windows,
};
use jurat_http::wait_for;

use super::handle::Service;
use super::schema;
use super::tenant::Tenant;
use crate::error::CallError;

impl Service {
    /// Judges one record: a JSON object of the given entity type.
    ///
    /// # Errors
    /// When the record, or the call, cannot be judged.
    pub fn validate(&self, entity_type: &str, record: &str, ruleset: &str) -> Result<RecordResult, CallError> {
        let request = self.request(ruleset)?.with_entity_type(entity_type);
        self.judge_one(&request, record)
    }

    /// Judges a list of records: a JSON array. Each says itself what it is; one result for each, in their order.
    ///
    /// `id_fields` are the fields whose values name a record in the results, with dots between keys.
    ///
    /// # Errors
    /// When the call as a whole cannot be served. A record that cannot be judged is an entry that says why.
    pub fn batch_validate(
        &self,
        records: &str,
        id_fields: &[&str],
        ruleset: &str,
    ) -> Result<Vec<RecordResult>, CallError> {
        let request = self.request(ruleset)?.with_id_fields(owned(id_fields));
        let mut results = Vec::new();
        self.judge_list(&request, records, &mut |result| {
            results.push(result);
            Ok(())
        })?;
        Ok(results)
    }

    /// Judges the records of a file: a JSON array, one object, or one on each line. One result for each, in their order.
    ///
    /// `uri` is a path or URL within what the settings allow. `entity_types` are those that the file may have; a record of another
    /// type is an entry that says so, and if there is one of them only, records need not say it. With none, all are welcome.
    ///
    /// # Errors
    /// When the file cannot be had, or the call as a whole cannot be served.
    pub fn batch_file_validate(
        &self,
        uri: &str,
        entity_types: &[&str],
        id_fields: &[&str],
        ruleset: &str,
    ) -> Result<Vec<RecordResult>, CallError> {
        let request = self.request(ruleset)?.with_expected(owned(entity_types)).with_id_fields(owned(id_fields));
        let mut results = Vec::new();
        self.judge(&request, self.read_data(uri, &room::enough())?, &mut |result| {
            results.push(result);
            Ok(())
        })?;
        Ok(results)
    }

    /// What would judge a record, and what it would read of it. Nothing is run.
    ///
    /// The record need not be whole: its `$schema` is all that is looked at. A JSON text, or no JSON at all, is taken for the URL
    /// of the schema itself.
    ///
    /// # Errors
    /// When there is no such ruleset, entity type or schema.
    pub fn discover_rules(
        &self,
        entity_type: &str,
        record_or_schema: &str,
        ruleset: &str,
    ) -> Result<Vec<DiscoveredRule>, CallError> {
        let _call = self.shared.in_flight.enter()?;
        let schema = schema::of(record_or_schema)?;
        Ok(self.release()?.discover_rules(ruleset, entity_type, schema.as_deref())?)
    }

    /// All rulesets, with what their authors say of them, and how much is in them.
    ///
    /// # Errors
    /// When the service is closed, or does not know whose rulesets are meant.
    pub fn discover_rulesets(&self) -> Result<Vec<DiscoveredRuleset>, CallError> {
        let _call = self.shared.in_flight.enter()?;
        Ok(self.release()?.discover_rulesets())
    }

    /// Judges all records of a text and hands over one result for each, in their order: the call that all others are made of.
    ///
    /// Related entities that the request does not bring along are fetched, if the settings say from where.
    ///
    /// # Errors
    /// When the request cannot be served at all, or its results cannot be handed over. One bad record never fails a request.
    pub fn judge(
        &self,
        request: &Request,
        text: Arc<[u8]>,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        let _call = self.shared.in_flight.enter()?;
        let (tenant, release, request) = self.ready(request)?;
        Ok(judge(release, &tenant.queue, &request, text, sink)?)
    }

    /// Judges any amount of records in constant memory, and has what is wanted of their results worked out on the threads that judge
    /// them.
    ///
    /// `render` is called there, with records that follow each other, and must depend on nothing else; what it makes of them goes to
    /// `sink` on the calling thread, in the order of the input.
    ///
    /// # Errors
    /// When the request cannot be served at all, its input not be read to the end, or its results not be handed over; what was handed
    /// over before is whole. One bad record never fails a request.
    pub fn judge_windows<T: Send + 'static>(
        &self,
        request: &Request,
        input: RecordSource<'_>,
        render: impl Fn(&JudgedWindow<'_>) -> T + Send + Sync + 'static,
        sink: &mut dyn FnMut(T) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        let _call = self.shared.in_flight.enter()?;
        let (tenant, release, request) = self.ready(request)?;
        Ok(judge_windows(release, &tenant.queue, &request, input, render, sink)?)
    }

    /// The same for a text that must be one record.
    ///
    /// # Errors
    /// Also when it is not, or when that record cannot be judged.
    pub fn judge_one(&self, request: &Request, record: &str) -> Result<RecordResult, CallError> {
        if !begins_with(record, '{') {
            return Err(CallError::NotOneRecord);
        }
        let mut results = Vec::new();
        self.judge(request, record.as_bytes().into(), &mut |result| {
            // Two are enough to know that there is more than one.
            if results.len() < 2 {
                results.push(result);
            }
            Ok(())
        })?;
        let (Some(result), true) = (results.pop(), results.is_empty()) else { return Err(CallError::NotOneRecord) };
        match result.error {
            Some(error) => Err(CallError::Record(error)),
            None => Ok(result),
        }
    }

    /// The same for a text that must be a list of records.
    ///
    /// # Errors
    /// Also when it is not.
    pub fn judge_list(
        &self,
        request: &Request,
        records: &str,
        sink: &mut dyn FnMut(RecordResult) -> io::Result<()>,
    ) -> Result<Summary, CallError> {
        if !begins_with(records, '[') {
            return Err(CallError::NotAList);
        }
        self.judge(request, records.as_bytes().into(), sink)
    }

    /// Reads a file of records that a caller has named, within what the settings allow.
    ///
    /// Room is asked for before it is read: for twice what it holds, because text becomes what is judged by being copied once.
    ///
    /// # Errors
    /// When they do not allow it, or the file cannot be had.
    pub fn read_data(&self, uri: &str, room: &Room) -> Result<Arc<[u8]>, CallError> {
        let _call = self.shared.in_flight.enter()?;
        let (tenant, uri, room) = (Arc::clone(self.bound()?), uri.to_owned(), Arc::clone(room));
        let twice: Room = Arc::new(move |bytes| room(bytes.saturating_mul(2)));
        let io = self.shared.runtimes.io().ok_or(CallError::Closed)?;
        let read = wait_for(io, async move { tenant.data.read(&uri, &twice).await });
        Ok(read.ok_or(CallError::BrokenOff)??.into())
    }

    /// Who judges a request that begins now, by what, and the request with what belongs to that.
    fn ready(&self, request: &Request) -> Result<(&Arc<Tenant>, VouchedRelease, Request), CallError> {
        let tenant = self.bound()?;
        let now = self.shared.clock.now();
        let serving = Arc::clone(tenant.releases.serving().at(now)?);
        let mut request = request.clone();
        if let (Some(related), None) = (tenant.related(), request.supplier()) {
            request = request.with_supplier(related.supplier());
        }
        Ok((tenant, VouchedRelease::new(Arc::clone(&serving.release), serving.evidence(now)), request))
    }
}

/// Names that a call on another thread can take along.
pub(super) fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn begins_with(text: &str, bracket: char) -> bool {
    text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with(bracket)
}
