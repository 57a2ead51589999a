//! What an attacker who controls the server, or some of the keys, can try. Each is refused for its own reason, and what served before
//! goes on.

use jurat::{Reload, Service, Settings};

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, serves};
use crate::publisher::Publisher;

mod disk;
mod metadata;
mod roots;
mod signatures;
mod transport;

/// A repository with release 1, a server that serves it, and a host that runs it.
struct Scene {
    publisher: Publisher,
    cdn: Cdn,
    host: Host,
    service: Service,
}

impl Scene {
    fn new() -> Self {
        Self::of(Publisher::new("prod", &[TENANT, "other"]))
    }

    fn of(publisher: Publisher) -> Self {
        Self::with_settings(publisher, |_| {})
    }

    fn with_settings(publisher: Publisher, change: impl FnOnce(&mut Settings)) -> Self {
        publisher.release(TENANT, 1);
        let cdn = Cdn::serve(publisher.served());
        let host = Host::new(&publisher, &cdn);
        let mut settings = host.settings();
        change(&mut settings);
        let service = host.open_with(settings).unwrap();
        serves(&service, 1);
        Self { publisher, cdn, host, service }
    }

    /// The trouble is over: release 2 is published, and taken.
    #[track_caller]
    fn recovers(&self) {
        self.cdn.behave();
        self.publisher.release(TENANT, 2);
        assert_eq!(self.service.reload_logic().unwrap(), Reload::Switched);
        serves(&self.service, 2);
        assert!(self.service.status().tenants[0].failure.is_none());
    }

    /// The files of release 2 that release 1 does not have; it is published.
    fn new_blobs(&self) -> Vec<String> {
        let (plan, _) = self.publisher.plan_release(TENANT, 2);
        let paths = plan.uploads.iter().map(|upload| upload.path.to_string());
        let is_new = |path: &String| path.starts_with("blobs/") && !self.publisher.served().join(path).exists();
        let new: Vec<_> = paths.filter(is_new).collect();
        assert!(!new.is_empty());
        self.publisher.put(&plan);
        new
    }
}
