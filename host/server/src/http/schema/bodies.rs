//! The bodies and queries of requests.

#![expect(dead_code, reason = "these types only describe")]

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::results::{Field, Status};

/// How results look.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::http) enum Compatibility {
    /// Results are lists, and a batch has `entities`.
    Lists,
    /// Results are objects with a `status`, and a batch has `items`.
    Envelopes,
}

/// One list for all, or one for each URL of a schema or entity type.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum Names {
    /// For all.
    All(Vec<String>),
    /// For each.
    By(BTreeMap<String, Value>),
}

/// An item of a batch.
#[derive(Deserialize, ToSchema)]
pub(in crate::http) struct Item {
    /// Comes back with the result: any JSON.
    #[schema(value_type = Option<Value>)]
    correlation_id: Option<Value>,
    /// The record.
    data: Map<String, Value>,
}

/// Declares a body with its own parameters, and those of all requests that judge.
macro_rules! judging {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $field:ident: $kind:ty,)+ }) => {
        $(#[$doc])*
        #[derive(Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub(in crate::http) struct $name {
            $($(#[$of])* $field: $kind,)+
            /// The ruleset to use.
            #[schema(example = "quick")]
            ruleset_name: String,
            /// Whose rules; needed if the server has several tenants.
            tenant: Option<String>,
            /// The time that rules see, instead of the present.
            #[schema(format = DateTime, example = "2026-01-31T12:00:00Z")]
            now: Option<String>,
            /// How results look. By default as the settings say.
            compatibility: Option<Compatibility>,
            /// Only results of rules with one of these statuses, and of the rules above them.
            only: Option<Vec<Status>>,
            /// The members that results have, besides those that say what they are about.
            fields: Option<Vec<Field>>,
        }
    };
}

judging! {
    /// One record.
    Validate {
        /// The type of the record.
        #[schema(example = "loan")]
        entity_type: String,
        /// The record.
        entity_data: Map<String, Value>,
        /// Related entities by term, so that the server does not fetch them.
        associated: Option<BTreeMap<String, Map<String, Value>>>,
    }
}

judging! {
    /// A list of records.
    Batch {
        /// The records, with `lists`. Each names its type by `$schema` or `entity_type`.
        entities: Option<Vec<Map<String, Value>>>,
        /// The records, with `envelopes`.
        items: Option<Vec<Item>>,
        /// The fields that identify a record in the results; needed with `lists`.
        #[schema(inline)]
        id_fields: Option<Names>,
        /// Related entities by entity id and term.
        associated: Option<BTreeMap<String, BTreeMap<String, Map<String, Value>>>>,
    }
}

judging! {
    /// A file of records.
    BatchFile {
        /// A path or a URL from which the settings allow to read.
        #[schema(example = "file:///srv/loans/loans.ndjson")]
        file_uri: String,
        /// The types that the records may have; needed with `lists`. An empty list allows all.
        #[schema(inline)]
        entity_types: Option<Names>,
        /// The fields that identify a record in the results; needed with `lists`.
        #[schema(inline)]
        id_fields: Option<Names>,
        /// Related entities by entity id and term.
        associated: Option<BTreeMap<String, BTreeMap<String, Map<String, Value>>>>,
    }
}

/// A record or a schema.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::http) enum RecordOrSchema {
    /// A record, of which only `$schema` counts.
    Record(Map<String, Value>),
    /// The URL of a schema.
    Schema(String),
}

/// Which rules to discover.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DiscoverRules {
    /// The type of the record.
    #[schema(example = "loan")]
    entity_type: String,
    // Its description is that of the type.
    entity_data: RecordOrSchema,
    /// The ruleset.
    #[schema(example = "quick")]
    ruleset_name: String,
    /// Whose rules; needed if the server has several tenants.
    tenant: Option<String>,
}

/// The parameters of a stream.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query, style = Form)]
pub(in crate::http) struct StreamQuery {
    /// Of streams only: the ruleset to use.
    ruleset_name: Option<String>,
    /// Of streams only: whose rules.
    tenant: Option<String>,
    /// Of streams only: the types that records may have, separated by commas.
    #[param(explode = false)]
    entity_types: Option<Vec<String>>,
    /// Of streams only: the fields that identify a record in the results, separated by commas.
    #[param(explode = false)]
    id_fields: Option<Vec<String>>,
    /// Of streams only: the time that rules see, instead of the present.
    now: Option<String>,
    /// Of streams only: how results look.
    #[param(inline)]
    compatibility: Option<Compatibility>,
    /// Of streams only: the statuses of the results to send, separated by commas.
    #[param(inline, explode = false)]
    only: Option<Vec<Status>>,
    /// Of streams only: the members of results, separated by commas.
    #[param(inline, explode = false)]
    fields: Option<Vec<Field>>,
}

/// The parameters for rulesets.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct TenantQuery {
    /// Whose rules; needed if the server has several tenants.
    tenant: Option<String>,
}

/// Which tenant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TenantBody {
    /// Needed if the server has several tenants.
    tenant: Option<String>,
}

/// A release.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Pin {
    /// The SHA-256 of its manifest.
    #[schema(example = "6b8c1f0e6b8c1f0e6b8c1f0e6b8c1f0e6b8c1f0e6b8c1f0e6b8c1f0e6b8c1f0e")]
    manifest: String,
    /// Why, for people.
    reason: Option<String>,
    /// Needed if the server has several tenants.
    tenant: Option<String>,
}

/// A bucket.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ResetLimits {
    /// The bucket, as `/api/v1/limits` names it; without it, all are filled.
    #[schema(example = "tenant/loans/validate")]
    bucket: Option<String>,
}

/// A tenant, and a reason.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct Rollback {
    /// Why, for people.
    reason: Option<String>,
    /// Needed if the server has several tenants.
    tenant: Option<String>,
}
