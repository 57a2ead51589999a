//! A release that is ready to judge.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use jurat_model::{Component, Declaration, Limits};
use jurat_trust::{BuiltinCheck, FileKind, Origin, VerifiedRelease};
use thiserror::Error;

use crate::excerpt::Excerpt;
use crate::extract::PlanError;
use crate::field_map::{FieldMap, FieldMapError};
use crate::prepared::{PlanKey, Prepared};
use crate::routing::Router;
use crate::ruleset::{BusinessConfig, Node, RuleList, RulesetError, Rulesets};
use crate::schema::{SchemaError, Schemas};
use crate::schema_url::SchemaUrl;

/// Plans that are kept for further requests. One is needed for each rule list, field map and choice of id fields; when there are
/// more, all are made anew.
const KEPT_PLANS: usize = 1_024;

/// The rules of a verified release with everything that they need. It never changes; a new release is a new one of these.
pub struct Release {
    pub(crate) router: Router,
    pub(crate) field_maps: Vec<FieldMap>,
    pub(crate) schemas: Schemas,
    pub(crate) components: Vec<Arc<dyn Component>>,
    /// The digest of each of them, as results carry it.
    digests: Vec<Arc<str>>,
    /// What provides each rule, in the order by which [`Node::rule`](crate::ruleset::Node::rule) counts.
    pub(crate) providers: Vec<Provider>,
    pub(crate) descriptions: Vec<Arc<str>>,
    pub(crate) entity_types: Vec<Arc<str>>,
    pub(crate) is_unsigned: bool,
    /// For each rule list, whether a rule reads a related entity.
    reads_related: Vec<bool>,
    plans: RwLock<HashMap<PlanKey, Arc<Prepared>>>,
}

/// What runs a rule.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Provider {
    /// A component, by its place in the release, and the rule's place in it.
    Component { component: usize, rule: u32 },
    /// The host, against the release's schemas.
    JsonSchema,
}

/// One thing that is wrong with a release although its signatures are good.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReleaseProblem {
    /// A rule is provided twice.
    #[error("rule `{rule}` is provided twice: a rule id belongs to one component")]
    DuplicateRule {
        /// The rule's id.
        rule: Excerpt,
    },
    /// Two field maps have the same name in different directories.
    #[error("two field maps are called `{name}`")]
    DuplicateFieldMap {
        /// The file name.
        name: Excerpt,
    },
    /// A field map cannot be read.
    #[error("field map `{file}`")]
    FieldMap {
        /// The file.
        file: Excerpt,
        /// What is wrong with it.
        #[source]
        error: FieldMapError,
    },
    /// A schema cannot be used.
    #[error("schema")]
    Schema(#[source] SchemaError),
    /// A ruleset is wrong.
    #[error("business-config.yaml")]
    Ruleset(#[source] RulesetError),
    /// A rule's input cannot be read with the field map that its records are routed to.
    #[error("field map `{file}`, for the rules of `{list}`")]
    Input {
        /// The field map.
        file: Excerpt,
        /// The key of the rule list.
        list: Excerpt,
        /// The input and the reason.
        #[source]
        error: PlanError,
    },
}

impl Release {
    /// Puts together what belongs together, and checks that it fits.
    ///
    /// `components` are those of the release, loaded, in its order; `config` is what its business configuration says.
    ///
    /// # Errors
    /// With everything that is wrong.
    pub fn new(
        verified: &VerifiedRelease,
        config: BusinessConfig,
        components: Vec<Arc<dyn Component>>,
    ) -> Result<Self, Vec<ReleaseProblem>> {
        let mut problems = Vec::new();
        let builtin = verified.manifest().builtin();
        let mut ids = Vec::new();
        let mut providers = Vec::new();
        let mut descriptions = Vec::new();
        for (place, component) in components.iter().enumerate() {
            for (rule, declaration) in (0..).zip(component.declarations()) {
                ids.push(declaration.id.as_str());
                providers.push(Provider::Component { component: place, rule });
                descriptions.push(Arc::from(declaration.description.as_str()));
            }
        }
        for rule in builtin {
            ids.push(rule.id.as_str());
            providers.push(match rule.check {
                BuiltinCheck::JsonSchema => Provider::JsonSchema,
            });
            descriptions.push(Arc::from(rule.description.as_str()));
        }
        problems.extend(repeated(&ids).map(|rule| ReleaseProblem::DuplicateRule { rule: Excerpt::of(rule) }));

        let mut names = Vec::new();
        let mut field_maps = Vec::new();
        for (file, bytes) in verified.files(FileKind::FieldMap) {
            let path = file.path.as_str();
            names.push(path.rsplit('/').next().unwrap_or(path));
            field_maps.push(FieldMap::parse(bytes.as_slice()).unwrap_or_else(|error| {
                problems.push(ReleaseProblem::FieldMap { file: Excerpt::of(path), error });
                FieldMap::default()
            }));
        }
        problems.extend(repeated(&names).map(|name| ReleaseProblem::DuplicateFieldMap { name: Excerpt::of(name) }));

        let schemas: Vec<_> =
            verified.files(FileKind::Schema).map(|(file, bytes)| (file.path.as_str(), bytes.as_slice())).collect();
        let schemas = Schemas::compile(&schemas)
            .map_err(|errors| problems.extend(errors.into_iter().map(ReleaseProblem::Schema)));
        let rulesets = Rulesets::new(config, &ids, &names)
            .map_err(|errors| problems.extend(errors.into_iter().map(ReleaseProblem::Ruleset)));
        let (Ok(schemas), Ok(rulesets)) = (schemas, rulesets) else { return Err(problems) };

        let router = Router::new(rulesets);
        let entity_types = router.entity_types().iter().map(|name| Arc::from(name.as_str())).collect();
        let mut release = Self {
            router,
            field_maps,
            schemas,
            digests: components.iter().map(|component| Arc::from(component.digest())).collect(),
            components,
            providers,
            descriptions,
            entity_types,
            is_unsigned: matches!(verified.origin(), Origin::Unsigned),
            reads_related: Vec::new(),
            plans: RwLock::default(),
        };
        release.reads_related = release.router.rulesets().lists().iter().map(|list| release.has_terms(list)).collect();
        release.check_inputs(&names, &mut problems);
        if problems.is_empty() { Ok(release) } else { Err(problems) }
    }

    /// All rules of a component that is part of the release, and of the host; by their ids.
    pub fn rules(&self) -> impl Iterator<Item = &Declaration> {
        self.components.iter().flat_map(|component| component.declarations())
    }

    /// The routing of the release.
    #[must_use]
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Whether nobody has signed it.
    #[must_use]
    pub fn is_unsigned(&self) -> bool {
        self.is_unsigned
    }

    /// Whether a rule of a list reads a related entity.
    pub(crate) fn reads_related(&self, list: usize) -> bool {
        self.reads_related.get(list).copied().unwrap_or(false)
    }

    /// What the component of a rule says of it; none for rules of the host, and where nothing provides the rule.
    pub(crate) fn declaration_of(&self, node: &Node) -> Option<&Declaration> {
        match self.providers.get(node.rule?)? {
            Provider::Component { component, rule } => self.declaration(*component, *rule),
            Provider::JsonSchema => None,
        }
    }

    /// What each call of a rule may use; none for rules of the host, and where nothing provides the rule.
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

    fn has_terms(&self, list: &RuleList) -> bool {
        let mut declared = list.nodes.iter().filter_map(|node| self.declaration_of(node));
        declared.any(|rule| rule.inputs.iter().any(|input| input.of.is_some()))
    }

    pub(crate) fn declaration(&self, component: usize, rule: u32) -> Option<&Declaration> {
        self.components.get(component)?.declarations().get(rule as usize)
    }

    /// How records that go one way are judged. Made once, then kept.
    pub(crate) fn prepare(&self, key: &PlanKey) -> Result<Arc<Prepared>, Vec<PlanError>> {
        if let Some(known) = self.plans.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Ok(Arc::clone(known));
        }
        let made = Arc::new(Prepared::new(self, key)?);
        let mut plans = self.plans.write().unwrap_or_else(PoisonError::into_inner);
        // Callers choose the id fields, so the number of keys is theirs too; but none of them can keep others from theirs.
        if plans.len() >= KEPT_PLANS {
            plans.clear();
        }
        plans.insert(key.clone(), Arc::clone(&made));
        Ok(made)
    }

    /// Checks every list against every field map that its records can be routed to.
    fn check_inputs(&self, names: &[&str], problems: &mut Vec<ReleaseProblem>) {
        for (list, rules) in self.router.rulesets().lists().iter().enumerate() {
            let known = self.entity_types.iter().position(|name| **name == *entity_of(&rules.key));
            // Where the key does not say the entity type, the record or the call does.
            let possible = known.map_or(0..self.entity_types.len(), |known| known..known + 1);
            let routed = possible.flat_map(|entity_type| {
                self.maps_of(&rules.key, entity_type).into_iter().map(move |map| (entity_type, map))
            });
            for (entity_type, map) in routed {
                let key = PlanKey { list, entity_type, field_map: Some(map), id_fields: Arc::from([]) };
                let Err(errors) = Prepared::new(self, &key) else { continue };
                problems.extend(errors.into_iter().map(|error| ReleaseProblem::Input {
                    file: Excerpt::of(names.get(map).unwrap_or(&"")),
                    list: Excerpt::of(&rules.key),
                    error,
                }));
            }
        }
    }

    /// The field maps of records that are judged by the list with the given key, as an entity type.
    fn maps_of(&self, key: &str, entity_type: usize) -> BTreeSet<usize> {
        let rulesets = self.router.rulesets();
        let entity = self.entity_types.get(entity_type).map(|name| &**name).unwrap_or_default();
        let mapped = rulesets.mapping.iter().filter(|(url, _)| *url == *key || entity_of(url) == entity);
        mapped.map(|(_, map)| *map).chain(rulesets.defaults.get(entity).copied()).collect()
    }
}

impl fmt::Debug for Release {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Release").field("components", &self.components).finish_non_exhaustive()
    }
}

/// The entity type of a list's key: a schema URL that says it, or the entity type itself.
fn entity_of(key: &str) -> &str {
    SchemaUrl::parse(key).entity_type.unwrap_or(key)
}

fn repeated<'a>(names: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let mut sorted = names.to_vec();
    sorted.sort_unstable();
    let mut twice: Vec<_> =
        sorted.windows(2).filter_map(|pair| (pair.first() == pair.last()).then(|| pair.first().copied())?).collect();
    twice.dedup();
    twice.into_iter()
}
