//! What schemas may refer to: the files of a release, the parts of them with an `$id`, and anchors. Nothing is fetched.

use std::collections::HashMap;
use std::sync::Arc;

use fluent_uri::{Uri, UriRef};
use percent_encoding::percent_decode_str;

use super::document::{Document, without_fragment};
use super::draft::{Below, Draft};
use super::limits::{MAX_ID_BYTES, MAX_SUBSCHEMAS};
use super::problem::Problem;
use crate::json::{Branch, Tree};

/// A part of a schema that can be referred to, with its file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'d> {
    pub(super) document: usize,
    pub(super) value: Branch<'d>,
}

/// All that can be referred to.
#[derive(Debug, Default)]
pub(super) struct Resources<'d> {
    /// Files and parts with an `$id`, by their URL.
    by_url: HashMap<String, Target<'d>>,
    /// Anchors, by the URL that they belong to and their name.
    anchors: HashMap<(String, String), Target<'d>>,
    /// The URL that the references in a subschema are relative to, by the identity of the subschema.
    bases: HashMap<usize, Arc<str>>,
    /// The drafts of the files.
    drafts: Vec<Draft>,
}

impl<'d> Resources<'d> {
    /// Finds them in the files of a release. Problems come with the index of the file.
    pub(super) fn find(documents: &[Document], trees: &'d [Tree<'d>]) -> (Self, Vec<(usize, Problem)>) {
        let mut resources =
            Self { drafts: documents.iter().map(|document| document.draft).collect(), ..Self::default() };
        let mut problems = Vec::new();
        for (document, (read, tree)) in documents.iter().zip(trees).enumerate() {
            let root = tree.root().map(|value| Target { document, value });
            resources.by_url.extend(root.map(|root| (read.id.clone(), root)));
        }
        for (document, (read, tree)) in documents.iter().zip(trees).enumerate() {
            let Some(root) = tree.root() else { continue };
            let before = resources.bases.len();
            if let Err(problem) = resources.visit((document, before), root, &Arc::from(read.id.as_str()), "") {
                problems.push((document, problem));
            }
        }
        (resources, problems)
    }

    /// Notes what can be referred to in a subschema and below it.
    fn visit(
        &mut self,
        (document, before): (usize, usize),
        value: Branch<'d>,
        base: &Arc<str>,
        at: &str,
    ) -> Result<(), Problem> {
        if self.bases.len() - before > MAX_SUBSCHEMAS {
            return Err(Problem::TooManySubschemas);
        }
        let mut base = Arc::clone(base);
        let draft = self.drafts.get(document).copied().unwrap_or_default();
        // In draft-07 nothing beside a reference counts.
        let is_reference = draft == Draft::Draft7 && value.member("$ref").is_some();
        if !at.is_empty() && value.member("$schema").is_some() {
            return Err(Problem::keyword(&below(at, "$schema"), "$schema"));
        }
        if let Some(id) = value.member("$id").and_then(Branch::text)
            && !at.is_empty()
            && !is_reference
        {
            match id.strip_prefix('#') {
                Some(anchor) if draft == Draft::Draft7 => {
                    self.anchor(&base, anchor, Target { document, value }, at)?;
                }
                _ => {
                    let url = without_fragment(id);
                    if url.is_empty() || url.contains('#') || url.len() > MAX_ID_BYTES {
                        let expected = "a URL of at most 1,024 bytes without a fragment";
                        return Err(Problem::shape(&below(at, "$id"), expected));
                    }
                    base = Arc::from(resolve(&base, url));
                    if self.by_url.insert(base.to_string(), Target { document, value }).is_some() {
                        return Err(Problem::RepeatedId { at: crate::Excerpt::of(&below(at, "$id")) });
                    }
                }
            }
        }
        for keyword in ["$anchor", "$dynamicAnchor"].into_iter().filter(|keyword| draft.knows(keyword)) {
            if let Some(anchor) = value.member(keyword).and_then(Branch::text).filter(|_| draft != Draft::Draft7) {
                self.anchor(&base, anchor, Target { document, value }, at)?;
            }
        }
        self.bases.insert(value.identity(), Arc::clone(&base));
        if !value.is_object() {
            return Ok(());
        }
        for (keyword, part) in value.children() {
            let at = &below(at, keyword);
            let is_schema = |part: Branch<'_>| !part.is_array();
            match draft.below(keyword) {
                Some(Below::One) => self.visit((document, before), part, &base, at)?,
                Some(Below::OneOrList) if !part.is_array() => self.visit((document, before), part, &base, at)?,
                Some(Below::OneOrList | Below::List) => {
                    for (index, (_, item)) in part.children().enumerate() {
                        self.visit((document, before), item, &base, &below(at, &index.to_string()))?;
                    }
                }
                Some(Below::Map | Below::MapOrNames) if part.is_object() => {
                    for (name, member) in part.children().filter(|(_, member)| is_schema(*member)) {
                        self.visit((document, before), member, &base, &below(at, name))?;
                    }
                }
                Some(Below::Map | Below::MapOrNames) | None => {}
            }
        }
        Ok(())
    }

    fn anchor(&mut self, base: &str, name: &str, target: Target<'d>, at: &str) -> Result<(), Problem> {
        match self.anchors.insert((base.to_owned(), name.to_owned()), target) {
            Some(other) if other.value.identity() != target.value.identity() => {
                Err(Problem::RepeatedAnchor { at: crate::Excerpt::of(at), anchor: crate::Excerpt::of(name) })
            }
            _ => Ok(()),
        }
    }

    /// The root of the file with an `$id`.
    pub(super) fn root(&self, id: &str) -> Option<Target<'d>> {
        self.by_url.get(id).copied()
    }

    /// The base of the references in a subschema: that of its nearest ancestor with an `$id`.
    pub(super) fn base(&self, value: Branch<'_>) -> Option<&str> {
        self.bases.get(&value.identity()).map(|base| &**base)
    }

    /// What a reference leads to, and the base of what is there.
    pub(super) fn refer(&self, base: &str, reference: &str, at: &str) -> Result<(Target<'d>, String), Problem> {
        let (url, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let url = if url.is_empty() { base.to_owned() } else { resolve(base, url) };
        let Some(resource) = self.by_url.get(&url) else { return Err(Problem::reference(at, reference)) };
        let nowhere = || Problem::nowhere(at, reference);
        let fragment = percent_decode_str(fragment).decode_utf8().map_err(|_| nowhere())?;
        if !fragment.is_empty() && !fragment.starts_with('/') {
            let anchor = self.anchors.get(&(url.clone(), fragment.into_owned())).ok_or_else(nowhere)?;
            return Ok((*anchor, url));
        }
        let mut value = resource.value;
        let mut base = url;
        for part in fragment.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            value = if value.is_array() {
                part.parse().ok().and_then(|index: usize| value.children().nth(index)).map(|(_, item)| item)
            } else {
                value.member(&part)
            }
            .ok_or_else(nowhere)?;
            // A schema on the way that claims another draft would change how the target is read.
            if value.member("$schema").is_some_and(|schema| schema.text().is_some()) {
                return Err(Problem::keyword(at, "$schema"));
            }
            if let Some(inner) = self.base(value) {
                inner.clone_into(&mut base);
            }
        }
        // What no keyword leads to has not been searched for what changes the meaning of references.
        if self.base(value).is_none() && has_identifier(value) {
            return Err(Problem::Unsearched { at: crate::Excerpt::of(at), target: crate::Excerpt::of(reference) });
        }
        Ok((Target { document: resource.document, value }, base))
    }
}

/// Whether a value or anything inside it may name itself, or another draft.
fn has_identifier(value: Branch<'_>) -> bool {
    let names = ["$id", "$schema", "$anchor", "$dynamicAnchor"];
    value.children().any(|(name, child)| names.contains(&name) && value.is_object() || has_identifier(child))
}

/// A URL as it is meant in a part of a schema with that base.
fn resolve(base: &str, url: &str) -> String {
    let Ok(base) = Uri::parse(base) else { return url.to_owned() };
    UriRef::parse(url)
        .ok()
        .and_then(|url| url.resolve_against(&base).ok())
        .map_or_else(|| url.to_owned(), Uri::into_string)
}

/// A pointer to a member or item. It stops growing when it is too long to be read.
pub(super) fn below(pointer: &str, name: &str) -> String {
    if pointer.len() > 256 {
        return pointer.to_owned();
    }
    let name: String = name.chars().take(64).collect();
    format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"))
}
