//! What a host should say to an attack.

use jurat_trust::{EnvelopeError, FormatError, MetadataError, Role, UpdateError};

/// A kind of refusal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Refusal {
    /// A role is not signed by those who may.
    Signatures(Of),
    /// What was signed is no metadata.
    PayloadType,
    /// A key signs twice.
    RepeatedKeyId,
    /// A member is twice in an envelope, which nobody has signed.
    RepeatedInEnvelope,
    /// A member is twice in a payload, which was signed.
    RepeatedInPayload,
    /// A file is not the one that was signed.
    OtherBytes,
    /// A file ends too early.
    Truncated,
    /// A file goes on where it should end.
    TooLong,
    /// A file is not there.
    Missing,
    /// A role goes back.
    Rollback(Of),
    /// A root is not the one after the last.
    RootSkipped,
    /// It was signed for another repository.
    WrongRepository,
    /// Parts of different moments are mixed.
    Mismatch,
    /// A role is gone.
    Vanished,
    /// It has expired.
    Expired(Of),
    /// The clock has gone back.
    ClockSetBack,
    /// Nobody who may list it does.
    Unlisted,
    /// It has been revoked.
    Revoked,
    /// It would bring back what was revoked.
    Unrevoked,
}

/// Whose metadata is refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Of {
    Any,
    Root,
    Timestamp,
    Snapshot,
    Targets,
    Tenant,
}

impl Refusal {
    /// Whether a host has said it.
    pub(super) fn is(self, error: &UpdateError) -> bool {
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
            // Another file need not have the same length, which is looked at first.
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

    /// For programs.
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

    /// For people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Signatures(of) => match of {
                Of::Root => "the keys of the root before have not signed",
                Of::Tenant => "the tenant's keys have not signed",
                _ => "those who may have not signed",
            },
            Self::PayloadType => "what was signed is no metadata",
            Self::RepeatedKeyId => "no key signs twice",
            Self::RepeatedInEnvelope | Self::RepeatedInPayload => "what has two meanings is not read",
            Self::OtherBytes => "it is not the file that was signed",
            Self::Truncated => "it ends too early",
            Self::TooLong => "reading stops where the file should end",
            Self::Missing => "the release is not used without it",
            Self::Rollback(_) => "nothing goes back",
            Self::RootSkipped => "no root is left out, and none comes twice",
            Self::WrongRepository => "it was signed for another repository",
            Self::Mismatch => "parts of different moments are not mixed",
            Self::Vanished => "what was listed once is listed for ever",
            Self::Expired(_) => "what has expired does not count",
            Self::ClockSetBack => "the clock does not go back",
            Self::Unlisted => "nobody but the path's own tenant is asked",
            Self::Revoked => "what was revoked is not used",
            Self::Unrevoked => "what was revoked stays so",
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
