//! Checks settings that code has built or changed: a service with them would be unsafe, or would not work.

use std::num::NonZeroUsize;
use std::path::Path;

use jurat_http::Location;
use jurat_model::KeyPath;
use jurat_yaml::{Problem, Problems};

use super::quantity::LONGEST;
use super::tenant::is_name;
use super::values::{Settings, TenantSettings, WorkerCount};

/// The problem of directories of which one lies in the other.
pub(super) const NESTED: &str =
    "it must not lie in `logic_cache_dir`, nor that in it: the key of what is cached would lie beside it";

/// Refuses settings that a configuration file could not contain.
///
/// # Errors
/// With everything that is wrong.
///
/// # Limits
/// Values that only a file can get wrong, and the files that settings name, are not checked. A repository on a server may go without
/// `state_dir` here: a restart then forgets which metadata this host has seen.
pub(crate) fn check(settings: &Settings) -> Result<(), Problems> {
    let Settings { tenants, workers, cache, state, poll, max_age, compile, .. } = settings;
    let mut problems = Vec::new();
    let mut refuse = |key: KeyPath, message: String| {
        problems.push(Problem { key, ..Problem::of_file("settings", message) });
    };
    let root = KeyPath::default;
    if tenants.is_empty() {
        refuse(root().key("tenants"), "there are none: name at least one".to_owned());
    }
    for (name, tenant) in tenants {
        let key = root().key("tenants").key(name);
        if !is_name(name) {
            refuse(key.clone(), "it is not the name of a tenant".to_owned());
        }
        for setting in names_of_servers(tenant) {
            refuse(key.clone().key(setting), BUILT_WITHOUT.to_owned());
        }
    }
    let workers = match workers {
        WorkerCount::Exactly(count) => *count,
        WorkerCount::PerProcessor => NonZeroUsize::MIN,
    };
    let threads = [(root().key("batch_max_workers"), workers), (root().key("compile").key("threads"), compile.threads)];
    for (key, _) in threads.into_iter().filter(|(_, count)| count.get() > WorkerCount::MOST.into()) {
        refuse(key, format!("at most {} threads can be asked for", WorkerCount::MOST));
    }
    for (key, interval) in [("poll_seconds", poll), ("logic_cache_max_age_seconds", max_age)] {
        if interval.is_zero() || *interval > LONGEST {
            refuse(root().key(key), format!("more than 0 s and at most {LONGEST:?} are expected"));
        }
    }
    if let (Some(cache), Some(state)) = (cache, state)
        && are_nested(cache, state)
    {
        refuse(root().key("state_dir"), NESTED.to_owned());
    }
    Problems::none(problems)
}

/// Whether one directory lies in the other.
pub(super) fn are_nested(one: &Path, other: &Path) -> bool {
    one.starts_with(other) || other.starts_with(one)
}

/// The problem of a setting that names a server.
const BUILT_WITHOUT: &str = "it names a server, and this program was built without the feature `remote` of `jurat`";

/// The settings of a tenant that name servers, in a program without a client.
fn names_of_servers(tenant: &TenantSettings) -> impl Iterator<Item = &'static str> {
    let named = [
        ("business_config_uri", matches!(tenant.rules, Location::Url(_))),
        ("data_origins", !tenant.data.origins.is_empty()),
        ("coordination_service_config_uri", tenant.coordination.is_some()),
    ];
    let is_without = cfg!(not(feature = "remote"));
    named.into_iter().filter(move |(_, names_a_server)| is_without && *names_a_server).map(|(setting, _)| setting)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use super::*;

    /// The keys that are refused.
    fn refused(change: impl FnOnce(&mut Settings)) -> Vec<String> {
        let mut settings = Settings::new("rules");
        change(&mut settings);
        let problems =
            check(&settings).err().into_iter().flat_map(|problems| problems.iter().cloned().collect::<Vec<_>>());
        problems.map(|problem| problem.key.as_str().to_owned()).collect()
    }

    #[test]
    fn what_a_file_could_not_say_is_refused_in_code_too() {
        assert!(refused(|_| {}).is_empty());
        assert_eq!(refused(|settings| settings.tenants.clear()), ["tenants"]);
        assert_eq!(refused(|settings| settings.poll = Duration::ZERO), ["poll_seconds"]);
        assert_eq!(refused(|settings| settings.poll = Duration::MAX), ["poll_seconds"]);
        assert_eq!(refused(|settings| settings.poll = LONGEST), [""; 0]);
        assert_eq!(refused(|settings| settings.max_age = Duration::ZERO), ["logic_cache_max_age_seconds"]);
        let workers = |count| WorkerCount::Exactly(NonZeroUsize::new(count).unwrap());
        assert_eq!(refused(|settings| settings.workers = workers(1_025)), ["batch_max_workers"]);
        assert_eq!(refused(|settings| settings.workers = workers(1_024)), [""; 0]);
        let nested = |settings: &mut Settings| {
            (settings.cache, settings.state) = (Some("/a/cache".into()), Some("/a".into()));
        };
        assert_eq!(refused(nested), ["state_dir"]);
        let renamed = |settings: &mut Settings| {
            let tenant = settings.tenants.pop_first().unwrap().1;
            settings.tenants.insert("../x".to_owned(), tenant);
        };
        assert_eq!(refused(renamed), ["tenants[\"../x\"]"]);
        let on_a_server = |settings: &mut Settings| {
            for tenant in settings.tenants.values_mut() {
                tenant.rules = Location::Url("https://rules.example.com/".parse().unwrap());
            }
        };
        let expected: &[&str] = if cfg!(feature = "remote") { &[] } else { &["tenants.default.business_config_uri"] };
        assert_eq!(refused(on_a_server), expected);
    }
}
