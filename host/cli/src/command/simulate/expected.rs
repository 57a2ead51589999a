//! The expected answers of a host to attacks.

use jurat_trust::{EnvelopeError, FormatError, MetadataError, Role, UpdateError};

/// A kind of refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Expected {
    /// A role lacks valid signatures.
    Signatures(Of),
    /// The signed payload is not metadata.
    PayloadType,
    /// A key signs twice.
    RepeatedKeyId,
    /// An envelope, which is not signed, repeats a member.
    RepeatedInEnvelope,
    /// A signed payload repeats a member.
    RepeatedInPayload,
    /// A file does not match its digest.
    OtherBytes,
    /// A file is too short.
    Truncated,
    /// A file is too long.
    TooLong,
    /// A file is missing.
    Missing,
    /// The version of a role decreases.
    Rollback(Of),
    /// A root does not have the next version.
    RootSkipped,
    /// Metadata was signed for another repository.
    WrongRepository,
    /// Files of different publications are mixed.
    Mismatch,
    /// A role disappeared.
    Vanished,
    /// Metadata has expired.
    Expired(Of),
    /// The clock was set back.
    ClockSetBack,
    /// A release is not listed by its own tenant.
    Unlisted,
    /// A release was revoked.
    Revoked,
    /// A revocation was withdrawn.
    Unrevoked,
}

/// The role whose metadata is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    Any,
    Root,
    Timestamp,
    Snapshot,
    Targets,
    Tenant,
}

impl Expected {
    /// Whether an error is the expected one.
    pub(super) fn matches(self, error: &UpdateError) -> bool {
        match (self, error) {
            (Self::Signatures(of), UpdateError::Signatures { role, .. })
            | (Self::Rollback(of), UpdateError::Rollback { role, .. })
            | (Self::Expired(of), UpdateError::Expired { role, .. }) => of.is(role),
            (Self::RepeatedInEnvelope, UpdateError::Envelope { cause: EnvelopeError::Format(format), .. }) => {
                is_repeated(format)
            }
            (Self::RepeatedInPayload, UpdateError::Metadata { cause, .. }) => {
                matches!(&**cause, MetadataError::Format(format) if is_repeated(format))
            }
            (Self::PayloadType, UpdateError::Envelope { cause: EnvelopeError::PayloadType { .. }, .. })
            | (Self::RepeatedKeyId, UpdateError::Envelope { cause: EnvelopeError::RepeatedKeyId { .. }, .. })
            // The length is checked before the digest.
            | (
                Self::OtherBytes,
                UpdateError::Altered { .. } | UpdateError::Truncated { .. } | UpdateError::TooLong { .. },
            )
            | (Self::Truncated, UpdateError::Truncated { .. })
            | (Self::TooLong, UpdateError::TooLong { .. })
            | (Self::Missing, UpdateError::Missing { .. })
            | (Self::RootSkipped, UpdateError::RootSkipped { .. })
            | (Self::WrongRepository, UpdateError::WrongRepository { .. })
            | (Self::Mismatch, UpdateError::SnapshotMismatch { .. })
            | (Self::Vanished, UpdateError::Vanished { .. })
            | (Self::ClockSetBack, UpdateError::ClockSetBack { .. })
            | (Self::Unlisted, UpdateError::UnknownRelease { .. } | UpdateError::NotDelegated { .. })
            | (Self::Revoked, UpdateError::Revoked { .. })
            | (Self::Unrevoked, UpdateError::Unrevoked { .. }) => true,
            _ => false,
        }
    }

    /// A name for programs.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signatures(_) => "signatures",
            Self::PayloadType => "payload_type",
            Self::RepeatedKeyId => "repeated_key_id",
            Self::RepeatedInEnvelope | Self::RepeatedInPayload => "repeated_member",
            Self::OtherBytes => "altered",
            Self::Truncated => "truncated",
            Self::TooLong => "too_long",
            Self::Missing => "missing",
            Self::Rollback(_) => "rollback",
            Self::RootSkipped => "root_skipped",
            Self::WrongRepository => "wrong_repository",
            Self::Mismatch => "mismatch",
            Self::Vanished => "vanished",
            Self::Expired(_) => "expired",
            Self::ClockSetBack => "clock_set_back",
            Self::Unlisted => "unlisted",
            Self::Revoked => "revoked",
            Self::Unrevoked => "unrevoked",
        }
    }

    /// The rule that the host enforces, for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Signatures(of) => match of {
                Of::Root => "root must be signed by the keys of the previous root",
                Of::Tenant => "releases must be signed by the tenant",
                _ => "metadata must be signed by its own keys",
            },
            Self::PayloadType => "the signed payload must be metadata",
            Self::RepeatedKeyId => "a key may sign only once",
            Self::RepeatedInEnvelope | Self::RepeatedInPayload => "ambiguous JSON is refused",
            Self::OtherBytes => "a file must match its digest",
            Self::Truncated => "a file must be complete",
            Self::TooLong => "reading stops at the size limit",
            Self::Missing => "a release needs all its files",
            Self::Rollback(_) => "versions never decrease",
            Self::RootSkipped => "roots are accepted one by one",
            Self::WrongRepository => "metadata must be signed for this repository",
            Self::Mismatch => "files of different publications are not mixed",
            Self::Vanished => "a role that was listed must stay listed",
            Self::Expired(_) => "expired metadata is refused",
            Self::ClockSetBack => "a clock that was set back is refused",
            Self::Unlisted => "only the tenant of a path may list it",
            Self::Revoked => "a revoked release is never used",
            Self::Unrevoked => "a revocation is permanent",
        }
    }
}

impl Of {
    fn is(self, role: &Role) -> bool {
        match self {
            Self::Any => true,
            Self::Root => *role == Role::Root,
            Self::Timestamp => *role == Role::Timestamp,
            Self::Snapshot => *role == Role::Snapshot,
            Self::Targets => *role == Role::Targets,
            Self::Tenant => matches!(role, Role::Delegated(_)),
        }
    }
}

fn is_repeated(error: &FormatError) -> bool {
    matches!(error, FormatError::RepeatedMember { .. })
}
