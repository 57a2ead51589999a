//! Directories to run servers in.

use std::fs;
use std::path::Path;

use jurat_tests::site::{Site, TARGET};

use crate::cases;

/// What is added to the configuration so that callers can name files below `data`.
pub(crate) const DATA: &str = "data_roots: [data]\n";

/// A site with the sample release, and some more lines in its configuration.
pub(crate) fn configured(more: &str) -> Site {
    Site::configured(more)
}

/// A site whose release also has the rulesets of the cases.
pub(crate) fn of_cases() -> Site {
    let site = configured(DATA);
    let source = site.sources("source");
    edit(
        &source.join("business-config.yaml"),
        "\nrulesets:\n",
        &format!("\nrulesets:\n{}\n", indented(&cases::rulesets())),
    );
    site.publish_from(&source, TARGET);
    site
}

/// Replaces a part of a file that occurs once.
#[track_caller]
pub(crate) fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert_eq!(text.matches(from).count(), 1, "`{from}` in {}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

fn indented(text: &str) -> String {
    text.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("  {line}\n") }).collect()
}

/// A site that asks the coordination service at a host, with more lines in the configuration of that.
pub(crate) fn coordinated(host: &str, more: &str) -> Site {
    let site = configured(&format!(
        "{DATA}coordination_service_config_uri: coordination.yaml\ncoordination_hosts: [\"{host}\"]\n"
    ));
    site.write("coordination.yaml", format!("enabled: true\nbase_url: http://{host}\n{more}"));
    site
}
