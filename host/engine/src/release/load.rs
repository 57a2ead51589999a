//! Puts a release together and checks that its parts fit.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use jurat_model::Component;
use jurat_trust::{BuiltinCheck, FileKind, ReleaseOrigin, VerifiedRelease};

use super::content::{Provider, Release};
use super::prepared::{PlanCache, PlanKey, Prepared};
use super::problem::ReleaseProblem;
use crate::excerpt::Excerpt;
use crate::field_map::FieldMap;
use crate::routing::{Router, is_url};
use crate::ruleset::{BusinessConfig, Rulesets};
use crate::schema::{Schemas, without_fragment};
use crate::schema_url::SchemaUrl;

impl Release {
    /// Puts a release together and checks that its parts fit.
    ///
    /// `components` are those of the release, loaded, in its order. `config` is its business configuration.
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
        for (index, component) in components.iter().enumerate() {
            for (rule, declaration) in (0..).zip(component.declarations()) {
                ids.push(declaration.id.as_str());
                providers.push(Provider::Component { component: index, rule });
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
        let schemas = Schemas::compile(&schemas, &config.schemas)
            .map_err(|errors| problems.extend(errors.into_iter().map(ReleaseProblem::Schema)));
        // What a URL calls an entity type may be anything: these are sure.
        let lists = config.rulesets.values().flat_map(|ruleset| ruleset.rules.keys()).filter(|key| !is_url(key));
        let mut entity_types: HashSet<String> = lists.chain(config.default_helpers.keys()).cloned().collect();
        let declarations = components.iter().flat_map(|component| component.declarations());
        entity_types.extend(declarations.map(|declaration| declaration.entity_type.clone()));
        let urls = config.rulesets.values().flat_map(|ruleset| ruleset.rules.keys()).filter(|key| is_url(key));
        let urls = urls.chain(config.schema_to_helper_mapping.keys());
        let listed: HashSet<String> = urls.map(|url| without_fragment(url).to_owned()).collect();
        let rulesets = Rulesets::new(config, &ids, &names)
            .map_err(|errors| problems.extend(errors.into_iter().map(ReleaseProblem::Ruleset)));
        let (Ok(schemas), Ok(rulesets)) = (schemas, rulesets) else { return Err(problems) };
        let schemas = schemas.for_records(|name| entity_types.contains(name), |url| listed.contains(url));

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
            manifest: verified.manifest_sha256().to_string(),
            is_unsigned: matches!(verified.origin(), ReleaseOrigin::Unsigned),
            reads_related: Vec::new(),
            plans: PlanCache::default(),
        };
        release.reads_related = release.router.rulesets().lists().iter().map(|list| release.has_terms(list)).collect();
        release.check_inputs(&names, &mut problems);
        if problems.is_empty() { Ok(release) } else { Err(problems) }
    }

    /// Checks every list against every field map that its records can be routed to.
    fn check_inputs(&self, names: &[&str], problems: &mut Vec<ReleaseProblem>) {
        for (list, rules) in self.router.rulesets().lists().iter().enumerate() {
            let known = self.entity_types.iter().position(|name| **name == *entity_of(&rules.key));
            // If the key does not say the entity type, the record or the call does.
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

    /// The field maps of records of an entity type that are judged by the list with the given key.
    fn maps_of(&self, key: &str, entity_type: usize) -> BTreeSet<usize> {
        let rulesets = self.router.rulesets();
        let entity = self.entity_types.get(entity_type).map(|name| &**name).unwrap_or_default();
        let mapped = rulesets.mapping.iter().filter(|(url, _)| *url == *key || entity_of(url) == entity);
        mapped.map(|(_, map)| *map).chain(rulesets.defaults.get(entity).copied()).collect()
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
