//! The stable names of everything for which a call gives no results, and who can fix each.

use jurat_engine::EngineErrorKind;
use jurat_model::Blame;

use crate::data::DataErrorKind;

/// Declares the kinds once: the variant, its documentation, its code and its blame.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $blame:ident;)+) => {
        /// Why a call gave no results.
        ///
        /// Programs decide by the kind, never by the words of an error. It is exhaustive on purpose: a new kind breaks the build of
        /// every protocol until that protocol has an answer for it.
        ///
        /// ```
        /// use jurat::{Blame, CallErrorKind};
        ///
        /// fn http_status(kind: CallErrorKind) -> u16 {
        ///     match kind {
        ///         CallErrorKind::UnknownRuleset | CallErrorKind::DataNotFound => 404,
        ///         CallErrorKind::Overloaded => 503,
        ///         kind if kind.blame() == Blame::Caller => 400,
        ///         _ => 500,
        ///     }
        /// }
        /// assert_eq!(http_status(CallErrorKind::NotAList), 400);
        /// ```
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum CallErrorKind {
            $($(#[$doc])* $kind,)+
        }

        impl CallErrorKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The code in answers and logs. It does not change.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)+
                }
            }

            /// Who can usually fix it. [`CallError::blame`](crate::CallError::blame) also considers the cause.
            #[must_use]
            pub fn blame(self) -> Blame {
                match self {
                    $(Self::$kind => Blame::$blame,)+
                }
            }
        }
    };
}

kinds! {
    /// The service was closed.
    Closed = "closed", Host;
    /// There is no tenant of that name.
    UnknownTenant = "unknown_tenant", Caller;
    /// There are several tenants, and the call names none.
    TenantNeeded = "tenant_needed", Caller;
    /// One record is expected, and the text is not one.
    NotOneRecord = "not_one_record", Caller;
    /// A list of records is expected, and the text is not one.
    NotAList = "not_a_list", Caller;
    /// A record or the URL of a schema is expected, and the text is neither.
    NoSchema = "no_schema", Caller;
    /// An id field is not a path, or there are too many.
    IdFields = "id_fields", Caller;
    /// The record is not JSON.
    JsonSyntax = "json_syntax", Caller;
    /// The record is not UTF-8.
    JsonUtf8 = "json_utf8", Caller;
    /// Arrays and objects of the record are nested too deeply.
    JsonDepth = "json_depth", Caller;
    /// An object of the record has the same key twice.
    JsonDuplicateKey = "json_duplicate_key", Caller;
    /// A number of the record is too large.
    JsonNumber = "json_number", Caller;
    /// The record is JSON, but not an object.
    JsonNotObject = "json_not_object", Caller;
    /// The record is longer than the limit.
    RecordTooLarge = "record_too_large", Caller;
    /// The remaining records of a text cannot be told apart.
    RecordsLost = "records_lost", Caller;
    /// The release does not have the ruleset.
    UnknownRuleset = "unknown_ruleset", Caller;
    /// Neither the call nor the record says what the record is.
    NoEntityType = "no_entity_type", Caller;
    /// The release does not know the entity type.
    UnknownEntityType = "unknown_entity_type", Caller;
    /// The record is not of an entity type that the call expects.
    UnexpectedEntityType = "unexpected_entity_type", Caller;
    /// The `$schema` of the record is not a string.
    SchemaNotText = "schema_not_text", Caller;
    /// The `entity_type` of the record is not a string.
    EntityTypeNotText = "entity_type_not_text", Caller;
    /// The ruleset has no rules for the record.
    NoRules = "no_rules", Caller;
    /// No field map is mapped to the schema of the record.
    UnknownSchema = "unknown_schema", Caller;
    /// No field map is mapped to the major version of the schema of the record.
    UnknownSchemaMajor = "unknown_schema_major", Caller;
    /// No field map says where the fields of the record lie.
    NoFieldMap = "no_field_map", Caller;
    /// The field map of the record does not fit the inputs of the rules.
    FieldMapMismatch = "field_map_mismatch", Publisher;
    /// The inputs of the record take too much memory.
    InputsTooLarge = "inputs_too_large", Caller;
    /// The settings do not allow the file of records to be read.
    DataRefused = "data_refused", Caller;
    /// There is no such file of records.
    DataNotFound = "data_not_found", Caller;
    /// The file of records is longer than the limit.
    DataTooLarge = "data_too_large", Caller;
    /// The file of records cannot be read at present.
    DataUnavailable = "data_unavailable", Transport;
    /// The text is not JSON at all, by its first bytes.
    NotJson = "not_json", Caller;
    /// None of the first records can be judged, and the request asks to stop then.
    AllUnreadable = "all_unreadable", Caller;
    /// Other calls use the memory that this one needs.
    Overloaded = "overloaded", Host;
    /// The records could not be read to their end.
    Input = "input", Host;
    /// The results could not be handed over.
    Output = "output", Host;
    /// The call was cancelled, or nobody waits for it any more.
    Cancelled = "cancelled", Caller;
    /// A guard of the service holds the call back.
    Held = "held", Host;
    /// The newer release cannot be used; the present one goes on serving.
    Reload = "reload", Publisher;
    /// No release could be made ready.
    NotReady = "not_ready", Publisher;
    /// The release was revoked, and no other is ready.
    ReleaseRevoked = "release_revoked", Publisher;
    /// The metadata that vouches for the release expired too long ago.
    ReleaseStale = "release_stale", Transport;
    /// A release cannot be pinned, or its pin cannot be read or written.
    Pin = "pin", Caller;
    /// A bug; the log says more.
    Internal = "internal", Host;
}

impl From<EngineErrorKind> for CallErrorKind {
    fn from(kind: EngineErrorKind) -> Self {
        match kind {
            EngineErrorKind::JsonSyntax => Self::JsonSyntax,
            EngineErrorKind::JsonUtf8 => Self::JsonUtf8,
            EngineErrorKind::JsonDepth => Self::JsonDepth,
            EngineErrorKind::JsonDuplicateKey => Self::JsonDuplicateKey,
            EngineErrorKind::JsonNumber => Self::JsonNumber,
            EngineErrorKind::JsonNotObject => Self::JsonNotObject,
            EngineErrorKind::RecordTooLarge => Self::RecordTooLarge,
            EngineErrorKind::RecordsLost => Self::RecordsLost,
            EngineErrorKind::UnknownRuleset => Self::UnknownRuleset,
            EngineErrorKind::NoEntityType => Self::NoEntityType,
            EngineErrorKind::UnknownEntityType => Self::UnknownEntityType,
            EngineErrorKind::UnexpectedEntityType => Self::UnexpectedEntityType,
            EngineErrorKind::SchemaNotText => Self::SchemaNotText,
            EngineErrorKind::EntityTypeNotText => Self::EntityTypeNotText,
            EngineErrorKind::NoRules => Self::NoRules,
            EngineErrorKind::UnknownSchema => Self::UnknownSchema,
            EngineErrorKind::UnknownSchemaMajor => Self::UnknownSchemaMajor,
            EngineErrorKind::NoFieldMap => Self::NoFieldMap,
            EngineErrorKind::FieldMapMismatch => Self::FieldMapMismatch,
            EngineErrorKind::InputsTooLarge => Self::InputsTooLarge,
            EngineErrorKind::Internal => Self::Internal,
        }
    }
}

impl From<DataErrorKind> for CallErrorKind {
    fn from(kind: DataErrorKind) -> Self {
        match kind {
            DataErrorKind::Refused => Self::DataRefused,
            DataErrorKind::NotFound => Self::DataNotFound,
            DataErrorKind::TooLarge => Self::DataTooLarge,
            DataErrorKind::NoMemory => Self::Overloaded,
            DataErrorKind::Unavailable => Self::DataUnavailable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_code_of_its_own() {
        let mut codes: Vec<_> = CallErrorKind::ALL.iter().map(|kind| kind.code()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), CallErrorKind::ALL.len());
    }

    #[test]
    fn a_kind_of_the_engine_keeps_its_code() {
        for kind in EngineErrorKind::ALL {
            assert_eq!(CallErrorKind::from(*kind).code(), kind.code());
        }
    }
}
