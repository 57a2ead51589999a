//! A host with two tenants, and API keys for their clients.

use std::fs;

use crate::site::{CONFIG, Site, TARGET, sample};

/// How to show a key, or another credential, over HTTP.
#[must_use]
pub fn bearer(credential: &str) -> String {
    format!("Authorization: Bearer {credential}")
}

/// Two tenants, `ours` and `theirs`, with rules and files of their own; the purpose of `quick` is "other checks" for the second. Further
/// lines of the configuration are the host's.
#[must_use]
pub fn two_tenants(more: &str) -> Site {
    let site = Site::configured("");
    let source = site.sources("other");
    let config = source.join("business-config.yaml");
    let text = fs::read_to_string(&config).unwrap();
    let changed = text.replace("Checks while a record is typed in", "other checks");
    assert_ne!(text, changed);
    fs::write(&config, changed).unwrap();
    let first = site.files("repository");
    site.publish_from(&source, TARGET);
    for (path, bytes) in site.files("repository") {
        site.write(std::path::Path::new("theirs").join(path), bytes);
    }
    fs::remove_dir_all(site.path("repository")).unwrap();
    for (path, bytes) in first {
        site.write(path, bytes);
    }
    site.write("ours/loans.json", sample("loans.json"));
    let tenant = |name: &str, config: String| {
        let lines: String = config.lines().map(|line| format!("    {line}\n")).collect();
        format!("  {name}:\n{lines}")
    };
    let ours = CONFIG.to_owned() + "data_roots: [ours]\n";
    let theirs = CONFIG.replace("uri: repository", "uri: theirs/repository");
    site.write("local-config.yaml", format!("tenants:\n{}{}{more}", tenant("ours", ours), tenant("theirs", theirs)));
    site
}

/// The same, where clients show API keys.
#[must_use]
pub fn two_tenants_with_keys() -> Site {
    let keys = "{file: keys/api-keys.json, pepper_file: pepper}";
    let site = two_tenants(&format!(
        "state_dir: state\nrates: null\nserver: {{api_keys: {keys}, key_rates: null, address_rates: null}}\n"
    ));
    site.write("pepper", "0123456789abcdef0123456789abcdef");
    let key = key(&site, &["--tenant", "ours", "--scope", "validate"]);
    assert!(key.starts_with("jk_"), "{key}");
    site
}

/// A new API key of a site. The arguments say what it permits.
#[must_use]
pub fn key(site: &Site, arguments: &[&str]) -> String {
    let create = ["apikey", "create", "--config", "local-config.yaml", "--name", "a test"];
    site.run(&[&create[..], arguments].concat()).ends_with(0).trim_end().to_owned()
}
