//! Several tenants on one host, each with its own right to what it runs.

use std::fs;
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use jurat::{Compiler, EntityType, Health, Reload, RulesetName, Service};
use jurat_trust::publish::Lifetimes;

use crate::cdn::{Cdn, Trick};
use crate::host::{Host, judged, serves};
use crate::publisher::{Publisher, record};

const TENANTS: [&str; 2] = ["claims", "loans"];

/// A host with two tenants, each with a repository of its own, or both with the same.
struct Scene {
    publishers: Vec<Publisher>,
    servers: Vec<Cdn>,
    host: Host,
    service: Service,
}

impl Scene {
    /// One repository for each.
    fn apart(lifetimes: Lifetimes) -> Self {
        Self::of(TENANTS.map(|tenant| Publisher::living(tenant, &[tenant], lifetimes)).into())
    }

    /// One repository for both.
    fn together() -> Self {
        Self::of(vec![Publisher::new("shared", &TENANTS)])
    }

    fn of(publishers: Vec<Publisher>) -> Self {
        let servers: Vec<_> = publishers.iter().map(|publisher| Cdn::serve(publisher.served())).collect();
        let host = Host::new(&publishers[0], &servers[0]);
        let mut config = "state_dir: state\nlogic_cache_dir: cache\nbatch_max_workers: 2\ntenants:\n".to_owned();
        let mut authorities = Vec::new();
        for (index, tenant) in TENANTS.iter().enumerate() {
            let (publisher, server) = (&publishers[index % publishers.len()], &servers[index % servers.len()]);
            publisher.release(tenant, 1);
            host.write(format!("{tenant}.root.json"), publisher.root());
            host.write(format!("{tenant}.pem"), server.authority());
            authorities.push(format!("{tenant}.pem"));
            config += &format!(
                "  {tenant}:\n    business_config_uri: {}\n    trust: {{release: t/{tenant}/main/loan.json, root: {tenant}.root.json}}\n",
                server.url()
            );
        }
        config += &format!("http: {{authorities: [{}], total_timeout_ms: 15000}}\n", authorities.join(", "));
        host.write("local-config.yaml", config);
        let service = host.open().unwrap();
        Self { publishers, servers, host, service }
    }

    fn tenant(&self, name: &str) -> Service {
        self.service.tenant(name).unwrap()
    }

    /// One has its trouble, and the other one does not notice.
    #[track_caller]
    fn claims_is_refused_and_loans_goes_on(&self, number: u64) {
        self.tenant("claims").reload_logic().unwrap_err();
        serves(&self.tenant("claims"), 1);
        self.publishers.last().unwrap().release("loans", number);
        assert_eq!(self.tenant("loans").reload_logic().unwrap(), Reload::Switched);
        serves(&self.tenant("loans"), number);
        let status = self.service.status();
        assert!(status.tenants[0].failure.is_some() && status.tenants[1].failure.is_none(), "{status:?}");
        assert_eq!((status.health, self.tenant("loans").status().health), (Health::Degraded, Health::Ok));
    }
}

#[test]
fn a_broken_repository_is_the_trouble_of_one_tenant() {
    let scene = Scene::apart(Lifetimes::DEFAULT);
    scene.publishers[0].write("metadata/timestamp.json", b"{");
    scene.claims_is_refused_and_loans_goes_on(2);
    scene.servers[0].go_down();
    scene.claims_is_refused_and_loans_goes_on(3);
    // Also at a start, and for one that has nothing of earlier days.
    fs::remove_dir_all(scene.host.path("state/claims")).unwrap();
    drop(scene.service);
    let service = scene.host.open().unwrap();
    serves(&service.tenant("loans").unwrap(), 3);
    let claims = service.tenant("claims").unwrap();
    assert_eq!(
        claims.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err().kind().code(),
        "not_ready"
    );
    scene.servers[0].behave();
    scene.publishers[0].write("metadata/timestamp.json", b"[]");
    assert_eq!(claims.reload_logic().unwrap_err().kind().code(), "reload");
}

#[test]
fn an_expired_role_is_the_trouble_of_one_tenant_of_a_shared_repository() {
    let lifetimes = Lifetimes { tenant: SignedDuration::from_hours(10), ..Lifetimes::DEFAULT };
    let mut scene = Scene::of(vec![Publisher::living("shared", &TENANTS, lifetimes)]);
    scene.host.pass(SignedDuration::from_hours(12));
    scene.publishers[0].pass(SignedDuration::from_hours(12));
    scene.claims_is_refused_and_loans_goes_on(2);
    assert!(judged(&scene.tenant("claims"), 1).release.unwrap().is_stale());
    assert!(!judged(&scene.tenant("loans"), 2).release.unwrap().is_stale());
}

#[test]
fn a_slow_server_keeps_only_its_own_tenant_waiting() {
    let scene = Scene::apart(Lifetimes::DEFAULT);
    scene.servers[0].play("*", Trick::Slow);
    let claims = scene.tenant("claims");
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| claims.reload_logic());
        crate::host::until("it waits", || !scene.servers[0].answers().is_empty());
        let begin = Instant::now();
        scene.publishers[1].release("loans", 2);
        assert_eq!(scene.tenant("loans").reload_logic().unwrap(), Reload::Switched);
        serves(&scene.tenant("loans"), 2);
        serves(&scene.tenant("claims"), 1);
        // The server gets 15 s for each file.
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        scene.servers[0].behave();
        let _ = waiting.join().unwrap();
    });
}

#[test]
fn a_start_does_not_wait_for_a_slow_server_where_something_is_at_hand() {
    let scene = Scene::apart(Lifetimes::DEFAULT);
    drop(scene.service);
    scene.servers[0].play("*", Trick::Slow);
    let begin = Instant::now();
    let service = scene.host.open().unwrap();
    assert!(begin.elapsed() < Duration::from_secs(12), "{:?}", begin.elapsed());
    TENANTS.iter().for_each(|tenant| serves(&service.tenant(tenant).unwrap(), 1));
}

#[test]
fn a_component_is_compiled_once_for_all_tenants_and_proved_by_each() {
    let scene = Scene::together();
    drop(scene.service);
    // Without what was compiled in an earlier life.
    fs::remove_dir_all(scene.host.path("cache/code")).unwrap();
    let service = scene.host.open_compiling(scene.host.settings(), Compiler::InProcess).unwrap();
    assert_eq!(scene.host.files("cache/code").len(), 1);
    let components = TENANTS.map(|tenant| {
        let result = judged(&service.tenant(tenant).unwrap(), 1);
        let release = result.release.unwrap();
        assert!(release.roles().delegated.as_ref().is_some_and(|(role, _)| *role == format!("t-{tenant}")));
        result.results.iter().find_map(|rule| rule.component.clone()).unwrap()
    });
    assert_eq!(components[0], components[1]);
}

#[test]
fn what_one_tenant_revokes_stays_with_the_other() {
    let scene = Scene::together();
    // Both list the same manifest.
    let manifests = TENANTS.map(|tenant| scene.tenant(tenant).identity().unwrap().manifest);
    assert_eq!(manifests[0], manifests[1]);
    scene.publishers[0].revoke("claims", None);
    let claims = scene.tenant("claims");
    let _ = claims.reload_logic();
    assert_eq!(
        claims.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err().kind().code(),
        "release_revoked"
    );
    assert_eq!(scene.tenant("loans").reload_logic().unwrap(), Reload::Unchanged);
    serves(&scene.tenant("loans"), 1);
}

#[test]
fn a_call_that_does_not_name_its_tenant_gets_no_rules() {
    let scene = Scene::together();
    let error = scene.service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap_err();
    assert_eq!(error.kind().code(), "tenant_needed");
    assert_eq!(scene.service.tenant("nobody").unwrap_err().kind().code(), "unknown_tenant");
}
