//! One thing that was looked at, and what to do about it.

use std::io::{self, Write};

use serde::Serialize;

use crate::exit::Exit;
use crate::table::plain;

/// Characters of foreign text that are shown.
const SHOWN: usize = 1_000;

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<String>,
    about: String,
    what: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    Ok,
    /// Something should be done soon.
    Warning,
    /// Hosts refuse it, or cannot get it.
    Problem,
}

impl Finding {
    /// All is well.
    pub(super) fn ok(about: impl ToString, what: impl Into<String>) -> Self {
        Self::new(State::Ok, Exit::Fine, about, what)
    }

    /// Something should be done soon.
    pub(super) fn warning(about: impl ToString, what: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..Self::new(State::Warning, Exit::Failed, about, what) }
    }

    /// Hosts refuse it.
    pub(super) fn refused(about: impl ToString, what: impl Into<String>) -> Self {
        Self::new(State::Problem, Exit::Trust, about, what)
    }

    /// Hosts cannot get it, or this machine is not as it must be.
    pub(super) fn broken(about: impl ToString, what: impl Into<String>) -> Self {
        Self::new(State::Problem, Exit::Host, about, what)
    }

    /// The same with what to do about it.
    pub(super) fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }

    /// The same for one of several tenants.
    pub(super) fn of_tenant(self, name: &str) -> Self {
        Self { tenant: Some(name.to_owned()), ..self }
    }

    /// How bad it is.
    #[cfg(test)]
    pub(super) fn state(&self) -> State {
        self.state
    }

    /// Writes it for people.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { state, tenant, about, what, advice, .. } = self;
        let state = match state {
            State::Ok => "ok     ",
            State::Warning => "WARNING",
            State::Problem => "PROBLEM",
        };
        let tenant = tenant.as_ref().map(|tenant| format!("{}: ", plain(tenant, SHOWN))).unwrap_or_default();
        writeln!(out, "{state}  {tenant}{}: {}", plain(about, SHOWN), plain(what, SHOWN))?;
        match advice {
            Some(advice) => writeln!(out, "         {}", plain(advice, SHOWN)),
            None => Ok(()),
        }
    }

    #[expect(clippy::needless_pass_by_value, reason = "roles, addresses and texts are handed over as they are")]
    fn new(state: State, exit: Exit, about: impl ToString, what: impl Into<String>) -> Self {
        Self { state, tenant: None, about: about.to_string(), what: what.into(), advice: None, exit }
    }
}

/// What all of it means for a script.
pub(super) fn exit(findings: &[Finding]) -> Exit {
    let worst_first = [Exit::Trust, Exit::Host, Exit::Failed];
    let found = |exit: &Exit| findings.iter().any(|finding| finding.exit == *exit);
    worst_first.into_iter().find(found).unwrap_or(Exit::Fine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_decides_how_it_ends() {
        let all = [
            Finding::ok("a", "b"),
            Finding::warning("a", "b", "c"),
            Finding::broken("a", "b"),
            Finding::refused("a", "b"),
        ];
        for (count, expected) in [Exit::Fine, Exit::Fine, Exit::Failed, Exit::Host, Exit::Trust].into_iter().enumerate()
        {
            assert_eq!(exit(&all[..count]), expected, "{count}");
        }
    }
}
