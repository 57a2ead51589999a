//! From development to production: one line.

use jurat::{Compiler, EntityType, RulesetName};

use crate::cdn::Cdn;
use crate::host::{Host, TENANT, judged, serves, verdict};
use crate::publisher::{Publisher, record};

/// Everything that a team has beside the line that changes.
fn config(uri: &str) -> String {
    format!(
        "business_config_uri: {uri}\n\
         trust: {{release: t/demo/main/loan.json, repository: prod}}\n\
         danger: {{unsigned_directory: true, component_directory: {}}}\n\
         state_dir: state\n\
         logic_cache_dir: cache\n\
         http: {{authorities: [authority.pem]}}\n",
        jurat_tests::site::built_components().display()
    )
}

#[test]
fn one_line_changes_from_development_to_production() {
    let publisher = Publisher::new("prod", &[TENANT]);
    let manifest = publisher.release(TENANT, 1);
    let cdn = Cdn::serve(publisher.served());
    let host = Host::new(&publisher, &cdn);
    let (development, production) =
        (config(&jurat_tests::site::loan_rules().display().to_string()), config(&cdn.url()));
    let changed = development.lines().zip(production.lines()).filter(|(before, after)| before != after).count();
    assert_eq!((development.lines().count(), changed), (production.lines().count(), 1));

    host.write("local-config.yaml", development);
    let service = host.open_compiling(host.settings(), Compiler::InProcess).unwrap();
    let result = service.validate(EntityType::new("loan"), &record(1), RulesetName::new("quick")).unwrap();
    assert!(result.unsigned && result.release.is_none() && verdict(&result) == "PASS", "{result:?}");
    assert!(service.status().tenants[0].trust.is_none());
    drop(service);

    host.write("local-config.yaml", production);
    let service = host.open().unwrap();
    serves(&service, 1);
    let result = judged(&service, 1);
    let release = result.release.as_ref().unwrap();
    assert!(!result.unsigned && !release.is_stale());
    assert_eq!((release.name(), release.version(), release.repository()), ("loan", "1.0.0", "prod"));
    assert_eq!(release.manifest(), manifest.to_string());
    let roles = release.roles();
    assert_eq!((roles.root, roles.timestamp, roles.snapshot, roles.targets), (1, 2, 2, 1));
    assert_eq!(roles.delegated, Some(("t-demo".to_owned(), 1)));
    // Each rule names the component that has decided, and that is one of the manifest's.
    let files = crate::publisher::release(1);
    let components: Vec<_> = result.results.iter().filter_map(|rule| rule.component.as_deref()).collect();
    assert_eq!(components.len(), 2);
    for component in components {
        assert!(files.manifest().files().iter().any(|file| file.sha256.to_string() == component));
    }
}
