//! How many requests and records a principal may have in a minute.

use std::num::NonZeroU64;

/// What is counted: kinds of requests, each by itself, and records.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum RateClass {
    /// Requests that judge one record.
    Validate,
    /// Requests that judge many records.
    Batch,
    /// Requests that show rules and rulesets.
    Discover,
    /// Requests that show the status, or decide which release serves.
    Admin,
    /// The records of requests that judge many.
    Records,
}

/// Numbers for some classes: how often each may happen in a minute.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Rates([Option<NonZeroU64>; RateClass::ALL.len()]);

impl RateClass {
    /// All classes.
    pub const ALL: [Self; 5] = [Self::Validate, Self::Batch, Self::Discover, Self::Admin, Self::Records];

    /// Its name in settings, key files and messages. It does not change.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Batch => "batch",
            Self::Discover => "discover",
            Self::Admin => "admin",
            Self::Records => "records",
        }
    }

    /// The class with a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl Rates {
    /// The usual numbers: 600 validations, 60 batches, 120 discoveries and 30 calls of administration, and 10,000,000 records.
    pub const USUAL: Self = {
        const fn some(rate: u64) -> Option<NonZeroU64> {
            NonZeroU64::new(rate)
        }
        Self([some(600), some(60), some(120), some(30), some(10_000_000)])
    };

    /// The number for a class; none = there is none of its own.
    #[must_use]
    pub fn get(self, class: RateClass) -> Option<NonZeroU64> {
        self.0.get(class as usize).copied().flatten()
    }

    /// The same, with a number for a class.
    #[must_use]
    pub fn with(mut self, class: RateClass, per_minute: NonZeroU64) -> Self {
        if let Some(kept) = self.0.get_mut(class as usize) {
            *kept = Some(per_minute);
        }
        self
    }

    /// The same, without a number for a class.
    #[must_use]
    pub fn without(mut self, class: RateClass) -> Self {
        if let Some(kept) = self.0.get_mut(class as usize) {
            *kept = None;
        }
        self
    }

    /// Whether there is no number.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}
