//! A release that is ready to judge: its data, and what can be asked of it.

use std::fmt;
use std::sync::Arc;

use jurat_model::{Component, Declaration, Limits};

use super::prepared::PlanCache;
use crate::field_map::FieldMap;
use crate::routing::Router;
use crate::ruleset::{Node, RuleList};
use crate::schema::{SchemaWarning, Schemas};

/// The rules of a verified release with everything that they need. It never changes; a new release is a new value.
pub struct Release {
    pub(crate) router: Router,
    pub(crate) field_maps: Vec<FieldMap>,
    pub(crate) schemas: Schemas,
    pub(crate) components: Vec<Arc<dyn Component>>,
    /// The digest of each of them, as results carry it.
    pub(super) digests: Vec<Arc<str>>,
    /// The provider of each rule, in the order by which [`Node::rule`](crate::ruleset::Node::rule) counts.
    pub(crate) providers: Vec<Provider>,
    pub(crate) descriptions: Vec<Arc<str>>,
    pub(crate) entity_types: Vec<Arc<str>>,
    pub(super) is_unsigned: bool,
    /// The SHA-256 of its manifest, in lower-case hexadecimal.
    pub(super) manifest: String,
    /// For each rule list, whether a rule reads a related entity.
    pub(super) reads_related: Vec<bool>,
    pub(super) plans: PlanCache,
}

/// The provider of a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Provider {
    /// A component, by its index in the release, and the rule's index in it.
    Component { component: usize, rule: u32 },
    /// The host, against the release's schemas.
    JsonSchema,
}

impl Release {
    /// All rules of the release's components, as they declare themselves.
    pub fn rules(&self) -> impl Iterator<Item = &Declaration> {
        self.components.iter().flat_map(|component| component.declarations())
    }

    /// The routing of the release.
    #[must_use]
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The SHA-256 of its manifest, in lower-case hexadecimal: the name of exactly this release.
    #[must_use]
    pub fn manifest(&self) -> &str {
        &self.manifest
    }

    /// What the authors of its schemas should know although the release can be used.
    #[must_use]
    pub fn schema_warnings(&self) -> &[SchemaWarning] {
        self.schemas.warnings()
    }

    /// Whether it is unsigned.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.is_unsigned
    }

    /// Whether a rule of a list reads a related entity.
    pub(crate) fn reads_related(&self, list: usize) -> bool {
        self.reads_related.get(list).copied().unwrap_or(false)
    }

    /// The declaration of a rule by its component; none for rules of the host, and where nothing provides the rule.
    pub(crate) fn declaration_of(&self, node: &Node) -> Option<&Declaration> {
        match self.providers.get(node.rule?)? {
            Provider::Component { component, rule } => self.declaration(*component, *rule),
            Provider::JsonSchema => None,
        }
    }

    /// The limits of each call of a rule; none for rules of the host, and where nothing provides the rule.
    pub(crate) fn limits_of(&self, node: &Node) -> Option<&Limits> {
        match self.providers.get(node.rule?)? {
            Provider::Component { component, .. } => Some(self.components.get(*component)?.limits()),
            Provider::JsonSchema => None,
        }
    }

    /// The digest of the component that has a rule; none for rules of the host, and where nothing provides the rule.
    pub(crate) fn component_of(&self, node: &Node) -> Option<&Arc<str>> {
        match self.providers.get(node.rule?)? {
            Provider::Component { component, .. } => self.digests.get(*component),
            Provider::JsonSchema => None,
        }
    }

    pub(crate) fn declaration(&self, component: usize, rule: u32) -> Option<&Declaration> {
        self.components.get(component)?.declarations().get(rule as usize)
    }

    /// Whether a rule of a list declares an input of a related entity.
    pub(super) fn has_terms(&self, list: &RuleList) -> bool {
        let mut declared = list.nodes.iter().filter_map(|node| self.declaration_of(node));
        declared.any(|rule| rule.inputs.iter().any(|input| input.of.is_some()))
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Release").field("components", &self.components).finish_non_exhaustive()
    }
}
