//! Tenants with unsigned rules, for tests that are about something else than trust.

use crate::guest;
use crate::site::{Site, built_components};

/// A tenant of a configuration, with rules in a directory and components that are built. `more` are further lines of it.
#[must_use]
pub fn tenant(name: &str, rules: &str, more: &str) -> String {
    let components = built_components();
    format!(
        "  {name}:\n    business_config_uri: \"{rules}\"\n    danger:\n      unsigned_directory: true\n      \
         component_directory: \"{}\"\n{more}",
        components.display()
    )
}

/// Writes a release whose only rule is a guest of `tests/guests/examples`. Its ruleset is `main`. Gives its directory.
#[must_use]
pub fn guest_rules(site: &Site, guest: &str) -> String {
    assert!(guest::built().join(format!("{guest}.wasm")).is_file(), "run `cargo xtask guests` first");
    let file = |name: &str, text: &str| site.write(format!("{guest}/{name}"), text);
    file(
        "release.yaml",
        &format!(
            "name: {}\nversion: 1.0.0\nbusiness_config: business-config.yaml\ncomponents:\n  - path: {guest}.wasm\n\
             field_maps:\n  - field-maps/loan.json\n",
            guest.replace('_', "-")
        ),
    );
    file("field-maps/loan.json", r#"{"n": {"physical_path": "n"}}"#);
    file(
        "business-config.yaml",
        "rulesets:\n  main:\n    rules:\n      loan:\n        - rule_id: guest\ndefault_helpers:\n  loan: loan.json\n",
    );
    site.path(guest).display().to_string()
}
