//! What the service has for one tenant: the release that serves, those before it, and how to get the next one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jurat_engine::Lane;
use jurat_sandbox::Sandbox;
use url::Url;

use super::call::CallError;
use super::generation::{Absence, Generation, Serving};
use super::load::{Choice, Findings, Looked, Rules, Switch};
use super::related::{Network, Related};
use super::{Clock, OpenError, Reload};
use crate::data::DataSource;
use crate::repository::Pin;
use crate::settings::TenantSettings;

/// One tenant.
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) settings: TenantSettings,
    pub(super) data: DataSource,
    /// Its way to the workers.
    pub(super) lane: Lane,
    related: OnceLock<Related>,
    rules: Rules,
    serving: ArcSwap<Serving>,
    /// Held while the repository is asked, by one at a time.
    asking: Mutex<()>,
    /// Held while it is decided what serves. Nobody waits for a repository meanwhile.
    deciding: Mutex<()>,
    progress: Mutex<Progress>,
}

/// What became of the attempts to get a newer release.
struct Progress {
    /// How many have begun.
    begun: u64,
    /// The number of the last one that has ended, and how.
    ended: (u64, Result<Reload, Arc<OpenError>>),
    /// How many releases have served.
    generations: u64,
    /// When it was last known that nothing newer is there.
    checked: Timestamp,
    failure: Option<Failure>,
    previous: VecDeque<Arc<Generation>>,
    pin: Option<Pin>,
}

/// What a decision is made by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Source {
    /// What the repository said just now.
    Repository,
    /// What this host remembers.
    Memory,
}

/// Why there is nothing newer although somebody has looked.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) at: Timestamp,
    pub(super) error: Arc<OpenError>,
}

/// What is known of a tenant at a moment.
pub(super) struct Snapshot {
    pub(super) serving: Arc<Serving>,
    pub(super) generations: u64,
    pub(super) previous: Vec<Arc<Generation>>,
    pub(super) checked: Timestamp,
    pub(super) failure: Option<Failure>,
    pub(super) pin: Option<Pin>,
}

impl Tenant {
    /// The tenant, which serves nothing yet.
    pub(super) fn new(name: &str, rules: Rules, data: DataSource, lane: Lane, now: Timestamp) -> Self {
        let settings = rules.settings().clone();
        Self {
            name: name.to_owned(),
            data,
            lane,
            related: OnceLock::new(),
            rules,
            serving: ArcSwap::from_pointee(Serving::Nothing(Absence::NotReady(Arc::new(OpenError::BrokenOff)))),
            asking: Mutex::new(()),
            deciding: Mutex::new(()),
            progress: Mutex::new(Progress {
                begun: 0,
                ended: (0, Ok(Reload::Unchanged)),
                generations: 0,
                checked: now,
                failure: None,
                previous: VecDeque::new(),
                pin: None,
            }),
            settings,
        }
    }

    /// Makes ready what related entities are fetched with.
    ///
    /// # Errors
    /// When its configuration cannot be had or used.
    pub(super) fn relate(&self, network: &Network) -> Result<(), OpenError> {
        let Some(source) = &self.settings.coordination else { return Ok(()) };
        let related = Related::open(&self.name, source, network, self.coordination_base_url().as_ref())?;
        let _ = self.related.set(related);
        Ok(())
    }

    /// What related entities are fetched with, if there is something.
    pub(super) fn related(&self) -> Option<&Related> {
        self.related.get()
    }

    /// What calls are served with.
    pub(super) fn serving(&self) -> Arc<Serving> {
        self.serving.load_full()
    }

    /// Looks for a newer release, and switches to it if it is in order; else the one that serves goes on serving.
    ///
    /// Who asks while somebody else is looking waits, and shares the outcome of the next look: a look that had begun before
    /// the question may have missed what it is about.
    pub(super) fn reload(&self, sandbox: &Sandbox, clock: &Clock, kept: u32) -> Result<Reload, Arc<OpenError>> {
        let asked = self.progress().begun;
        let _alone = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = {
            let mut progress = self.progress();
            if progress.ended.0 > asked {
                return progress.ended.1.clone();
            }
            progress.begun += 1;
            progress.begun
        };
        let now = clock.now();
        let (serving, known) = (self.serving(), self.known());
        let asked = on_own_thread(|| Ok(self.rules.ask(sandbox, now, serving.release(), &known)));
        let outcome = self.decide(asked, sandbox, now, kept, Source::Repository);
        self.progress().ended = (mine, outcome.clone());
        outcome
    }

    /// Reads the configuration of the coordination service again.
    pub(super) fn reread_related(&self) {
        if let Some(related) = self.related() {
            related.reread(self.coordination_base_url().as_ref());
        }
    }

    /// Holds on to a release, whatever the repository lists, until it is let go.
    pub(super) fn pin(&self, pin: &Pin, sandbox: &Sandbox, clock: &Clock, kept: u32) -> Result<Reload, CallError> {
        let repository = self.rules.repository().ok_or(CallError::Unpinnable)?;
        repository.set_pin(Some(pin)).map_err(|error| CallError::Pin(Arc::new(error)))?;
        self.settle(sandbox, clock, kept).map_err(CallError::Reload)
    }

    /// Lets the pinned release go.
    pub(super) fn unpin(&self, sandbox: &Sandbox, clock: &Clock, kept: u32) -> Result<Reload, CallError> {
        let repository = self.rules.repository().ok_or(CallError::Unpinnable)?;
        repository.set_pin(None).map_err(|error| CallError::Pin(Arc::new(error)))?;
        let settled = self.settle(sandbox, clock, kept);
        // The newest one may be one that this host has never had.
        match self.reload(sandbox, clock, kept).map_err(CallError::Reload)? {
            Reload::Unchanged => settled.map_err(CallError::Reload),
            Reload::Switched => Ok(Reload::Switched),
        }
    }

    /// Whether somebody, in this process or another, has pinned or let go a release since the last look.
    pub(super) fn is_repinned(&self) -> bool {
        self.rules.repository().is_some_and(|repository| repository.is_repinned())
    }

    /// Whether somebody holds on to a release.
    pub(super) fn is_pinned(&self) -> bool {
        self.progress().pin.is_some()
    }

    /// What is known at this moment.
    pub(super) fn snapshot(&self) -> Snapshot {
        let progress = self.progress();
        Snapshot {
            serving: self.serving(),
            generations: progress.generations,
            previous: progress.previous.iter().cloned().collect(),
            checked: progress.checked,
            failure: progress.failure.clone(),
            pin: progress.pin.clone(),
        }
    }

    /// Where the rules come from.
    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    fn coordination_base_url(&self) -> Option<Url> {
        self.serving().release().and_then(|generation| generation.coordination_base_url.clone())
    }

    /// Decides what serves by what this host knows already: at once, whatever becomes of the repository.
    pub(super) fn settle(&self, sandbox: &Sandbox, clock: &Clock, kept: u32) -> Result<Reload, Arc<OpenError>> {
        let serving = self.serving();
        let recalled = on_own_thread(|| Ok(self.rules.recall(sandbox, serving.release())));
        self.decide(recalled, sandbox, clock.now(), kept, Source::Memory)
    }

    fn decide(
        &self,
        findings: Result<Findings, OpenError>,
        sandbox: &Sandbox,
        now: Timestamp,
        kept: u32,
        source: Source,
    ) -> Result<Reload, Arc<OpenError>> {
        let _alone = self.deciding.lock().unwrap_or_else(PoisonError::into_inner);
        let (serving, known) = (self.serving(), self.known());
        let findings = findings.unwrap_or_else(Findings::failed);
        let looked = on_own_thread(|| Ok(self.rules.decide(findings, sandbox, now, serving.release(), &known)))
            .unwrap_or_else(Looked::failed);
        self.conclude(&serving, looked, now, kept, source)
    }

    /// Earlier releases that are ready.
    fn known(&self) -> Vec<Arc<Generation>> {
        self.progress().previous.iter().cloned().collect()
    }

    fn conclude(
        &self,
        serving: &Serving,
        looked: Looked,
        now: Timestamp,
        kept: u32,
        source: Source,
    ) -> Result<Reload, Arc<OpenError>> {
        let Looked { choice, standing, pin, failure } = looked;
        let mut progress = self.progress();
        progress.pin = pin;
        let failure = failure.map(Arc::new);
        let reload = match choice {
            Choice::Same => {
                if let (Some(generation), Some(standing)) = (serving.release(), standing) {
                    self.serving.store(Arc::new(Serving::Release(Arc::new(generation.renewed(standing)))));
                } else if let (Serving::Nothing(Absence::NotReady(_)), Some(error)) = (serving, &failure) {
                    self.serving.store(Arc::new(Serving::Nothing(Absence::NotReady(Arc::clone(error)))));
                }
                Reload::Unchanged
            }
            Choice::Switch(switch) => {
                let Switch { loaded, number } = *switch;
                progress.generations += 1;
                let number = number.unwrap_or(progress.generations);
                let next = Generation::new(number, loaded, now, standing);
                next.identity.log(&self.name, next.standing.as_ref());
                let next = Arc::new(next);
                progress.previous.retain(|earlier| earlier.identity.manifest != next.identity.manifest);
                self.serving.store(Arc::new(Serving::Release(Arc::clone(&next))));
                if let Some(before) = serving.release()
                    && !self.rules.is_revoked(before)
                {
                    progress.previous.push_front(Arc::clone(before));
                }
                Reload::Switched
            }
            Choice::Drop { manifest } => {
                if serving.release().is_some() {
                    tracing::error!(tenant = self.name, manifest, "the release was revoked, and there is no other");
                }
                self.serving.store(Arc::new(Serving::Nothing(Absence::Revoked { manifest })));
                Reload::Switched
            }
        };
        progress.previous.retain(|earlier| !self.rules.is_revoked(earlier));
        progress.previous.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
        match failure {
            None => {
                if source == Source::Repository {
                    (progress.checked, progress.failure) = (now, None);
                }
                Ok(reload)
            }
            Some(error) => {
                let reasons = error.messages().join("; ");
                // Once for each reason, not at every look.
                if progress.failure.as_ref().is_none_or(|last| last.error.messages() != error.messages()) {
                    if self.serving().release().is_some() {
                        let consequence = "the release that serves goes on: the next one is not used";
                        tracing::error!(tenant = self.name, reasons, "{consequence}");
                    } else {
                        // Whoever opens the service is told as well, and may not want to hear it twice.
                        let consequence = "there is no release that can be used";
                        tracing::error!(target: "jurat::not_ready", tenant = self.name, reasons, "{consequence}");
                    }
                }
                progress.failure = Some(Failure { at: now, error: Arc::clone(&error) });
                Err(error)
            }
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Tenant")
            .field("name", &self.name)
            .field("serving", &self.serving.load())
            .finish_non_exhaustive()
    }
}

/// Loading may wait for a child process, and asks components what they hold: neither belongs on a thread of somebody's async
/// runtime, which also refuses to be waited for on its own threads.
fn on_own_thread<T: Send>(load: impl FnOnce() -> Result<T, OpenError> + Send) -> Result<T, OpenError> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("jurat-load".to_owned()).spawn_scoped(scope, load);
        let loaded = thread.map_err(OpenError::Workers)?.join();
        loaded.unwrap_or(Err(OpenError::BrokenOff))
    })
}
