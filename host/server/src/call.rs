//! The calls of clients on the service, in every protocol. A call owns everything, so that the message can be dropped.

use std::num::NonZeroU32;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jurat::identity::{Action, RateClass};
use jurat::settings::{Compatibility, Secret};
use jurat::{Associated, Digest};

use crate::arrival::Arrival;
use crate::quotas::RecordQuota;
use crate::selection::Selection;

/// One call.
#[derive(Debug)]
pub(crate) struct Call {
    /// The tenant whose rules are used; none = the only one.
    pub(crate) tenant: Option<String>,
    /// What is asked.
    pub(crate) operation: Operation,
}

/// To judge records and hand over each result as soon as it is there.
#[derive(Debug)]
pub(crate) struct StreamCall {
    /// The tenant whose rules are used; none = the only one.
    pub(crate) tenant: Option<String>,
    /// The entity types that its records may have.
    pub(crate) entity_types: Vec<String>,
    /// The fields that name a record in the results.
    pub(crate) id_fields: IdFields,
    /// How they are judged.
    pub(crate) judging: Judging,
    /// The records.
    pub(crate) records: StreamRecords,
}

/// Where the records of a stream come from.
#[derive(Debug)]
pub(crate) enum StreamRecords {
    /// They are there: a part of the message, which stays in memory for them.
    Whole(Bytes),
    /// They arrive while they are judged.
    Arriving(Arrival),
}

/// What can be asked.
#[derive(Debug)]
pub(crate) enum Operation {
    /// To be authenticated.
    Authenticate {
        /// The credential that the client shows.
        token: Secret,
    },
    /// To judge one record.
    Validate {
        /// The record, which should be JSON: a part of the message, which stays in memory for it.
        record: Bytes,
        /// Its entity type.
        entity_type: String,
        /// How it is judged.
        judging: Judging,
    },
    /// To judge a list of records.
    ValidateBatch {
        /// The array of records or items, each of which should be JSON: a part of the message, which stays in memory for it.
        records: Bytes,
        /// The fields that name a record in the results.
        id_fields: IdFields,
        /// How they are judged.
        judging: Judging,
    },
    /// To judge the records of a file.
    ValidateFile {
        /// The path or the URL of the file.
        uri: String,
        /// The entity types that its records may have.
        entity_types: Vec<String>,
        /// The fields that name a record in the results.
        id_fields: IdFields,
        /// How they are judged.
        judging: Judging,
    },
    /// To tell which rules would judge a record.
    DiscoverRules {
        /// The entity type.
        entity_type: String,
        /// A record or the URL of a schema, as JSON text.
        record_or_schema: Box<str>,
        /// The ruleset.
        ruleset: String,
    },
    /// To tell which rulesets there are.
    DiscoverRulesets,
    /// To poll for a newer release.
    Reload,
    /// To pin a release.
    Pin {
        /// The digest of its manifest.
        manifest: Digest,
        /// Why, for people.
        reason: Option<String>,
    },
    /// To pin the previous release.
    Rollback {
        /// Why, for people.
        reason: Option<String>,
    },
    /// To remove a pin.
    Unpin,
    /// To tell when it was last known that the release is the newest.
    CacheAge,
    /// To tell the health of the service in one word.
    Health,
    /// To tell the health of the service, check by check.
    HealthReport,
    /// To tell the status of the service.
    Status,
    /// To tell the version of the program.
    Version,
    /// To tell what clients have left of their limits.
    Limits,
    /// To give it back.
    ResetLimits {
        /// The bucket that is filled; none = all.
        bucket: Option<String>,
    },
}

/// The fields that name a record in the results.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum IdFields {
    /// The same for all records.
    OfAll(Vec<String>),
    /// By the URL of a record's schema, or by its entity type.
    By(Vec<(String, Vec<String>)>),
}

/// How records are judged.
#[derive(Debug)]
pub(crate) struct Judging {
    /// What the results look like.
    pub(crate) compatibility: Compatibility,
    /// The ruleset.
    pub(crate) ruleset: String,
    /// Related entities that the call brings along.
    pub(crate) associated: Option<Arc<Associated>>,
    /// The time of the run; none = the present.
    pub(crate) now: Option<Timestamp>,
    /// What of the results the client wants.
    pub(crate) selection: Selection,
    /// The most records; none = any number.
    pub(crate) max_records: Option<NonZeroU32>,
    /// How fast its records may be judged.
    pub(crate) quota: RecordQuota,
}

impl Call {
    /// The ruleset, if the operation has one.
    pub(crate) fn ruleset(&self) -> Option<&str> {
        match &self.operation {
            Operation::Validate { judging, .. }
            | Operation::ValidateBatch { judging, .. }
            | Operation::ValidateFile { judging, .. } => Some(&judging.ruleset),
            Operation::DiscoverRules { ruleset, .. } => Some(ruleset),
            _ => None,
        }
    }
}

impl Operation {
    /// What a principal needs the right to.
    pub(crate) fn action(&self) -> Action {
        match self {
            Self::Authenticate { .. } | Self::Health | Self::Version => Action::Greet,
            Self::Validate { .. } | Self::ValidateBatch { .. } | Self::ValidateFile { .. } => Action::Validate,
            Self::DiscoverRules { .. } | Self::DiscoverRulesets | Self::CacheAge => Action::Discover,
            Self::Reload | Self::Pin { .. } | Self::Rollback { .. } | Self::Unpin | Self::Status => Action::Administer,
            Self::HealthReport | Self::Limits | Self::ResetLimits { .. } => Action::Operate,
        }
    }

    /// As what it counts where requests are limited; none = it does not.
    pub(crate) fn rate_class(&self) -> Option<RateClass> {
        match self {
            Self::Authenticate { .. }
            | Self::Health
            | Self::HealthReport
            | Self::Version
            | Self::Limits
            | Self::ResetLimits { .. } => None,
            Self::Validate { .. } => Some(RateClass::Validate),
            Self::ValidateBatch { .. } | Self::ValidateFile { .. } => Some(RateClass::Batch),
            Self::DiscoverRules { .. } | Self::DiscoverRulesets | Self::CacheAge => Some(RateClass::Discover),
            Self::Reload | Self::Pin { .. } | Self::Rollback { .. } | Self::Unpin | Self::Status => {
                Some(RateClass::Admin)
            }
        }
    }

    /// Bounds how fast its records may be judged.
    pub(crate) fn set_quota(&mut self, quota: RecordQuota) {
        if let Self::ValidateBatch { judging, .. } | Self::ValidateFile { judging, .. } = self {
            judging.quota = quota;
        }
    }
}
