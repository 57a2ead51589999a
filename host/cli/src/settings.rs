//! The settings of a command: a file, overridden by the environment and by flags.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat::Settings;
use jurat::settings::Overrides;
use jurat_disk::files;
use jurat_model::Blame;
use zeroize::Zeroizing;

use crate::exit::CommandError;

/// The arguments of every command that runs rules.
#[derive(Args, Debug)]
pub(crate) struct SettingsArguments {
    /// The configuration file; see `jurat config`. Default: the file that JURAT_CONFIG names
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file with variables, `NAME=value` on each line, for variables that the environment does not set
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Override a setting, as in `limits.fuel=5000000`; see `jurat config --keys`. Repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl SettingsArguments {
    /// Reads the file, the environment and the flags.
    pub(crate) fn read(&self) -> Result<Settings, CommandError> {
        self.read_in(std::env::vars_os())
    }

    /// Whether a file is named on the command line.
    pub(crate) fn names_a_file(&self) -> bool {
        self.config.is_some()
    }

    /// The configuration file.
    pub(crate) fn file(&self) -> Result<PathBuf, CommandError> {
        self.file_in(std::env::vars_os().find(|(name, _)| name == "JURAT_CONFIG").map(|(_, value)| value))
    }

    fn file_in(&self, variable: Option<OsString>) -> Result<PathBuf, CommandError> {
        let variable = variable.filter(|file| !file.is_empty()).map(PathBuf::from);
        self.config.clone().or(variable).ok_or_else(|| {
            CommandError::usage(
                "no configuration: name a file with `--config`; `jurat config` prints one to start from",
            )
        })
    }

    fn read_in(&self, variables: impl Iterator<Item = (OsString, OsString)>) -> Result<Settings, CommandError> {
        let variables: Vec<_> = variables.collect();
        let variable = variables.iter().find(|(name, _)| name == "JURAT_CONFIG").map(|(_, value)| value.clone());
        let file = self.file_in(variable)?;
        if !file.exists() {
            let file = file.display();
            return Err(CommandError::usage(format!("{file}: no such file; `jurat config` prints one to start from")));
        }
        // Paths in flags are relative to the working directory.
        let mut overrides = Overrides::new(PathBuf::new()).with_environment(variables);
        if let Some(file) = &self.env_file {
            overrides = overrides.with_env_file(&env_file(file)?, &file.display().to_string());
        }
        Ok(Settings::read(&file, &overrides.with_flags(self.set.iter().map(String::as_str)))?)
    }
}

fn env_file(file: &Path) -> Result<Zeroizing<String>, CommandError> {
    let text = files::read_text(file, jurat_yaml::MAX_BYTES as u64);
    text.map(Zeroizing::new).map_err(|error| CommandError::about(Blame::Caller, file.display(), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "business_config_uri: repository\ndanger: {unsigned_directory: true}\nlimits: {fuel: 1}\n";

    fn read(set: &[&str], env_file: Option<&str>, variables: &[(&str, &str)]) -> Result<Settings, Vec<String>> {
        let directory = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let file = directory.path().join(name);
            std::fs::write(&file, text).unwrap();
            file
        };
        let arguments = SettingsArguments {
            config: Some(file("local-config.yaml", TEXT)),
            env_file: env_file.map(|text| file("x.env", text)),
            set: set.iter().map(ToString::to_string).collect(),
        };
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        arguments.read_in(variables).map_err(|error| error.messages().to_vec())
    }

    fn fuel(settings: &Settings) -> u64 {
        settings.tenants[Settings::DEFAULT_TENANT].limits.fuel.get()
    }

    #[test]
    fn flags_override_the_environment_which_overrides_files() {
        let (set, env_file, variables) = (["limits.fuel=4"], "JURAT_LIMITS_FUEL=2", [("JURAT_LIMITS_FUEL", "3")]);
        assert_eq!(fuel(&read(&[], None, &[]).unwrap()), 1);
        assert_eq!(fuel(&read(&[], Some(env_file), &[]).unwrap()), 2);
        assert_eq!(fuel(&read(&[], Some(env_file), &variables).unwrap()), 3);
        assert_eq!(fuel(&read(&set, Some(env_file), &variables).unwrap()), 4);
    }

    #[test]
    fn every_problem_is_reported() {
        let messages = read(&["limits.fule=1"], Some("\nJURAT_FUEL=1"), &[("JURAT_SUSPEND_AFTER", "0")]).unwrap_err();
        assert_eq!(messages.len(), 3, "{messages:?}");
    }

    #[test]
    fn a_missing_file_is_reported_with_advice() {
        let arguments = |config: Option<&str>| SettingsArguments {
            config: config.map(PathBuf::from),
            env_file: None,
            set: Vec::new(),
        };
        let message = |arguments: SettingsArguments, variables: &[(&str, &str)]| {
            let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
            arguments.read_in(variables).unwrap_err().messages().concat()
        };
        assert!(message(arguments(None), &[]).contains("`--config`"));
        assert!(message(arguments(None), &[("JURAT_CONFIG", "")]).contains("`--config`"));
        assert_eq!(
            message(arguments(None), &[("JURAT_CONFIG", "/nowhere.yaml")]),
            "/nowhere.yaml: no such file; `jurat config` prints one to start from"
        );
        assert!(message(arguments(Some("/here.yaml")), &[("JURAT_CONFIG", "/nowhere.yaml")]).contains("/here.yaml"));
    }
}
