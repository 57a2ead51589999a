//! Names that a call takes: each of a type of its own, so that they cannot be swapped.

use std::fmt;

/// The name of an entity type, as in `loan`.
///
/// ```
/// use jurat::EntityType;
///
/// const LOAN: EntityType<'_> = EntityType::new("loan");
/// assert_eq!(LOAN.as_str(), "loan");
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EntityType<'a>(&'a str);

/// The name of a ruleset, as in `quick`.
///
/// Names and records cannot be mixed up:
///
/// ```no_run
/// # fn judge(service: &jurat::Service, record: &str) -> Result<(), jurat::CallError> {
/// use jurat::{EntityType, RulesetName};
///
/// service.validate(EntityType::new("loan"), record, RulesetName::new("quick"))?;
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # fn judge(service: &jurat::Service, record: &str) -> Result<(), jurat::CallError> {
/// use jurat::{EntityType, RulesetName};
///
/// service.validate(RulesetName::new("quick"), record, EntityType::new("loan"))?; // swapped
/// # Ok(())
/// # }
/// ```
///
/// ```compile_fail,E0308
/// # fn judge(service: &jurat::Service, record: &str) -> Result<(), jurat::CallError> {
/// service.validate("loan", record, "quick")?; // any text could be anything
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RulesetName<'a>(&'a str);

impl<'a> EntityType<'a> {
    /// The entity type of this name.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl<'a> RulesetName<'a> {
    /// The ruleset of this name.
    #[must_use]
    pub const fn new(name: &'a str) -> Self {
        Self(name)
    }

    /// The name as text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }
}

impl fmt::Display for EntityType<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.0)
    }
}

impl fmt::Display for RulesetName<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.0)
    }
}

impl From<EntityType<'_>> for String {
    fn from(EntityType(name): EntityType<'_>) -> Self {
        name.to_owned()
    }
}

impl From<RulesetName<'_>> for String {
    fn from(RulesetName(name): RulesetName<'_>) -> Self {
        name.to_owned()
    }
}
