//! One check, its result, and advice.

use std::io::{self, Write};

use jurat_results::plain;
use serde::Serialize;

use crate::exit::Exit;

/// The longest foreign text, in characters.
const SHOWN: usize = 1_000;

/// The result of one check.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    state: CheckState,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    about: String,
    what: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CheckState {
    Ok,
    /// Act soon.
    Warning,
    /// Hosts refuse it, or cannot reach it.
    Problem,
}

impl Check {
    /// Passed.
    pub(super) fn ok(about: impl ToString, what: impl Into<String>) -> Self {
        Self::new(CheckState::Ok, Exit::Success, about, what)
    }

    /// Act soon.
    pub(super) fn warning(about: impl ToString, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(CheckState::Warning, Exit::Failed, about, what) }
    }

    /// Hosts refuse it.
    pub(super) fn refused(about: impl ToString, what: impl Into<String>) -> Self {
        Self::new(CheckState::Problem, Exit::Trust, about, what)
    }

    /// Hosts cannot reach it, or this machine has a problem.
    pub(super) fn broken(about: impl ToString, what: impl Into<String>) -> Self {
        Self::new(CheckState::Problem, Exit::Host, about, what)
    }

    /// Adds advice.
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// Adds the tenant, if there are several.
    pub(super) fn of_tenant(self, name: &str) -> Self {
        Self { tenant: Some(name.to_owned()), ..self }
    }

    /// Its state.
    #[cfg(test)]
    pub(super) fn state(&self) -> CheckState {
        self.state
    }

    /// Writes it for people.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { state, tenant, about, what, advice, .. } = self;
        let state = match state {
            CheckState::Ok => "ok     ",
            CheckState::Warning => "WARNING",
            CheckState::Problem => "PROBLEM",
        };
        let tenant = tenant.as_ref().map(|tenant| format!("{}: ", plain(tenant, SHOWN))).unwrap_or_default();
        writeln!(out, "{state}  {tenant}{}: {}", plain(about, SHOWN), plain(what, SHOWN))?;
        match advice {
            Some(advice) => writeln!(out, "         {}", plain(advice, SHOWN)),
            None => Ok(()),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "callers pass roles, URLs and texts")]
    fn new(state: CheckState, exit: Exit, about: impl ToString, what: impl Into<String>) -> Self {
        Self { state, tenant: None, about: about.to_string(), what: what.into(), advice: None, exit }
    }
}

/// The exit code of all checks.
pub(super) fn exit(checks: &[Check]) -> Exit {
    let worst_first = [Exit::Trust, Exit::Host, Exit::Failed];
    let found = |exit: &Exit| checks.iter().any(|check| check.exit == *exit);
    worst_first.into_iter().find(found).unwrap_or(Exit::Success)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_check_decides_the_exit_code() {
        let all =
            [Check::ok("a", "b"), Check::warning("a", "b", "c"), Check::broken("a", "b"), Check::refused("a", "b")];
        for (count, expected) in
            [Exit::Success, Exit::Success, Exit::Failed, Exit::Host, Exit::Trust].into_iter().enumerate()
        {
            assert_eq!(exit(&all[..count]), expected, "{count}");
        }
    }
}
