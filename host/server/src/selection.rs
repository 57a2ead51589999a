//! What of the results a client wants, so that answers are small.

use jurat::{RecordResult, RuleResult, Status};
use jurat_engine::EngineErrorKind;
use jurat_engine::results::{Milliseconds, RecordError};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// What of the results a client wants.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Selection {
    /// The statuses of the rules that it wants; none = all.
    pub(crate) only: Option<Vec<Status>>,
    /// The members that it wants besides those that always stay; none = all.
    pub(crate) fields: Option<Vec<&'static str>>,
}

impl Selection {
    /// The members that can be chosen. `entity_id`, `correlation_id`, `rule_id`, `status`, `error`, `unsigned`, `results` and `children`
    /// always stay: without them nobody could tell what a result is about, or what it is worth.
    pub(crate) const FIELDS: [&'static str; 14] = [
        "entity_type",
        "ruleset",
        "error_message",
        "now",
        "release",
        "description",
        "message",
        "code",
        "params",
        "fields",
        "mistakes",
        "degraded",
        "component",
        "execution_time_ms",
    ];

    /// Whether the client wants everything.
    pub(crate) fn is_everything(&self) -> bool {
        self.only.is_none() && self.fields.is_none()
    }

    /// Whether the client wants a member.
    pub(crate) fn has(&self, field: &str) -> bool {
        self.fields.as_ref().is_none_or(|fields| fields.contains(&field))
    }

    /// A value, if the client wants the member.
    fn of<T>(&self, field: &str, value: Option<T>) -> Option<T> {
        value.filter(|_| self.has(field))
    }

    fn wants(&self, status: Status) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&status))
    }

    /// Keeps the rules with a status that the client wants, and those above them.
    pub(crate) fn prune(&self, results: &mut Vec<RuleResult>) {
        results.retain_mut(|rule| {
            self.prune(&mut rule.children);
            self.wants(rule.status) || !rule.children.is_empty()
        });
    }

    /// Whether anything of a record is left that the client wants. A record that could not be judged is an ERROR. That records were lost is
    /// said in any case: without it, results of a few would look like those of all.
    pub(crate) fn is_left(&self, record: &RecordResult) -> bool {
        let is_wanted = |error: &RecordError| error.kind == EngineErrorKind::RecordsLost || self.wants(Status::Error);
        self.only.is_none() || !record.results.is_empty() || record.error.as_ref().is_some_and(is_wanted)
    }
}

/// What a client wants of a result.
pub(crate) struct Selected<'a, T: ?Sized>(pub(crate) &'a T, pub(crate) &'a Selection);

impl Serialize for Selected<'_, RuleResult> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(rule, selection) = self;
        let RuleResult {
            rule_id,
            description,
            status,
            message,
            code,
            params,
            fields,
            mistakes,
            indeterminate,
            unavailable: _,
            degraded,
            component,
            execution_time_ms,
            children,
        } = rule;
        let mut members = Members { map: serializer.serialize_map(None)?, selection };
        members.always("rule_id", rule_id)?;
        members.chosen("description", Some(description))?;
        members.always("status", status.name())?;
        members.chosen("message", Some(message))?;
        members.chosen("code", code.as_ref())?;
        members.chosen("params", Some(params).filter(|params| !params.is_empty()))?;
        members.chosen("fields", Some(fields).filter(|fields| !fields.is_empty()))?;
        members.chosen("mistakes", Some(mistakes).filter(|mistakes| !mistakes.is_empty()))?;
        if *indeterminate {
            members.always("indeterminate", indeterminate)?;
        }
        members.chosen("degraded", Some(degraded).filter(|degraded| !degraded.is_empty()))?;
        members.chosen("component", component.as_ref())?;
        members.chosen("execution_time_ms", execution_time_ms.map(Milliseconds))?;
        members.always("children", &Selected(children.as_slice(), selection))?;
        members.map.end()
    }
}

impl Serialize for Selected<'_, [RuleResult]> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(rules, selection) = self;
        serializer.collect_seq(rules.iter().map(|rule| Selected(rule, selection)))
    }
}

impl Serialize for Selected<'_, RecordResult> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(record, selection) = self;
        let RecordResult { entity_id, entity_type, status, error, now, unsigned, release, results } = record;
        let mut members = Members { map: serializer.serialize_map(None)?, selection };
        members.always("entity_id", entity_id)?;
        members.chosen("entity_type", Some(entity_type))?;
        if let Some(status) = status {
            members.always("status", status.name())?;
        }
        if let Some(error) = error {
            members.always("error", error)?;
        }
        members.chosen("now", now.as_ref())?;
        if *unsigned {
            members.always("unsigned", unsigned)?;
        }
        members.chosen("release", release.as_ref())?;
        members.always("results", &Selected(results.as_slice(), selection))?;
        members.map.end()
    }
}

/// The members of a result while they are written.
struct Members<'a, M> {
    map: M,
    selection: &'a Selection,
}

impl<M: SerializeMap> Members<'_, M> {
    fn always<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), M::Error> {
        self.map.serialize_entry(name, value)
    }

    /// A member that is there, if the client wants it.
    fn chosen<T: Serialize>(&mut self, name: &'static str, value: Option<T>) -> Result<(), M::Error> {
        debug_assert!(Selection::FIELDS.contains(&name), "{name} can be chosen");
        match self.selection.of(name, value) {
            Some(value) => self.map.serialize_entry(name, &value),
            None => Ok(()),
        }
    }
}
