//! One difference between two releases, as data and as a line for people.

use std::fmt;

use jurat_model::Input;

use crate::manifest::{FileKind, Wasi};
use crate::name::{ReleaseVersion, SafePath, World};
use crate::quote::Quoted;

/// One difference. Its `Display` is one line for people, with foreign text in backticks.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The release has another version.
    Version {
        /// The earlier one; none for a first release.
        old: Option<ReleaseVersion>,
        /// The new one.
        new: ReleaseVersion,
    },
    /// The components are built for another contract.
    World {
        /// The earlier one.
        old: World,
        /// The new one.
        new: World,
    },
    /// A rule that was not there before.
    RuleAdded {
        /// Its id.
        rule: String,
        /// What it reads.
        inputs: Vec<Input>,
    },
    /// A rule is gone. Rulesets that list it will not load.
    RuleRemoved {
        /// Its id.
        rule: String,
    },
    /// A rule comes from another component, or from the host itself.
    RuleMoved {
        /// Its id.
        rule: String,
        /// The earlier component; none for the host.
        old: Option<SafePath>,
        /// The new component; none for the host.
        new: Option<SafePath>,
    },
    /// A rule reads something more.
    InputAdded {
        /// The rule.
        rule: String,
        /// What it reads.
        input: Input,
    },
    /// A rule no longer reads something.
    InputRemoved {
        /// The rule.
        rule: String,
        /// What it read.
        input: Input,
    },
    /// A rule reads the same thing in another way.
    InputChanged {
        /// The rule.
        rule: String,
        /// How it read it.
        old: Input,
        /// How it reads it.
        new: Input,
    },
    /// The host checks something else under this id, or says so in other words.
    BuiltinChanged {
        /// The rule.
        rule: String,
    },
    /// A component may use more or less than before.
    LimitChanged {
        /// The component.
        component: SafePath,
        /// Which limit.
        limit: &'static str,
        /// The earlier limit; none if it was the host's.
        old: Option<String>,
        /// The new limit; none if it is the host's.
        new: Option<String>,
    },
    /// A component asks for WASI, or no longer does.
    WasiChanged {
        /// The component.
        component: SafePath,
        /// What it asks for.
        new: Wasi,
    },
    /// A file that was not there before.
    FileAdded {
        /// Its path.
        path: SafePath,
        /// What it is for.
        kind: FileKind,
    },
    /// A file is gone.
    FileRemoved {
        /// Its path.
        path: SafePath,
        /// What it was for.
        kind: FileKind,
    },
    /// A file has another content, or is for something else. Of a component: any of its rules may judge differently.
    FileChanged {
        /// Its path.
        path: SafePath,
        /// What it is for.
        kind: FileKind,
    },
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { old: None, new } => write!(out, "first version: `{new}`"),
            Self::Version { old: Some(old), new } => write!(out, "version: `{old}` -> `{new}`"),
            Self::World { old, new } => write!(out, "contract: `{old}` -> `{new}`"),
            Self::RuleAdded { rule, inputs } => {
                write!(out, "rule {} added", Quoted(rule))?;
                for (index, input) in inputs.iter().enumerate() {
                    write!(out, "{}{}", if index == 0 { ": reads " } else { ", " }, Shown(input))?;
                }
                Ok(())
            }
            Self::RuleRemoved { rule } => write!(out, "rule {} REMOVED", Quoted(rule)),
            Self::RuleMoved { rule, old, new } => {
                write!(out, "rule {}: from {} to {}", Quoted(rule), Home(old.as_ref()), Home(new.as_ref()))
            }
            Self::InputAdded { rule, input } => write!(out, "rule {}: reads {} too", Quoted(rule), Shown(input)),
            Self::InputRemoved { rule, input } => {
                write!(out, "rule {}: no longer reads {}", Quoted(rule), Shown(input))
            }
            Self::InputChanged { rule, old, new } => {
                write!(out, "rule {}: {} -> {}", Quoted(rule), Shown(old), Shown(new))
            }
            Self::BuiltinChanged { rule } => write!(out, "rule {}: the host's check changed", Quoted(rule)),
            Self::LimitChanged { component, limit, old, new } => {
                let host = "the host's";
                let (old, new) = (old.as_deref().unwrap_or(host), new.as_deref().unwrap_or(host));
                write!(out, "component {}: {limit}: {old} -> {new}", Quoted(component.as_str()))
            }
            Self::WasiChanged { component, new: Wasi::Sealed } => {
                write!(out, "component {} asks for sealed WASI", Quoted(component.as_str()))
            }
            Self::WasiChanged { component, new: Wasi::None } => {
                write!(out, "component {} no longer asks for WASI", Quoted(component.as_str()))
            }
            Self::FileAdded { path, kind } => write!(out, "file {} ({kind}) added", Quoted(path.as_str())),
            Self::FileRemoved { path, kind } => write!(out, "file {} ({kind}) REMOVED", Quoted(path.as_str())),
            Self::FileChanged { path, kind } => write!(out, "file {} ({kind}) changed", Quoted(path.as_str())),
        }
    }
}

struct Home<'a>(Option<&'a SafePath>);

impl fmt::Display for Home<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(component) => write!(out, "the component {}", Quoted(component.as_str())),
            None => out.write_str("the host"),
        }
    }
}

struct Shown<'a>(&'a Input);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Input { name, of, kind, required } = self.0;
        write!(out, "{}", Quoted(name))?;
        if let Some(of) = of {
            write!(out, " of {}", Quoted(of))?;
        }
        write!(out, " ({kind}, {})", if *required { "required" } else { "optional" })
    }
}
