//! What the service has for one tenant: the release that serves, those before it, and how to get the next one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;
use jiff::Timestamp;
use jurat_engine::Release;
use jurat_sandbox::Sandbox;
use url::Url;

use super::load::{self, Loaded};
use super::related::{Network, Related};
use super::{Clock, Identity, OpenError, Reload};
use crate::data::DataSource;
use crate::settings::TenantSettings;

/// One release in service. It never changes: the next one is a generation of its own, and calls end on the one that they began with.
#[derive(Debug)]
pub(super) struct Generation {
    /// Counted from 1, for each tenant.
    pub(super) number: u64,
    pub(super) release: Arc<Release>,
    pub(super) identity: Identity,
    pub(super) since: Timestamp,
    /// Where records may be sent, in the words of those who have signed the release.
    pub(super) coordination_base_url: Option<Url>,
}

/// One tenant.
pub(super) struct Tenant {
    pub(super) name: String,
    pub(super) settings: TenantSettings,
    pub(super) data: DataSource,
    pub(super) related: Option<Related>,
    serving: ArcSwap<Generation>,
    /// Held while a release is loaded, by one at a time.
    reload: Mutex<()>,
    progress: Mutex<Progress>,
}

/// What became of the attempts to get a newer release.
struct Progress {
    /// How many have begun.
    begun: u64,
    /// The number of the last one that has ended, and how.
    ended: (u64, Result<Reload, Arc<OpenError>>),
    /// When it was last known that nothing newer is there.
    checked: Timestamp,
    failure: Option<Failure>,
    previous: VecDeque<Arc<Generation>>,
}

/// Why there is nothing newer although somebody has looked.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) at: Timestamp,
    pub(super) error: Arc<OpenError>,
}

/// What is known of a tenant at a moment.
pub(super) struct Snapshot {
    pub(super) serving: Arc<Generation>,
    pub(super) previous: Vec<Arc<Generation>>,
    pub(super) checked: Timestamp,
    pub(super) failure: Option<Failure>,
}

impl Tenant {
    /// Loads the tenant's release. Nothing is served unless everything is in order.
    pub(super) fn open(
        name: &str,
        settings: &TenantSettings,
        sandbox: &Sandbox,
        now: Timestamp,
        (data, network): (DataSource, &Network),
    ) -> Result<Self, OpenError> {
        let loaded = on_own_thread(|| load::load(settings, sandbox, now, None))?;
        // Without a release to compare with, there is always one that is loaded.
        let loaded = loaded.ok_or(OpenError::BrokenOff)?;
        let first = Generation::new(1, loaded, now);
        first.identity.log(name);
        let source = settings.coordination.as_ref();
        let related = source
            .map(|source| Related::open(name, source, network, first.coordination_base_url.as_ref()))
            .transpose()?;
        Ok(Self {
            name: name.to_owned(),
            settings: settings.clone(),
            data,
            related,
            serving: ArcSwap::from_pointee(first),
            reload: Mutex::new(()),
            progress: Mutex::new(Progress {
                begun: 0,
                ended: (0, Ok(Reload::Unchanged)),
                checked: now,
                failure: None,
                previous: VecDeque::new(),
            }),
        })
    }

    /// The release that serves.
    pub(super) fn serving(&self) -> Arc<Generation> {
        self.serving.load_full()
    }

    /// Looks for a newer release, and switches to it if it is in order; else the one that serves goes on serving.
    ///
    /// Who asks while somebody else is looking waits, and shares the outcome of the next look: a look that had begun before
    /// the question may have missed what it is about.
    pub(super) fn reload(&self, sandbox: &Sandbox, clock: &Clock, kept: u32) -> Result<Reload, Arc<OpenError>> {
        let asked = self.progress().begun;
        let _alone = self.reload.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = {
            let mut progress = self.progress();
            if progress.ended.0 > asked {
                return progress.ended.1.clone();
            }
            progress.begun += 1;
            progress.begun
        };
        let now = clock.now();
        let serving = self.serving();
        let loaded = on_own_thread(|| load::load(&self.settings, sandbox, now, Some(&serving.identity)));
        let outcome = self.switch(serving, loaded, now, kept);
        if let Some(related) = &self.related {
            related.reread(self.serving().coordination_base_url.as_ref());
        }
        self.progress().ended = (mine, outcome.clone());
        outcome
    }

    /// What is known at this moment.
    pub(super) fn snapshot(&self) -> Snapshot {
        let progress = self.progress();
        Snapshot {
            serving: self.serving(),
            previous: progress.previous.iter().cloned().collect(),
            checked: progress.checked,
            failure: progress.failure.clone(),
        }
    }

    fn switch(
        &self,
        serving: Arc<Generation>,
        loaded: Result<Option<Loaded>, OpenError>,
        now: Timestamp,
        kept: u32,
    ) -> Result<Reload, Arc<OpenError>> {
        let mut progress = self.progress();
        match loaded {
            Ok(loaded) => {
                (progress.checked, progress.failure) = (now, None);
                let Some(loaded) = loaded else { return Ok(Reload::Unchanged) };
                let next = Generation::new(serving.number + 1, loaded, now);
                next.identity.log(&self.name);
                self.serving.store(Arc::new(next));
                progress.previous.push_front(serving);
                progress.previous.truncate(usize::try_from(kept).unwrap_or(usize::MAX));
                Ok(Reload::Switched)
            }
            Err(error) => {
                let error = Arc::new(error);
                let reasons = error.messages().join("; ");
                tracing::error!(
                    tenant = self.name,
                    reasons,
                    "the release that serves goes on: the next one is not used"
                );
                progress.failure = Some(Failure { at: now, error: Arc::clone(&error) });
                Err(error)
            }
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generation {
    fn new(number: u64, loaded: Loaded, since: Timestamp) -> Self {
        let Loaded { release, identity, coordination_base_url } = loaded;
        Self { number, release, identity, since, coordination_base_url }
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
