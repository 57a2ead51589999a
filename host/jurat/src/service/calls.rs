//! The calls in one line: judging with the options of the settings, and discovery.

use jurat_disk::reserve_memory;
use jurat_engine::results::RecordResult;
use jurat_engine::{DiscoveredRule, DiscoveredRuleset};

use super::handle::Service;
use super::schema;
use crate::error::CallError;
use crate::names::{EntityType, RulesetName};
use crate::observe::Operation;

impl Service {
    /// Judges one record: a JSON object of the given entity type.
    ///
    /// # Errors
    /// When the record, or the call, cannot be judged.
    pub fn validate(
        &self,
        entity_type: EntityType<'_>,
        record: &str,
        ruleset: RulesetName<'_>,
    ) -> Result<RecordResult, CallError> {
        self.call(Operation::Validate, Some(ruleset.as_str()), |running| {
            let request = self.request(ruleset)?.with_entity_type(entity_type);
            self.judge_record(running, &request, record.as_bytes())
        })
    }

    /// Judges a list of records: a JSON array. Each record names its own type; one result for each, in their order.
    ///
    /// `id_fields` are the fields whose values name a record in the results: paths such as `client.id`, as field maps have them.
    ///
    /// # Errors
    /// When the call as a whole cannot be served. A record that cannot be judged becomes an entry with the reason.
    pub fn batch_validate(
        &self,
        records: &str,
        id_fields: &[&str],
        ruleset: RulesetName<'_>,
    ) -> Result<Vec<RecordResult>, CallError> {
        self.call(Operation::BatchValidate, Some(ruleset.as_str()), |running| {
            let request = self.request(ruleset)?.with_id_fields(owned(id_fields));
            let mut results = Vec::new();
            self.judge_records(running, &request, records, &mut |result| {
                results.push(result);
                Ok(())
            })?;
            Ok(results)
        })
    }

    /// Judges the records of a file: a JSON array, or objects one after the other. One result for each, in their order.
    ///
    /// `uri` is a path or URL within what the settings allow. `entity_types` are those that the file may have; a record of another
    /// type is an entry that says so, and if there is only one, records need not name it. With none, all types are accepted.
    ///
    /// # Errors
    /// When the file cannot be read or is not JSON at all, or the call as a whole cannot be served.
    pub fn batch_file_validate(
        &self,
        uri: &str,
        entity_types: &[EntityType<'_>],
        id_fields: &[&str],
        ruleset: RulesetName<'_>,
    ) -> Result<Vec<RecordResult>, CallError> {
        self.call(Operation::BatchFileValidate, Some(ruleset.as_str()), |running| {
            let expected = entity_types.iter().copied().map(String::from);
            let request = self.request(ruleset)?.with_expected(expected).with_id_fields(owned(id_fields));
            let mut results = Vec::new();
            self.judge_text(running, &request, self.read_file(uri, &reserve_memory::unlimited())?, &mut |result| {
                results.push(result);
                Ok(())
            })?;
            Ok(results)
        })
    }

    /// The rules that would judge a record, and the inputs that they would read. Runs nothing.
    ///
    /// The record need not be complete: only its `$schema` is read. A JSON string, or a text that is not JSON, is taken for the
    /// URL of the schema itself.
    ///
    /// # Errors
    /// When there is no such ruleset, entity type or schema.
    pub fn discover_rules(
        &self,
        entity_type: EntityType<'_>,
        record_or_schema: &str,
        ruleset: RulesetName<'_>,
    ) -> Result<Vec<DiscoveredRule>, CallError> {
        self.call(Operation::DiscoverRules, Some(ruleset.as_str()), |_| {
            let schema = schema::of(record_or_schema)?;
            Ok(self.release()?.discover_rules(ruleset.as_str(), entity_type.as_str(), schema.as_deref())?)
        })
    }

    /// All rulesets, with their metadata and sizes.
    ///
    /// # Errors
    /// When the service is closed, or does not know whose rulesets are meant.
    pub fn discover_rulesets(&self) -> Result<Vec<DiscoveredRuleset>, CallError> {
        self.call(Operation::DiscoverRulesets, None, |_| Ok(self.release()?.discover_rulesets()))
    }
}

/// Names that a call on another thread can take along.
pub(super) fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
