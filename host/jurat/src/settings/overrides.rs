//! Overrides of the file: environment variables, an env file, flags.
//!
//! The application passes all values, so that the library never reads the environment by itself.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use jurat_model::{Bytes, Excerpt, Secret};
use jurat_yaml::Value;
use jurat_yaml::{LineColumn, Problem, Problems};

use super::alias::Alias;
use super::env_file;
use super::keys::{Kind, OWN, PREFIX};
use super::target::Target;

/// Values that override those of the file: from environment variables and, with precedence, from flags.
///
/// # Limits
/// A value has at most 64 KiB, on one line. Its problems are reported together with those of the file.
///
/// ```
/// use jurat::settings::{Overrides, Settings};
///
/// let text = "business_config_uri: repository\ntrust: {release: loan.json}\npoll_seconds: 60";
/// let overrides = Overrides::new("/srv/app")
///     .with_env_file("JURAT_POLL_SECONDS=30", "production.env")
///     .with_flags(["poll_seconds=10"]);
/// let settings = Settings::parse(text, "jurat.yaml", "/etc/jurat".as_ref(), &overrides)?;
/// assert_eq!(settings.poll.as_secs(), 10);
/// # Ok::<(), jurat::Problems>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    directory: PathBuf,
    /// From the weakest to the strongest: the env file, the environment, flags.
    tiers: [Vec<Override>; 3],
    problems: Vec<Problem>,
}

/// A value that overrides one in the file.
#[derive(Clone, Debug)]
pub(super) struct Override {
    /// The key.
    pub(super) path: Vec<String>,
    /// Another key for the same setting.
    pub(super) rival: Option<Vec<String>>,
    /// The value; its nodes have no source yet.
    pub(super) value: Written,
    /// The name of its source.
    pub(super) source: String,
    /// The position in the source.
    pub(super) position: Option<LineColumn>,
}

/// A value as it was written, parsed by the kind of its key.
#[derive(Clone, Debug)]
pub(super) enum Written {
    One(Value),
    Several(Vec<String>),
}

/// The longest value.
pub(super) const MAX_VALUE: Bytes = Bytes::kibi(64);

const ENV_FILE: usize = 0;
const ENVIRONMENT: usize = 1;
const FLAGS: usize = 2;

impl Overrides {
    /// No overrides.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// No overrides yet. Paths in added values are relative to the given directory, which should be the working directory.
    #[must_use]
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into(), ..Self::default() }
    }

    /// Adds environment variables; those of other programs are ignored.
    ///
    /// Each key has a variable, `JURAT_` and its path in capitals with `_` for `.`; see [`Key::variable`](super::Key::variable). Entries of lists are
    /// separated by commas. An empty value counts as `null`, or as an empty list.
    #[must_use]
    pub fn with_environment(mut self, variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables.into_iter().filter_map(|(name, value)| {
            let name = name.to_string_lossy().into_owned();
            name.starts_with(PREFIX).then_some((name, value))
        });
        // In a stable order.
        for (name, value) in ours.collect::<BTreeMap<_, _>>() {
            let source = format!("environment variable {}", shown(&name));
            match value.into_string() {
                _ if OWN.contains(&name.as_str()) => {}
                Ok(value) if is_of_kubernetes(&name, &value) => {
                    tracing::info!(variable = %shown(&name), "ignored: Kubernetes sets it for a service of this name");
                }
                Ok(value) => self.add(ENVIRONMENT, &source, None, Target::of_variable(&name), &value),
                Err(_) => self.problems.push(Problem::of_file(source, "its value is not UTF-8")),
            }
        }
        self
    }

    /// Adds the text of an env file called `file`. Variables of the environment win over its own.
    ///
    /// Some settings may have the names that such variables usually have elsewhere: see [`Alias`](super::Alias).
    ///
    /// It has lines like `NAME=value`, `export NAME="some value"`, `NAME='it'`, and comments after `#`. Nothing in it is expanded.
    #[must_use]
    pub fn with_env_file(mut self, text: &str, file: &str) -> Self {
        let (variables, problems) = env_file::read(text, file);
        self.problems.extend(problems);
        // First, so that our own names count more.
        for variable in &variables {
            match Alias::of_name(&variable.name) {
                Some(alias @ Alias { key: Some(key), .. }) => {
                    let (target, value) = match alias.value(variable.value.reveal()) {
                        Ok(value) => (Target::of_path(key), value),
                        Err(problem) => (Err(problem), String::new()),
                    };
                    self.add(ENV_FILE, file, Some(variable.at), target, &value);
                }
                Some(Alias { name, note, .. }) => {
                    tracing::warn!(variable = name, file = %Excerpt::of(file), "this variable has no effect: {note}");
                }
                None => {}
            }
        }
        for variable in variables.into_iter().filter(|variable| variable.name.starts_with(PREFIX)) {
            let target = match OWN.contains(&variable.name.as_str()) {
                true => Err("it is looked at before this file is read: set it in the environment".to_owned()),
                false => Target::of_variable(&variable.name),
            };
            let target = target.map_err(|error| format!("{}: {error}", shown(&variable.name)));
            self.add(ENV_FILE, file, Some(variable.at), target, variable.value.reveal());
        }
        self
    }

    /// Adds flags, each as `KEY=VALUE` with a key as in the file: `limits.fuel=5`. The last one for a key counts.
    #[must_use]
    pub fn with_flags<'a>(mut self, flags: impl IntoIterator<Item = &'a str>) -> Self {
        for (index, flag) in flags.into_iter().enumerate() {
            match flag.split_once('=') {
                Some((path, value)) => self.add(FLAGS, FLAG, None, Target::of_path(path.trim()), value),
                None => {
                    // It is not repeated: it may be the second half of a secret.
                    let message = format!("number {} of these has no `=`: write `KEY=VALUE`", index + 1);
                    self.problems.push(Problem::of_file(FLAG, message));
                }
            }
        }
        self
    }

    /// The directory that paths are relative to.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The values, from the weakest to the strongest.
    pub(super) fn tiers(&self) -> &[Vec<Override>] {
        &self.tiers
    }

    /// Their problems, independent of the file.
    pub(super) fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All problems.
    pub(super) fn refuse(&self, problems: impl IntoIterator<Item = Problem>) -> Problems {
        let problems: Vec<_> = problems.into_iter().chain(self.problems.iter().cloned()).collect();
        // Without a problem there are settings: every `None` comes with a problem.
        Problems::none(problems).err().unwrap_or_else(|| Problem::of_file("configuration", "it cannot be read").into())
    }

    fn add(
        &mut self,
        tier: usize,
        source: &str,
        position: Option<LineColumn>,
        target: Result<Target, String>,
        value: &str,
    ) {
        let read = target.and_then(|target| {
            refuse_odd(value).map_err(|error| format!("{}: {error}", target.path.join(".")))?;
            Ok(target)
        });
        match read {
            Ok(Target { path, rival, kind }) => {
                let value = Written::read(value, kind);
                let tier = self.tiers.get_mut(tier);
                tier.into_iter().for_each(|tier| {
                    tier.retain(|other| other.path != path);
                    tier.push(Override {
                        path: path.clone(),
                        rival: rival.clone(),
                        value: value.clone(),
                        source: source.to_owned(),
                        position,
                    });
                });
            }
            Err(message) => self.problems.push(Problem { at: position, ..Problem::of_file(source, message) }),
        }
    }
}

/// The name of flags as a source.
const FLAG: &str = "--set";

impl Written {
    fn read(text: &str, kind: Kind) -> Self {
        // A value of another kind stays a text, so that it is refused like a text in the file.
        Self::One(match kind {
            Kind::List if text.trim().is_empty() => return Self::Several(Vec::new()),
            Kind::List => return Self::Several(text.split(',').map(|entry| entry.trim().to_owned()).collect()),
            _ if text.is_empty() => Value::Null,
            Kind::Secret => Value::Secret(Secret::new(text)),
            Kind::Number => text.trim().parse().map_or_else(|_| Value::Text(text.to_owned()), Value::Integer),
            Kind::Boolean if text == "true" => Value::Boolean(true),
            Kind::Boolean if text == "false" => Value::Boolean(false),
            Kind::Boolean | Kind::Text | Kind::Path | Kind::Size | Kind::Files => Value::Text(text.to_owned()),
        })
    }
}

/// Refuses a value that no setting can have, without repeating it.
pub(super) fn refuse_odd(value: &str) -> Result<(), String> {
    let length = value.len() as u64;
    if length > MAX_VALUE.get() {
        return Err(format!("its value has {length} bytes, but at most {MAX_VALUE} are read"));
    }
    match value.char_indices().find(|(_, character)| character.is_control()) {
        Some((offset, '\n' | '\r')) => {
            Err(format!("its value has a line break after {offset} bytes, but must be one line"))
        }
        Some((offset, character)) => {
            Err(format!("its value has the control character U+{:04X} after {offset} bytes", u32::from(character)))
        }
        None => Ok(()),
    }
}

/// The name of a variable or flag, on one line.
fn shown(name: &str) -> Excerpt {
    Excerpt::of(&name.escape_debug().to_string())
}

/// Whether a variable has the address of a service called `jurat` or `jurat-...`: Kubernetes sets such variables in every
/// container.
fn is_of_kubernetes(name: &str, value: &str) -> bool {
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let is_url = ["tcp://", "udp://", "sctp://"].iter().any(|scheme| value.starts_with(scheme));
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return true;
    }
    match name.rsplit_once("_PORT") {
        Some((_, "")) => is_url,
        // As in `JURAT_PORT_7070_TCP_ADDR`.
        Some((_, rest)) => rest.strip_prefix('_').and_then(|rest| rest.split('_').next()).is_some_and(is_port),
        None => false,
    }
}

#[cfg(test)]
mod tests;
