//! The differences of a new release, for people to read before they sign it.

use std::collections::{BTreeMap, BTreeSet};

use jurat_model::Input;

use crate::digest::Digest;
use crate::manifest::{BuiltinRule, ComponentEntry, FileEntry, FileKind, LowerLimits, Manifest, RuleEntry, Wasi};
use crate::name::SafePath;

mod change;

pub use change::Change;

/// All that differs between two releases, as far as their manifests tell.
///
/// # Limits
/// The behaviour of a rule can change without any of this, but never without its component: see [`Change::FileChanged`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Changes(Vec<Change>);

impl Changes {
    /// The changes from `old` to `new`; everything is new without an `old`.
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
            (None, _) => changes.push(Change::RuleAdded { rule: rule(), inputs: new.inputs(id).to_vec() }),
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
        ("fuel", fuel.map(|fuel| format!("{} (schedule {})", fuel.units, fuel.schedule))),
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
