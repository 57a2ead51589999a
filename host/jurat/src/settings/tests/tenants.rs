use super::*;

const TRUST: &str = "trust: {release: t/demo/main/loan.json}";

#[test]
fn tenants_have_their_own_rules_and_share_defaults() {
    let settings = parse(&format!(
        "limits: {{fuel: 5, memory: 2 MiB}}\nsuspend_after: 3\nisolation: record\nbatch_max_workers: 2\n\
         tenants:\n  acme: {{business_config_uri: acme, {TRUST}, limits: {{fuel: 7}}, data_roots: [], isolation: chunk}}\n  \
           b.2_x-y: {{business_config_uri: /b, danger: {{unsigned_directory: true}}}}\n"
    ))
    .unwrap();
    let (acme, other) = (&settings.tenants["acme"], &settings.tenants["b.2_x-y"]);
    assert_eq!(
        (settings.tenants.len(), &acme.rules, &other.rules),
        (2, &Location::File("/etc/jurat/acme".into()), &Location::File("/b".into()))
    );
    // What a tenant does not say itself, in a section too, is as it is for all.
    assert_eq!((acme.limits.fuel.get(), acme.limits.memory), (7, Bytes::mebi(2)));
    assert_eq!((other.limits.fuel.get(), other.limits.memory), (5, Bytes::mebi(2)));
    assert_eq!((acme.isolation, other.isolation), (Isolation::Chunk, Isolation::Record));
    assert_eq!((acme.suspension.records.get(), other.max_findings.get()), (3, 100));
    assert_eq!((acme.unsigned.clone(), other.trust.clone()), (Unsigned::Refused, None));
    assert_eq!((&acme.data.roots, &other.data.roots), (&DataRoots::Listed(Vec::new()), &DataRoots::WorkingDirectory));
}

#[test]
fn what_grants_trust_or_reach_is_not_inherited() {
    const REASON: &str =
        "where there are `tenants` it is said for each of them: it grants trust or reach, which is not inherited";
    let text = format!(
        "business_config_uri: a\n{TRUST}\ndanger: {{}}\ndata_roots: []\ndata_origins: []\ndata_private_addresses: refused\n\
         coordination_service_config_uri: c\ncoordination_hosts: []\n"
    );
    let keys: Vec<_> = text.lines().filter_map(|line| line.split(':').next()).collect();
    let tenants = format!("tenants: {{acme: {{business_config_uri: a, {TRUST}}}}}\n");
    let refusals = refusals(&format!("{text}{tenants}"));
    assert_eq!(refusals.len(), keys.len(), "{refusals:?}");
    for (refusal, key) in refusals.iter().zip(&keys) {
        assert!(refusal.ends_with(&format!(": {key}: {REASON}")), "{refusal}");
    }
    // Nor does it come from above the file.
    let overrides = Overrides::none().with_environment([("JURAT_DANGER_UNSIGNED_DIRECTORY".into(), "true".into())]);
    let refused = Settings::parse(&tenants, "x.yaml", Path::new(""), &overrides).unwrap_err();
    assert_eq!(refused.to_string(), format!("environment variable JURAT_DANGER_UNSIGNED_DIRECTORY: danger: {REASON}"));
    // What is shared does.
    let overrides = Overrides::none().with_environment([("JURAT_LIMITS_FUEL".into(), "9".into())]);
    let settings = Settings::parse(&tenants, "x.yaml", Path::new(""), &overrides).unwrap();
    assert_eq!(settings.tenants["acme"].limits.fuel.get(), 9);
}

#[test]
fn what_is_wrong_with_one_tenant_is_told_with_the_others() {
    assert_eq!(
        refusals(&format!(
            "tenants:\n  Acme: {{business_config_uri: a, {TRUST}}}\n  b: {{{TRUST}}}\n  c: null\n  d: 5\n  \
             e: {{business_config_uri: a, {TRUST}, server: {{}}, limits: {{fuel: x}}}}\n"
        )),
        [
            "local-config.yaml:2:9: tenants.Acme: `Acme` is not the name of a tenant: at most 64 of a-z, 0-9, `.`, `_` and `-` are \
             expected, a letter or digit first",
            "local-config.yaml:3:6: tenants.b.business_config_uri: it is missing",
            "local-config.yaml:4:6: tenants.c: it is missing",
            "local-config.yaml:5:6: tenants.d: a map is expected, but this is a number",
            "local-config.yaml:6:72: tenants.e.server: this key is not known",
            "local-config.yaml:6:99: tenants.e.limits.fuel: a whole number from 1 on is expected, but this is a text",
        ]
    );
    assert_eq!(
        refusals("tenants: {}"),
        ["local-config.yaml:1:10: tenants: there are none: name at least one, or say everything without `tenants`"]
    );
    assert_eq!(refusals("tenants: [a]"), ["local-config.yaml:1:10: tenants: a map is expected, but this is a list"]);
}

#[test]
fn names_of_tenants_are_plain() {
    let check = |name: &str| parse(&format!("tenants: {{'{name}': {{business_config_uri: a, {TRUST}}}}}\n")).is_ok();
    let longest = "a".repeat(64);
    assert!(["a", "0", "default", "a.b_c-d", &longest].into_iter().all(check));
    let longer = "a".repeat(65);
    assert!(!["", ".a", "-a", "A", "a b", "a/b", "ä", &longer].into_iter().any(check));
}
