//! Names that variables usually have elsewhere. An env file may use them; the environment may not, because shells set some of them for
//! their own reasons.

/// A name that a variable usually has elsewhere.
///
/// ```
/// use jurat::settings::Alias;
///
/// let hosts = Alias::ALL.iter().find(|alias| alias.name == "ALLOWED_HOSTS");
/// assert!(hosts.is_some_and(|alias| alias.key == Some("api.hosts")));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Alias {
    /// The name.
    pub name: &'static str,
    /// The path of the key that it sets; none if Jurat has nothing that it would mean.
    pub key: Option<&'static str>,
    /// How its value is written, or what there is instead.
    pub note: &'static str,
    unit: Unit,
}

/// What a value is counted in, where it differs from that of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Unit {
    Same,
    /// The key has milliseconds.
    Seconds,
    /// The key has a unit of its own.
    Mebibytes,
}

impl Alias {
    /// All of them.
    pub const ALL: &[Self] = &[
        sets("ALLOWED_HOSTS", "api.hosts", Unit::Same, "separated by commas"),
        sets("CORS_ORIGINS", "api.origins", Unit::Same, "separated by commas"),
        sets("HOST", "api.host", Unit::Same, ""),
        sets("PORT", "api.port", Unit::Same, ""),
        sets("ENVIRONMENT", "environment", Unit::Same, "`production` or `development`"),
        sets("MAX_TIMEOUT", "api.request_timeout_ms", Unit::Seconds, "in whole seconds"),
        sets("MAX_CONCURRENT_EXECUTIONS", "api.max_concurrent", Unit::Same, ""),
        sets("MAX_MEMORY_MB", "limits.memory", Unit::Mebibytes, "in MiB, of one rule"),
        explained("MAX_CPU_TIME", "`JURAT_LIMITS_FUEL` bounds the work of a rule, the same on every machine"),
        explained("ALLOWED_IMPORTS", "rules can import nothing"),
        explained(
            "RATE_LIMIT_PER_MINUTE",
            "there are no rate limits; `JURAT_API_MAX_CONCURRENT` bounds requests at a time",
        ),
        explained(
            "MAX_REQUESTS_PER_MINUTE",
            "there are no rate limits; `JURAT_API_MAX_CONCURRENT` bounds requests at a time",
        ),
        explained("DEBUG", "no response ever shows internals; `JURAT_LOG=debug` logs more"),
        explained("LOG_LEVEL", "`JURAT_LOG`, which is read from the environment only"),
        explained("LOG_FILE", "the log goes to standard error"),
        explained("DATABASE_URL", "nothing is kept in a database"),
        explained("REDIS_URL", "servers share nothing"),
        explained("SENTRY_DSN", "errors are in the log"),
        explained("API_KEY_SECRET", "`JURAT_SERVER_TOKEN_FILE` has the token of clients"),
    ];

    /// The alias with a name.
    pub(super) fn of_name(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|alias| alias.name == name)
    }

    /// A value as the key has it.
    ///
    /// # Errors
    /// When it is no number of the unit.
    pub(super) fn value(&self, value: &str) -> Result<String, String> {
        let number = |unit| {
            let number: Result<u64, _> = value.trim().parse();
            number.map_err(|_| format!("{}: a whole number of {unit} is expected", self.name))
        };
        match self.unit {
            Unit::Same => Ok(value.to_owned()),
            Unit::Seconds => Ok(number("seconds")?.saturating_mul(1_000).to_string()),
            Unit::Mebibytes => Ok(format!("{} MiB", number("mebibytes")?)),
        }
    }
}

const fn sets(name: &'static str, key: &'static str, unit: Unit, note: &'static str) -> Alias {
    Alias { name, key: Some(key), note, unit }
}

const fn explained(name: &'static str, note: &'static str) -> Alias {
    Alias { name, key: None, note, unit: Unit::Same }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;
    use crate::settings::{Environment, Key, Kind, Origins, Overrides, Settings};

    const SMALLEST: &str = "business_config_uri: repository\ntrust: {release: t/demo/main/loan.json}\n";

    fn settings(env: &str) -> Result<Settings, String> {
        let overrides = Overrides::none().with_env_file(env, "production.env");
        Settings::parse(SMALLEST, "x.yaml", Path::new(""), &overrides).map_err(|problems| problems.to_string())
    }

    #[test]
    fn an_env_file_may_use_the_usual_names() {
        let settings = settings(
            "ALLOWED_HOSTS=a.example.com, *.example.org\nCORS_ORIGINS=https://app.example.com\nHOST=0.0.0.0\nPORT=80\n\
             ENVIRONMENT=development\nMAX_TIMEOUT=5\nMAX_CONCURRENT_EXECUTIONS=7\nMAX_MEMORY_MB=8\nDEBUG=1\n",
        )
        .unwrap();
        let api = settings.api;
        assert_eq!((api.host.as_str(), api.port, api.hosts.len()), ("0.0.0.0", 80, 2));
        assert!(matches!(api.origins, Origins::Listed(listed) if listed.len() == 1));
        assert_eq!((api.environment, api.max_concurrent.get()), (Environment::Development, 7));
        assert_eq!(api.request_timeout.as_secs(), 5);
        let tenant = &settings.tenants[Settings::DEFAULT_TENANT];
        assert_eq!(tenant.limits.memory, jurat_model::Bytes::mebi(8));
    }

    #[test]
    fn our_own_name_counts_more_than_a_usual_one_and_what_is_wrong_is_told_by_the_name_that_was_used() {
        let own = settings("JURAT_API_PORT=1\nPORT=2\n").unwrap();
        assert_eq!(own.api.port, 1);
        for (line, reason) in [
            ("PORT=x", "production.env:1:1"),
            ("MAX_TIMEOUT=1.5", "MAX_TIMEOUT: a whole number of seconds"),
            ("MAX_MEMORY_MB=-1", "MAX_MEMORY_MB: a whole number of mebibytes"),
            ("ALLOWED_HOSTS=*", "is not a host"),
        ] {
            let refused = settings(line).unwrap_err();
            assert!(refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn the_environment_has_none_of_these_names() {
        let overrides = Overrides::none().with_environment([("PORT".into(), "2".into())]);
        let settings = Settings::parse(SMALLEST, "x.yaml", Path::new(""), &overrides).unwrap();
        assert_eq!(settings.api.port, 8080);
    }

    /// `config/production.env.example` as it should be. `JURAT_BLESS=1` writes it.
    #[test]
    fn the_example_has_every_variable_and_every_usual_name() {
        let mut example = include_str!("alias/example_head.txt").to_owned();
        for key in Key::ALL {
            if key.kind == Kind::Files {
                continue;
            }
            let alias = Alias::ALL.iter().find(|alias| alias.key == Some(key.path));
            let elsewhere = alias.map_or(String::new(), |alias| match alias.note {
                "" => format!("  [elsewhere: {}]", alias.name),
                note => format!("  [elsewhere: {}, {note}]", alias.name),
            });
            let default = if matches!(key.default, "null" | "[]" | Key::NEEDED) { "" } else { key.default };
            writeln!(example, "\n# {}{elsewhere}\n#{}={default}", key.meaning, key.variable()).unwrap();
        }
        example.push_str("\n# Usual names that Jurat has nothing for. They may stay in this file; a warning says that they have no effect.\n#\n");
        for alias in Alias::ALL.iter().filter(|alias| alias.key.is_none()) {
            writeln!(example, "# {}: {}", alias.name, alias.note).unwrap();
        }
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../config/production.env.example");
        if std::env::var_os("JURAT_BLESS").is_some() {
            std::fs::write(&path, &example).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), example, "{}", path.display());
        assert!(settings(&example).is_ok());
    }
}
