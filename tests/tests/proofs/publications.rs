//! One release after the other, of which some cannot serve; and compilers that are killed.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use jurat_tests::operator::Operator;
use jurat_tests::publisher::Publisher;
use jurat_tests::server::Server;
use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::run::{Run, until};
use crate::scene::{LOANS, PUBLISHED};

/// The time between two publications.
const PAUSE: Duration = Duration::from_millis(300);

/// What is published.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// A release that serves.
    Good,
    /// A release that serves once nobody kills its compiler.
    Killed,
    /// A release that does not judge its test vectors as it says.
    Broken,
    /// A release with a component that no compiler accepts.
    NotCompiled,
}

/// What becomes of it.
#[derive(Debug)]
enum Outcome {
    Serves,
    /// The reasons.
    Refused(String),
}

/// Releases in an order. In front of each that is refused is one that serves, so a failure is that of the last one.
pub(crate) const ALL_KINDS: [Kind; 6] =
    [Kind::Good, Kind::Killed, Kind::Broken, Kind::Good, Kind::Killed, Kind::NotCompiled];

/// The numbers of releases, for clients that see them serve.
#[derive(Debug)]
pub(crate) struct Newest(Mutex<Numbers>);

#[derive(Debug)]
struct Numbers {
    good: u64,
    bad: BTreeSet<u64>,
}

/// The publisher, and what it sees of the server.
#[derive(Debug)]
pub(crate) struct Publications<'a> {
    publisher: &'a Publisher,
    server: &'a Server,
    newest: &'a Newest,
    /// Asks for the status.
    watcher: Operator,
    /// Asks for newer releases.
    operator: Operator,
    /// What is published, over and over.
    order: &'a [Kind],
    number: u64,
    counts: Counts,
}

/// How often.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    published: u64,
    switches: u64,
    broken: u64,
    not_compiled: u64,
    kills: u64,
    /// Kills for which a release was refused, until it was tried again.
    refused_for_kill: u64,
}

impl Default for Newest {
    fn default() -> Self {
        Self(Mutex::new(Numbers { good: 1, bad: BTreeSet::new() }))
    }
}

impl Newest {
    /// The newest release that can serve.
    pub(crate) fn good(&self) -> u64 {
        self.numbers().good
    }

    /// Whether this one can serve.
    pub(crate) fn may_serve(&self, number: u64) -> bool {
        let numbers = self.numbers();
        number <= numbers.good && !numbers.bad.contains(&number)
    }

    fn add(&self, number: u64, kind: Kind) {
        let mut numbers = self.numbers();
        match kind {
            Kind::Good | Kind::Killed => numbers.good = number,
            Kind::Broken | Kind::NotCompiled => _ = numbers.bad.insert(number),
        }
    }

    fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.0.lock().unwrap()
    }
}

impl<'a> Publications<'a> {
    /// A publisher of whose releases the first one serves.
    pub(crate) fn new(
        publisher: &'a Publisher,
        server: &'a Server,
        [watcher, operator]: [Operator; 2],
        newest: &'a Newest,
        order: &'a [Kind],
    ) -> Self {
        Self { publisher, server, newest, watcher, operator, order, number: 1, counts: Counts::default() }
    }

    pub(crate) fn publish_until_over(&mut self, run: &Run) {
        let _part = run.part();
        for (round, kind) in self.order.iter().copied().cycle().enumerate() {
            // All kinds, however short the run is.
            if run.is_over() && round >= self.order.len() {
                return;
            }
            // By the next poll, or by an operator.
            self.publish(kind, round % 2 == 1);
            run.pause(PAUSE);
        }
    }

    /// Publishes a last release, which serves.
    pub(crate) fn finish(mut self) -> Counts {
        assert_eq!(serving(&self.status()), self.newest.good());
        self.publish(Kind::Good, true);
        let Counts { kills, broken, not_compiled, .. } = self.counts;
        for (kind, count) in [(Kind::Killed, kills), (Kind::Broken, broken), (Kind::NotCompiled, not_compiled)] {
            assert!(count > 0 || !self.order.contains(&kind), "{kind:?}: {:?}", self.counts);
        }
        self.counts
    }

    fn publish(&mut self, kind: Kind, by_operator: bool) {
        self.number += 1;
        let number = self.number;
        self.newest.add(number, kind);
        match kind {
            Kind::Good | Kind::Killed => self.publisher.release_of_another_component(PUBLISHED, number),
            Kind::Broken => self.publisher.broken_release(PUBLISHED, number),
            Kind::NotCompiled => self.publisher.release_that_does_not_compile(PUBLISHED, number),
        };
        self.counts.published += 1;
        if by_operator {
            self.operator.ask_to_reload(LOANS);
        }
        let outcome = self.outcome(kind);
        let told = by_operator.then(|| self.operator.reloaded());
        self.check(kind, &outcome, told);
    }

    /// Waits until the release serves or is refused; kills its compiler if it is to be killed.
    fn outcome(&mut self, kind: Kind) -> Outcome {
        let mut is_killed = kind != Kind::Killed;
        until("the release serves or is refused", || {
            if !is_killed && let Some(compiler) = self.server.children().pop() {
                // It may have ended meanwhile.
                is_killed = kill_process(compiler, Signal::KILL).is_ok();
                self.counts.kills += u64::from(is_killed);
            }
            let status = self.status();
            if serving(&status) == self.number {
                return Some(Outcome::Serves);
            }
            // The failure of the release before this one is there until this one serves.
            let reasons = &status["failure"]["reasons"];
            (kind != Kind::Good && !reasons.is_null()).then(|| Outcome::Refused(reasons.to_string()))
        })
    }

    fn check(&mut self, kind: Kind, outcome: &Outcome, told: Option<Result<(), String>>) {
        let refusal = told.and_then(Result::err);
        assert!(refusal.as_ref().is_none_or(|refusal| refusal == "reload"), "{refusal:?}");
        match (kind, outcome) {
            (Kind::Good, Outcome::Serves) => {
                assert!(refusal.is_none(), "{refusal:?}");
                self.counts.switches += 1;
            }
            // Nobody has caught the compiler, or the next poll has already tried again.
            (Kind::Killed, Outcome::Serves) => self.counts.switches += 1,
            (Kind::Killed, Outcome::Refused(reasons)) => {
                assert!(reasons.contains("ended from outside"), "{reasons}");
                self.counts.refused_for_kill += 1;
                // An operator need not wait.
                self.operator.ask_to_reload(LOANS);
                assert_eq!(self.operator.reloaded(), Ok(()));
                assert_eq!(serving(&self.status()), self.number);
                self.counts.switches += 1;
            }
            (Kind::Broken, Outcome::Refused(reasons)) => {
                assert!(reasons.contains("vector"), "{reasons}");
                self.counts.broken += 1;
            }
            (Kind::NotCompiled, Outcome::Refused(reasons)) => {
                assert!(reasons.contains("compile"), "{reasons}");
                self.counts.not_compiled += 1;
            }
            (kind, outcome) => panic!("{kind:?}: {outcome:?}"),
        }
    }

    /// The status of the tenant.
    fn status(&mut self) -> Value {
        self.watcher.status(Some(LOANS))["tenants"][0].clone()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { published, switches, broken, not_compiled, kills, refused_for_kill } = self;
        write!(
            out,
            "releases: {published} published, {switches} switches, {broken} refused for their vectors, {not_compiled} refused by the \
             compiler; compilers killed: {kills}, of which {refused_for_kill} refused a release until it was tried again"
        )
    }
}

/// The number of the release that serves.
fn serving(status: &Value) -> u64 {
    let version = status["release"]["version"].as_str().unwrap_or_else(|| panic!("nothing serves: {status}"));
    version.split('.').next().unwrap().parse().unwrap()
}
