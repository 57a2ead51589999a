//! Rulesets: which rules judge which records, and which of them wait for others.

mod check;
mod config;
mod error;
mod list;

pub use config::{BusinessConfig, RuleNode, Ruleset, UnknownSchema};
pub use error::{MAX_LEVELS, MAX_RULES, RulesetError, RulesetProblem};
pub use jurat_model::KeyPath;
pub use list::{CheckedRuleset, Node, RuleList, Rulesets};

#[cfg(test)]
mod tests;
