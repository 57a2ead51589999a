//! Opening a service.

use std::fs;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use jurat_model::Blame;
use jurat_test_server::{Reply, Server};
use jurat_trust::ReleaseOrigin;

use super::site::{LOAN, LOANS, QUICK, Site};
use crate::observe::{Event, Observer, ReleasePolled};
use crate::settings::{CoordinationSource, Location, Trust, Unsigned};
use crate::{CallError, OpenError, Reload, RulesetName, Settings};

#[test]
fn a_signed_release_judges() {
    let service = Site::new().open();
    let identity = service.identity().unwrap();
    assert!(matches!(&identity.origin, ReleaseOrigin::Signed(provenance) if provenance.signers.len() == 1));
    let result = service.validate(LOANS, LOAN, QUICK).unwrap();
    assert_eq!((result.entity_id.as_str(), result.unsigned), ("L-1", false));
    assert_eq!(result.results[0].status, jurat_model::Status::Fail);
}

#[test]
fn what_is_not_as_it_was_signed_is_a_matter_of_trust() {
    let site = Site::new();
    let blobs = fs::read_dir(site.path("repository/blobs/sha256")).unwrap();
    let blob = blobs.map(|entry| entry.unwrap().path()).max().unwrap();
    let bytes = fs::read(&blob).unwrap();
    fs::write(&blob, [&bytes[1..], b"x"].concat()).unwrap();
    let (whose, message) = site.refusal(site.settings());
    assert_eq!(whose, Blame::Source);
    assert!(message.contains("is altered"), "{message}");
    fs::remove_file(&blob).unwrap();
    assert_eq!(site.refusal(site.settings()).0, Blame::Source);
}

#[test]
fn an_expired_release_is_not_run() {
    let site = Site::new();
    site.set_clock("2026-02-01T00:00:00Z");
    let (whose, message) = site.refusal(site.settings());
    assert_eq!(whose, Blame::Publisher);
    assert!(message.contains("expired"), "{message}");
}

#[test]
fn a_release_that_is_not_there_is_a_matter_of_settings() {
    let site = Site::new();
    let other = site.with(|tenant| {
        let trust = tenant.trust.clone().unwrap();
        tenant.trust = Some(Trust { release: "t/demo/main/other.json".parse().unwrap(), ..trust });
    });
    assert_eq!(site.refusal(other).0, Blame::Settings);
    let nowhere = site.with(|tenant| tenant.rules = Location::File(site.path("nowhere")));
    let (whose, message) = site.refusal(nowhere);
    assert_eq!(whose, Blame::Settings);
    assert!(message.contains("does not exist"), "{message}");
}

#[test]
fn without_the_configuration_of_the_coordination_service_the_one_who_can_fix_it_is_named() {
    let site = Site::new();
    let server = Server::start(|_| Reply::status(503, ""));
    let file = (Location::File(site.path("coordination.yaml")), Blame::Settings);
    let url = (Location::Url(server.url("/coordination.yaml").parse().unwrap()), Blame::Transport);
    for (config, blame) in [file, url] {
        let settings = site.with(|tenant| {
            tenant.coordination = Some(CoordinationSource { config: config.clone(), hosts: Vec::new() });
        });
        let (found, message) = site.refusal(settings);
        assert_eq!(found, blame, "{message}");
        assert!(message.contains("coordination service") && message.contains("coordination.yaml"), "{message}");
    }
}

#[test]
fn without_a_trusted_root_nothing_is_run() {
    let site = Site::new();
    for (bytes, whose) in [(None, Blame::Settings), (Some(&b"no root"[..]), Blame::Source), (Some(b""), Blame::Source)]
    {
        match bytes {
            Some(bytes) => fs::write(site.path("root.json"), bytes).unwrap(),
            None => fs::rename(site.path("root.json"), site.path("kept.json")).unwrap(),
        }
        let (found, message) = site.refusal(site.settings());
        assert_eq!(found, whose, "{message}");
        assert!(message.contains("root.json") && message.contains("nothing is run"), "{message}");
    }
    fs::rename(site.path("kept.json"), site.path("root.json")).unwrap();
    site.open();
}

#[test]
fn unsigned_rules_run_only_if_they_are_asked_for_and_say_so() {
    let site = Site::new();
    let settings = site.with(|tenant| tenant.rules = Location::File(site.path("source")));
    let (whose, message) = site.refusal(settings.clone());
    assert_eq!(whose, Blame::Settings);
    assert!(message.contains("unsigned rules are not run"), "{message}");

    let mut allowed = settings;
    allowed.tenants.get_mut("default").unwrap().unsigned = Unsigned::Run { components: None };
    let service = site.builder(allowed).open().unwrap();
    assert_eq!(service.identity().unwrap().origin, ReleaseOrigin::Unsigned);
    assert!(service.validate(LOANS, LOAN, QUICK).unwrap().unsigned);
    assert!(service.status().tenants[0].release.as_ref().unwrap().unsigned);
}

#[test]
fn a_repository_is_verified_even_where_unsigned_rules_may_run() {
    let site = Site::new();
    for name in ["release.yaml", "business-config.yaml", "loan.json", "map.json"] {
        fs::copy(site.path("source").join(name), site.path("repository").join(name)).unwrap();
    }
    let allowed = site.with(|tenant| tenant.unsigned = Unsigned::Run { components: None });
    let service = site.builder(allowed.clone()).open().unwrap();
    assert!(matches!(service.identity().unwrap().origin, ReleaseOrigin::Signed(_)));
    let mut untrusted = allowed;
    untrusted.tenants.get_mut("default").unwrap().trust = None;
    assert_eq!(site.refusal(untrusted).0, Blame::Settings);
}

/// The tenants `acme` and `globex` with the same release.
fn two_tenants(site: &Site) -> Settings {
    let text = |name: &str| {
        format!("  {name}:\n    business_config_uri: repository\n    trust: {{release: t/demo/main/loan.json}}\n")
    };
    site.parse(&format!("batch_max_workers: 1\ntenants:\n{}{}", text("acme"), text("globex")))
}

#[test]
fn several_tenants_have_rules_of_their_own() {
    let site = Site::new();
    let service = site.builder(two_tenants(&site)).open().unwrap();
    assert!(matches!(service.validate(LOANS, LOAN, QUICK), Err(CallError::TenantNeeded)));
    assert!(matches!(service.tenant("initech"), Err(CallError::UnknownTenant { .. })));
    let acme = service.tenant("acme").unwrap();
    assert_eq!(acme.validate(LOANS, LOAN, QUICK).unwrap().entity_id, "L-1");
    assert_eq!((service.status().tenants.len(), acme.status().tenants.len()), (2, 1));

    site.publish("1.1.0", &["quick", "more"]);
    assert_eq!(acme.reload_logic().unwrap(), Reload::Switched);
    assert!(acme.validate(LOANS, LOAN, RulesetName::new("more")).is_ok());
    assert!(service.tenant("globex").unwrap().validate(LOANS, LOAN, RulesetName::new("more")).is_err());
}

/// Holds the polls of one tenant up, as a slow repository does.
struct Slow {
    tenant: &'static str,
    until: Mutex<Receiver<()>>,
}

impl Observer for Slow {
    fn observe(&self, event: &Event<'_>) {
        if matches!(event, Event::ReleasePolled(ReleasePolled { tenant, .. }) if *tenant == self.tenant) {
            // A start that waits for it must fail, and not hang.
            let _ = self.until.lock().unwrap().recv_timeout(Duration::from_secs(60));
        }
    }
}

#[test]
fn a_tenant_with_a_slow_repository_does_not_hold_up_the_start_of_others() {
    let site = Site::new();
    let settings =
        Settings { state: Some(site.path("state")), poll: Duration::from_secs(86_400), ..two_tenants(&site) };
    let (go, until) = channel();
    let slow = Slow { tenant: "globex", until: Mutex::new(until) };
    let service = site.builder(settings).with_observer(slow).with_patience(Duration::ZERO).open().unwrap();
    let [acme, globex] = ["acme", "globex"].map(|tenant| service.tenant(tenant).unwrap());
    assert!(acme.validate(LOANS, LOAN, QUICK).is_ok());
    let refused = globex.validate(LOANS, LOAN, QUICK).unwrap_err();
    assert!(matches!(&refused, CallError::NotReady(error) if matches!(**error, OpenError::Loading)), "{refused:?}");
    drop(go);
    let patience = Instant::now() + Duration::from_secs(60);
    // Other processes learn of it as well.
    let reported = || fs::read_to_string(site.path("state/globex/status.json")).unwrap();
    while globex.validate(LOANS, LOAN, QUICK).is_err() || !reported().contains("1.0.0") {
        assert!(Instant::now() < patience, "{:?}, {}", globex.status(), reported());
        thread::yield_now();
    }
}
