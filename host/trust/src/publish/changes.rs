//! What is different in a new release, for people to read before they sign it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jurat_model::Input;

use crate::digest::Digest;
use crate::manifest::{BuiltinRule, ComponentEntry, FileEntry, FileKind, LowerLimits, Manifest, RuleEntry, Wasi};
use crate::name::{ReleaseVersion, SafePath, World};
use crate::quote::Quoted;

/// All that differs between two releases, as far as their manifests tell.
///
/// # Limits
/// What a rule does can change without any of this, but never without its component: see [`Change::FileChanged`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes(Vec<Change>);

/// One difference. Its `Display` is one line for people, with foreign text in backticks.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Change {
    /// The release has another version.
    Version {
        /// The earlier one; none if there was no release.
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
        /// How many inputs it has.
        inputs: usize,
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

impl Changes {
    /// What `new` changes; everything is new where there is no `old`.
    #[must_use]
    pub fn between(old: Option<&Manifest>, new: &Manifest) -> Self {
        let mut changes = Vec::new();
        if old.is_none_or(|old| old.version() != new.version()) {
            changes.push(Change::Version { old: old.map(|old| old.version().clone()), new: new.version().clone() });
        }
        if let Some(old) = old
            && old.world() != new.world()
        {
            changes.push(Change::World { old: old.world().clone(), new: new.world().clone() });
        }
        rules(&Rules::of(old), &Rules::of(Some(new)), &mut changes);
        components(&by_path(old), &by_path(Some(new)), &mut changes);
        files(&entries(old), &entries(Some(new)), &mut changes);
        Self(changes)
    }

    /// Whether both releases are the same, but for their names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The differences: of the release, of rules, of limits, of files.
    pub fn iter(&self) -> impl Iterator<Item = &Change> {
        self.0.iter()
    }
}

/// The rules of a release by their ids.
#[derive(Default)]
struct Rules<'a> {
    compiled: BTreeMap<&'a str, (&'a SafePath, &'a RuleEntry)>,
    builtin: BTreeMap<&'a str, &'a BuiltinRule>,
}

impl<'a> Rules<'a> {
    fn of(manifest: Option<&'a Manifest>) -> Self {
        let Some(manifest) = manifest else { return Self::default() };
        let of_component = |component: &'a ComponentEntry| {
            component.rules.iter().map(|rule| (rule.id.as_str(), (&component.path, rule)))
        };
        Self {
            compiled: manifest.components().iter().flat_map(of_component).collect(),
            builtin: manifest.builtin().iter().map(|rule| (rule.id.as_str(), rule)).collect(),
        }
    }

    fn ids(&self) -> BTreeSet<&'a str> {
        self.compiled.keys().chain(self.builtin.keys()).copied().collect()
    }

    /// The component of a rule, or none within for one of the host.
    fn home(&self, id: &str) -> Option<Option<&'a SafePath>> {
        let compiled = self.compiled.get(id).map(|(component, _)| Some(*component));
        compiled.or_else(|| self.builtin.contains_key(id).then_some(None))
    }

    fn inputs(&self, id: &str) -> &'a [Input] {
        self.compiled.get(id).map_or(&[], |(_, rule)| &rule.inputs)
    }
}

fn rules(old: &Rules<'_>, new: &Rules<'_>, changes: &mut Vec<Change>) {
    for id in old.ids().union(&new.ids()) {
        let rule = || (*id).to_owned();
        match (old.home(id), new.home(id)) {
            (Some(_), None) => changes.push(Change::RuleRemoved { rule: rule() }),
            (None, _) => changes.push(Change::RuleAdded { rule: rule(), inputs: new.inputs(id).len() }),
            (Some(before), Some(after)) => {
                if before != after {
                    changes.push(Change::RuleMoved { rule: rule(), old: before.cloned(), new: after.cloned() });
                }
                inputs(id, old.inputs(id), new.inputs(id), changes);
                if let (Some(before), Some(after)) = (old.builtin.get(id), new.builtin.get(id))
                    && before != after
                {
                    changes.push(Change::BuiltinChanged { rule: rule() });
                }
            }
        }
    }
}

fn inputs(id: &str, old: &[Input], new: &[Input], changes: &mut Vec<Change>) {
    let rule = || id.to_owned();
    let same = |one: &Input, other: &Input| (&one.name, &one.of) == (&other.name, &other.of);
    for input in old.iter().filter(|input| !new.iter().any(|other| same(input, other))) {
        changes.push(Change::InputRemoved { rule: rule(), input: input.clone() });
    }
    for input in new {
        match old.iter().find(|other| same(input, other)) {
            None => changes.push(Change::InputAdded { rule: rule(), input: input.clone() }),
            Some(before) if before != input => {
                changes.push(Change::InputChanged { rule: rule(), old: before.clone(), new: input.clone() });
            }
            Some(_) => {}
        }
    }
}

fn by_path(manifest: Option<&Manifest>) -> BTreeMap<&SafePath, &ComponentEntry> {
    manifest.map(Manifest::components).unwrap_or_default().iter().map(|entry| (&entry.path, entry)).collect()
}

fn components(
    old: &BTreeMap<&SafePath, &ComponentEntry>,
    new: &BTreeMap<&SafePath, &ComponentEntry>,
    changes: &mut Vec<Change>,
) {
    for (&path, after) in new {
        // A new component is compared with one that sets no limits: what it sets is to be read too.
        let before = old.get(path);
        let none = LowerLimits::default();
        let pairs = limits(before.map_or(&none, |before| &before.limits)).into_iter().zip(limits(&after.limits));
        for ((limit, old), (_, new)) in pairs.filter(|((_, old), (_, new))| old != new) {
            changes.push(Change::LimitChanged { component: path.clone(), limit, old, new });
        }
        if before.map_or(Wasi::None, |before| before.wasi) != after.wasi {
            changes.push(Change::WasiChanged { component: path.clone(), new: after.wasi });
        }
    }
}

fn limits(limits: &LowerLimits) -> [(&'static str, Option<String>); 5] {
    let LowerLimits { fuel, memory, table_elements, reply, deadline } = limits;
    [
        ("fuel", fuel.map(|fuel| fuel.to_string())),
        ("memory", memory.map(|memory| memory.to_string())),
        ("table elements", table_elements.map(|elements| elements.to_string())),
        ("reply", reply.map(|reply| reply.to_string())),
        ("deadline", deadline.map(|deadline| format!("{} ms", deadline.as_millis()))),
    ]
}

fn entries(manifest: Option<&Manifest>) -> BTreeMap<&SafePath, (FileKind, &Digest)> {
    let files = manifest.map(Manifest::files).unwrap_or_default();
    files.iter().map(|FileEntry { path, sha256, kind, .. }| (path, (*kind, sha256))).collect()
}

fn files(
    old: &BTreeMap<&SafePath, (FileKind, &Digest)>,
    new: &BTreeMap<&SafePath, (FileKind, &Digest)>,
    changes: &mut Vec<Change>,
) {
    for (&path, &(kind, _)) in old.iter().filter(|(path, _)| !new.contains_key(*path)) {
        changes.push(Change::FileRemoved { path: path.clone(), kind });
    }
    for (&path, entry @ &(kind, _)) in new {
        match old.get(path) {
            None => changes.push(Change::FileAdded { path: path.clone(), kind }),
            Some(before) if before != entry => changes.push(Change::FileChanged { path: path.clone(), kind }),
            Some(_) => {}
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { old: None, new } => write!(out, "first version: `{new}`"),
            Self::Version { old: Some(old), new } => write!(out, "version: `{old}` -> `{new}`"),
            Self::World { old, new } => write!(out, "contract: `{old}` -> `{new}`"),
            Self::RuleAdded { rule, inputs } => write!(out, "rule {} added: {inputs} inputs", Quoted(rule)),
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
