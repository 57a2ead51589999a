//! Refuses settings that name servers, in a program without a client.

use jurat_model::KeyPath;
use jurat_yaml::{Problem, Problems};

use jurat_http::Location;

use super::values::Settings;

/// Refuses settings that name a server.
///
/// # Errors
/// With every setting that does.
pub(crate) fn refuse(settings: &Settings) -> Result<(), Problems> {
    const MESSAGE: &str = "it names a server, and this program was built without the feature `remote` of `jurat`";
    let mut problems = Vec::new();
    for (name, tenant) in &settings.tenants {
        let named = [
            ("business_config_uri", matches!(tenant.rules, Location::Url(_))),
            ("data_origins", !tenant.data.origins.is_empty()),
            ("coordination_service_config_uri", tenant.coordination.is_some()),
        ];
        for (setting, _) in named.into_iter().filter(|(_, names_a_server)| *names_a_server) {
            let key = KeyPath::default().key("tenants").key(name).key(setting);
            problems.push(Problem { key, ..Problem::of_file("settings", MESSAGE) });
        }
    }
    Problems::none(problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_feature_settings_that_name_servers_are_refused() {
        let mut settings = Settings::new("rules");
        assert!(refuse(&settings).is_ok());
        for tenant in settings.tenants.values_mut() {
            tenant.rules = Location::Url("https://rules.example.com/".parse().unwrap());
            tenant.data.origins = vec![url::Url::parse("https://data.example.com").unwrap().origin()];
        }
        let problems = refuse(&settings).unwrap_err();
        let keys: Vec<_> = problems.iter().map(|problem| problem.key.as_str()).collect();
        assert_eq!(keys, ["tenants.default.business_config_uri", "tenants.default.data_origins"]);
        assert!(problems.iter().all(|problem| problem.message.contains("`remote`")), "{problems}");
    }
}
