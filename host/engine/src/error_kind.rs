//! The stable names under which the engine reports what it refuses: a record, or a request as a whole.

use serde::{Serialize, Serializer};

/// Declares the kinds once: the variant, its documentation and its code.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal,)+) => {
        /// Why the engine refuses a record, or a request as a whole.
        ///
        /// Programs decide by the kind, never by the words of an error. It is exhaustive on purpose: a new kind breaks the build of
        /// every protocol that has no answer for it yet.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum EngineErrorKind {
            $($(#[$doc])* $kind,)+
        }

        impl EngineErrorKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// The code in results, logs and answers. It does not change.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)+
                }
            }
        }
    };
}

kinds! {
    /// The text is not JSON.
    JsonSyntax = "json_syntax",
    /// The text is not UTF-8.
    JsonUtf8 = "json_utf8",
    /// Arrays and objects are nested too deeply.
    JsonDepth = "json_depth",
    /// An object has the same key twice.
    JsonDuplicateKey = "json_duplicate_key",
    /// A number is too large.
    JsonNumber = "json_number",
    /// The text is JSON, but not an object.
    JsonNotObject = "json_not_object",
    /// The record is longer than the limit.
    RecordTooLarge = "record_too_large",
    /// The remaining records of a text cannot be told apart.
    RecordsLost = "records_lost",
    /// The release does not have the ruleset.
    UnknownRuleset = "unknown_ruleset",
    /// Neither the call nor the record says what the record is.
    NoEntityType = "no_entity_type",
    /// The release does not know the entity type.
    UnknownEntityType = "unknown_entity_type",
    /// The record is not of an entity type that the call expects.
    UnexpectedEntityType = "unexpected_entity_type",
    /// The `$schema` of the record is not a string.
    SchemaNotText = "schema_not_text",
    /// The `entity_type` of the record is not a string.
    EntityTypeNotText = "entity_type_not_text",
    /// The ruleset has no rules for the record.
    NoRules = "no_rules",
    /// No field map is mapped to the schema of the record.
    UnknownSchema = "unknown_schema",
    /// No field map is mapped to the major version of the schema of the record.
    UnknownSchemaMajor = "unknown_schema_major",
    /// No field map says where the fields of the record lie.
    NoFieldMap = "no_field_map",
    /// The field map of the record does not fit the inputs of the rules.
    FieldMapMismatch = "field_map_mismatch",
    /// The values that the rules read of the record take too much memory.
    InputsTooLarge = "inputs_too_large",
    /// A bug; the log says more.
    Internal = "internal",
}

impl Serialize for EngineErrorKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}
