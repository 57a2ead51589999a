//! The errors inside [`OpenError`](crate::OpenError) and [`RepositoryError`](crate::RepositoryError), for programs that decide by them.
//!
//! Most programs need only [`OpenError::blame`](crate::OpenError::blame) and
//! [`OpenError::messages`](crate::OpenError::messages).
//!
//! ```
//! use jurat::OpenError;
//! use jurat::causes::{Refusal, ShapeError};
//!
//! /// Whether the publisher should be told that a component is too large.
//! fn is_too_large(error: &OpenError) -> bool {
//!     match error.reason() {
//!         OpenError::Component { cause, .. } => matches!(cause.reason, Refusal::Shape(ShapeError::TooMany { .. })),
//!         _ => false,
//!     }
//! }
//! # assert!(!is_too_large(&OpenError::BrokenOff));
//! ```

pub use crate::error::{CoordinationConfigError, HttpSetupError};

/// A [`CacheDirError`] says why a directory of this host cannot be used; a [`ReadError`], why a file is not read.
///
/// ```
/// use jurat::OpenError;
/// use jurat::causes::{CacheDirError, ReadError};
///
/// fn advice(error: &OpenError) -> Option<&'static str> {
///     let (OpenError::State(cause) | OpenError::Cache(cause)) = error.reason() else { return None };
///     match cause {
///         CacheDirError::Shared { .. } | CacheDirError::SharedFile { .. } => Some("let no other user write to it"),
///         CacheDirError::Read { cause: ReadError::NotAFile, .. } => Some("something else is in its place"),
///         _ => None,
///     }
/// }
/// # assert_eq!(advice(&OpenError::BrokenOff), None);
/// ```
pub use jurat_disk::{CacheDirError, files::ReadError};

/// A [`ReleaseProblem`] of a release whose signatures are good may be a [`RulesetError`], with a [`RulesetProblem`].
///
/// ```
/// use jurat::causes::{ReleaseProblem, RulesetError, RulesetProblem};
///
/// /// A field map that a ruleset names and the release does not have.
/// fn missing_field_map(problem: &ReleaseProblem) -> Option<&str> {
///     let ReleaseProblem::Ruleset(RulesetError { problem, .. }) = problem else { return None };
///     match problem {
///         RulesetProblem::UnknownFieldMap { name, .. } => Some(name.as_str()),
///         _ => None,
///     }
/// }
/// ```
pub use jurat_engine::{
    ReleaseProblem,
    ruleset::{RulesetError, RulesetProblem},
};

/// A [`FieldMapError`] has an [`EntryError`] for each wrong entry, with an [`EntryProblem`].
///
/// ```
/// use jurat::causes::{EntryError, EntryProblem, FieldMapError};
///
/// /// Where an editor should show that something is wrong with a path.
/// fn lines_of_paths(error: &FieldMapError) -> Vec<u64> {
///     let FieldMapError::Entries(entries) = error else { return Vec::new() };
///     let is_of_path = |entry: &&EntryError| matches!(entry.problem, EntryProblem::Path { .. });
///     entries.iter().filter(is_of_path).map(|entry| entry.at.line).collect()
/// }
/// # assert!(lines_of_paths(&FieldMapError::Entries(Vec::new())).is_empty());
/// ```
pub use jurat_engine::field_map::{EntryError, EntryProblem, FieldMapError};

/// A [`PlanError`] is about an input that the field map does not fit: a [`KindMismatch`], which may need a [`Conversion`].
///
/// ```
/// use jurat::InputKind;
/// use jurat::causes::{Conversion, KindMismatch, PlanError};
///
/// let mismatch = KindMismatch::Unconverted { kind: InputKind::Date, needed: Conversion::StrToDate };
/// match (PlanError { input: "maturity".to_owned(), mismatch }) {
///     PlanError { input, mismatch: KindMismatch::Unconverted { needed, .. } } => {
///         println!("add a conversion to `{input}`: {}", needed.name());
///     }
///     other => println!("{other}"),
/// }
/// ```
pub use jurat_engine::{
    extract::PlanError,
    field_map::{Conversion, KindMismatch},
};

/// A [`JsonError`] has a [`JsonProblem`]; for a text that is not JSON, this has a [`Syntax`].
///
/// ```
/// use jurat::causes::{JsonError, JsonProblem, Syntax};
///
/// /// Whether the end of the text is missing, as after a broken upload.
/// fn is_cut_off(error: &JsonError) -> bool {
///     use Syntax::{Expected, OpenString};
///     matches!(error.problem, JsonProblem::Syntax(OpenString | Expected { found: None, .. }))
/// }
/// assert!(!is_cut_off(&JsonError::not_object("[]")));
/// ```
pub use jurat_engine::json::{JsonError, JsonProblem, Syntax};

/// A [`SchemaError`] has a [`SchemaProblem`]; for a pattern, this has a [`PatternRefusal`].
///
/// ```
/// use jurat::causes::{PatternRefusal, SchemaError, SchemaProblem};
///
/// /// A pattern that must be written in another way.
/// fn pattern(error: &SchemaError) -> Option<&str> {
///     match &error.problem {
///         SchemaProblem::Pattern { pattern, refusal: PatternRefusal::TooLarge, .. } => Some(pattern.as_str()),
///         _ => None,
///     }
/// }
/// ```
pub use jurat_engine::schema::{PatternRefusal, Problem as SchemaProblem, SchemaError, SchemaWarning};

/// Its code is that of a result whose status is `ERROR`.
///
/// ```
/// use jurat::RuleResult;
/// use jurat::causes::Fault;
///
/// /// Whether the author of a rule should be told.
/// fn is_of_the_author(result: &RuleResult) -> bool {
///     let codes = [Fault::Trap, Fault::Output].map(Fault::code);
///     result.code.as_deref().is_some_and(|code| codes.contains(&code))
/// }
/// # assert!(Fault::Deadline.is_indeterminate() && !Fault::Trap.is_indeterminate());
/// ```
pub use jurat_model::Fault;

/// A [`RepositoryError`](crate::RepositoryError) may be a [`FilesError`], a [`SetupError`] or a [`StoredStateError`].
///
/// ```
/// use jurat::causes::{FilesError, SetupError, StoredStateError};
/// use jurat::{Blame, RepositoryError};
///
/// fn is_worth_another_attempt(error: &RepositoryError) -> bool {
///     match error {
///         RepositoryError::State(cause) => StoredStateError::is_busy(cause),
///         RepositoryError::Files(cause) => FilesError::blame(cause) == Blame::Transport,
///         RepositoryError::Setup(SetupError { .. }) => false,
///         other => other.blame() == Blame::Transport,
///     }
/// }
/// ```
pub use jurat_repository::{FilesError, SetupError, StoredStateError};

/// A [`LoadError`] has the [`Refusal`] of a component, with a [`CompileError`], a [`Mismatch`] or a [`WasiHint`].
///
/// ```
/// use jurat::causes::{CompileError, LoadError, Mismatch, Refusal, WasiHint};
///
/// fn advice(error: &LoadError) -> &'static str {
///     match &error.reason {
///         Refusal::Imports { hint: WasiHint::Sealed, .. } => "ask for sealed WASI in the release",
///         Refusal::Manifest(Mismatch::Rules { .. }) => "sign the component that was built last",
///         Refusal::Compile(CompileError::TooSlow { .. }) => "split the component",
///         _ => "see the message",
///     }
/// }
/// ```
pub use jurat_sandbox::{CompileError, LoadError, Mismatch, Refusal, WasiHint};

/// A [`ShapeError`] refuses a component before it is compiled; a [`WasmError`] says what cannot be read.
///
/// ```
/// use jurat::causes::{ShapeError, WasmError};
///
/// /// Whether a part of the file is missing or damaged.
/// fn is_broken(error: &ShapeError) -> bool {
///     matches!(error, ShapeError::Truncated | ShapeError::Malformed(WasmError { .. }))
/// }
/// assert!(is_broken(&ShapeError::Truncated) && !is_broken(&ShapeError::CoreModule));
/// ```
pub use jurat_sandbox::{ShapeError, WasmError};

/// Inside [`OpenError::Sandbox`](crate::OpenError::Sandbox).
///
/// ```
/// use jurat::OpenError;
/// use jurat::causes::SandboxError;
///
/// /// Whether the machine may have too little memory.
/// fn may_lack_memory(error: &OpenError) -> bool {
///     matches!(error.reason(), OpenError::Sandbox(SandboxError::Engine(_)))
/// }
/// # assert!(!may_lack_memory(&OpenError::BrokenOff));
/// ```
pub use jurat_sandbox::OpenError as SandboxError;

/// An [`UpdateError`] says why metadata or a release is not accepted; a [`SignatureError`], which signatures hold.
///
/// ```
/// use jurat::causes::{SignatureError, UpdateError};
///
/// /// Whether a person should look for an attack.
/// fn is_suspicious(error: &UpdateError) -> bool {
///     let is_forged = |SignatureError { invalid, .. }: &SignatureError| !invalid.is_empty();
///     match error {
///         UpdateError::Rollback { .. } | UpdateError::Altered { .. } => true,
///         UpdateError::Signatures { cause, .. } => is_forged(cause),
///         _ => false,
///     }
/// }
/// ```
pub use jurat_trust::{SignatureError, UpdateError};

/// A [`StateError`] says why a [`StateFile`] that a host has kept cannot be used; a [`StoreError`], that the store has failed.
///
/// ```
/// use jurat::causes::{StateError, StateFile, StoreError, UpdateError};
///
/// /// The method of `HostState` that helps, if the operator agrees.
/// fn remedy(error: &UpdateError) -> &'static str {
///     match error {
///         UpdateError::ClockSetBack { .. } | UpdateError::State { file: StateFile::Clock, .. } => "forget_clock",
///         UpdateError::State { cause: StateError::Format(_) | StateError::OtherRoot, .. } => "forget_metadata",
///         UpdateError::Store { cause: StoreError(_), .. } => "none: check the disk",
///         _ => "none",
///     }
/// }
/// ```
pub use jurat_trust::{StateError, StateFile, StoreError};

/// An [`EnvelopeError`], [`ManifestError`] or [`MetadataError`] is about a file of a repository; many have a [`FormatError`].
///
/// ```
/// use jurat::causes::{EnvelopeError, FormatError, ManifestError, MetadataError, UpdateError};
///
/// /// Whether a newer version of Jurat may be able to read it.
/// fn is_newer(error: &UpdateError) -> bool {
///     match error {
///         UpdateError::Envelope { cause: EnvelopeError::Format(FormatError::Unknown { .. }), .. } => true,
///         UpdateError::Manifest { cause: ManifestError::UnknownSchema { .. }, .. } => true,
///         UpdateError::Metadata { cause, .. } => matches!(**cause, MetadataError::SpecVersion { .. }),
///         _ => false,
///     }
/// }
/// ```
pub use jurat_trust::{EnvelopeError, FormatError, ManifestError, MetadataError};

/// A [`KeySetError`] is about the keys of a role, a [`KeyError`] about one key, perhaps with a [`KeyFormatError`] or an
/// [`EntropyError`].
///
/// ```
/// use jurat::causes::{EntropyError, KeyError, KeyFormatError, KeySetError, MetadataError};
///
/// fn advice(error: &MetadataError) -> &'static str {
///     match error {
///         MetadataError::Key { cause: KeyError::Weak | KeyError::PrivateForPublic, .. } => "replace the key",
///         MetadataError::Key { cause: KeyError::NotPublic(KeyFormatError { .. }), .. } => "send the public key again",
///         MetadataError::Key { cause: KeyError::Entropy(EntropyError { .. }), .. } => "repeat it",
///         MetadataError::Keys { cause: KeySetError::TooFewKeys { .. }, .. } => "add keys, or lower the threshold",
///         _ => "see the message",
///     }
/// }
/// ```
pub use jurat_trust::{EntropyError, KeyError, KeyFormatError, KeySetError};

/// From parsing the names of [`trust`](crate::trust).
///
/// ```
/// use jurat::causes::NameError;
/// use jurat::trust::{ReleaseName, TargetPath};
///
/// fn release_of(tenant: &str) -> Result<TargetPath, NameError> {
///     TargetPath::new(tenant, &"loan-rules".parse::<ReleaseName>()?)
/// }
/// assert!(release_of("t/acme").is_ok() && release_of("../acme").is_err());
/// ```
pub use jurat_trust::NameError;

/// Inside [`RepositoryError::Root`](crate::RepositoryError::Root).
///
/// ```
/// use jurat::RepositoryError;
/// use jurat::causes::AnchorError;
///
/// /// Whether the settings mean another root than the file that is there.
/// fn is_another_root(error: &RepositoryError) -> bool {
///     matches!(error, RepositoryError::Root { cause: AnchorError::Altered { .. }, .. })
/// }
/// ```
pub use jurat_trust::AnchorError;
