//! The coordination service, which fails and comes back, and what clients must see of that.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jurat_tests::coordination_service::{Behavior, CoordinationService, FACILITY};
use jurat_tests::operator::Operator;
use jurat_tests::site::Site;
use serde_json::Value;

use crate::run::{Run, until};

/// The id of all records for which the service is asked.
pub(super) const ID: &str = "LOAN-1001";
/// How long it fails, and how long it works.
const PHASE: Duration = Duration::from_millis(700);
/// What it does instead of answering, one after the other.
const FAILURES: [Behavior; 3] =
    [Behavior::Status(503, ""), Behavior::Resets, Behavior::Status(500, "Connection: close\r\n")];

/// What requests meet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Works,
    /// It fails, or fails no more, and the server may not know that yet.
    Changes,
    Fails,
}

/// The service.
pub(super) struct Outages {
    service: CoordinationService,
    /// How often the phase was another one, and what it is.
    phase: Mutex<(usize, Phase)>,
}

impl Outages {
    pub(super) fn start() -> Self {
        Self { service: CoordinationService::start(), phase: Mutex::new((0, Phase::Works)) }
    }

    /// Writes the settings with which a server asks the service. Gives the lines that a tenant has for that.
    pub(super) fn configure(&self, site: &Site) -> String {
        let host = self.service.host();
        site.write(
            "coordination.yaml",
            format!(
                "enabled: true\nbase_url: http://{host}\ntimeout_ms: 20000\nretry_attempts: 2\nretry: {{base_ms: 1, cap_ms: \
                 1}}\nbreaker: {{open_seconds: 1}}\n"
            ),
        );
        format!("    coordination_service_config_uri: coordination.yaml\n    coordination_hosts: [\"{host}\"]\n")
    }

    /// Fails and works, until the run is over. Then it works. Gives how often it has failed.
    pub(super) fn fail_until_over(&self, run: &Run, mut watcher: Operator) -> usize {
        let _part = run.part();
        for (outage, failure) in FAILURES.into_iter().cycle().enumerate() {
            // Once, however short the run is.
            if run.is_over() && outage > 0 {
                return outage;
            }
            run.pause(PHASE);
            self.change(failure, &mut watcher, "open", Phase::Fails);
            run.pause(PHASE);
            self.change(Behavior::Answers(FACILITY), &mut watcher, "closed", Phase::Works);
        }
        unreachable!("failures come again and again")
    }

    /// The present phase, to be compared with that of another moment.
    pub(super) fn phase(&self) -> (usize, Phase) {
        *self.locked()
    }

    /// Does something else from now on. Once the server's breaker shows that the server has noticed, this is the phase.
    fn change(&self, behavior: Behavior, watcher: &mut Operator, breaker: &str, next: Phase) {
        self.begin(Phase::Changes);
        self.service.on(ID, &[behavior]);
        until("the breaker shows it", || {
            let status = watcher.status(None);
            (status["tenants"][0]["coordination"]["breaker"] == breaker).then_some(())
        });
        self.begin(next);
    }

    fn begin(&self, next: Phase) {
        let mut phase = self.locked();
        *phase = (phase.0 + 1, next);
    }

    fn locked(&self) -> MutexGuard<'_, (usize, Phase)> {
        self.phase.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Phase {
    /// Checks the result of the rule that needs the service. Gives whether it ran.
    pub(super) fn check(self, rule: &Value) -> bool {
        const CODES: [&str; 2] = ["coordination_unavailable", "coordination_breaker_open"];
        let has_run = rule["status"] == "PASS";
        let is_refused = rule["status"] == "NORUN"
            && rule["indeterminate"] == true
            && rule["code"].as_str().is_some_and(|code| CODES.contains(&code));
        let is_right = match self {
            Self::Works => has_run,
            Self::Changes => has_run || is_refused,
            Self::Fails => is_refused,
        };
        assert!(is_right, "{self:?}: {rule}");
        has_run
    }
}
