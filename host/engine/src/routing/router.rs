//! The routing table, made before the first record.

use std::collections::HashMap;

use super::error::RouteError;
use crate::excerpt::{Excerpt, nearest};
use crate::ruleset::Rulesets;
use crate::schema_url::SchemaUrl;

/// Finds the rules of records. It never changes. Every request opens its own [`Routes`](super::Routes).
#[derive(Debug)]
pub struct Router {
    pub(super) rulesets: Rulesets,
    pub(super) names: HashMap<String, usize>,
    pub(super) entity_types: Vec<String>,
    entities: HashMap<String, usize>,
    mapping: HashMap<String, usize>,
    /// The field map of the highest version for each entity type and major version.
    newest: HashMap<(usize, u32), usize>,
    defaults: Vec<Option<usize>>,
}

impl Router {
    /// Prepares everything that is known before the first record.
    ///
    /// An entity type is known if it is a key of a ruleset or of `default_helpers`, or if a schema URL that is mapped or has
    /// rules speaks of it. Where two mapped URLs speak of the same version, the one that is last in the order of their text
    /// stands in for others.
    #[must_use]
    pub fn new(rulesets: Rulesets) -> Self {
        let keys = rulesets.lists.iter().map(|list| list.key.as_str());
        let urls = rulesets.mapping.iter().map(|(url, _)| url.as_str());
        let mut entity_types: Vec<String> = keys
            .chain(urls)
            .filter_map(entity_of_key)
            .chain(rulesets.defaults.keys().map(String::as_str))
            .map(str::to_owned)
            .collect();
        entity_types.sort_unstable();
        entity_types.dedup();
        let entities: HashMap<String, usize> =
            entity_types.iter().enumerate().map(|(index, name)| (name.clone(), index)).collect();

        let mut mapped: Vec<_> = rulesets
            .mapping
            .iter()
            .filter_map(|(url, map)| {
                let read = SchemaUrl::parse(url);
                let entity = *entities.get(read.entity_type?)?;
                Some((read.version?, url, entity, *map))
            })
            .collect();
        mapped.sort_unstable();
        // Later entries replace earlier ones, so that the highest version is left.
        let newest = mapped.into_iter().map(|(version, _, entity, map)| ((entity, version.major), map)).collect();

        Self {
            names: rulesets.rulesets.iter().enumerate().map(|(index, ruleset)| (ruleset.name.clone(), index)).collect(),
            mapping: rulesets.mapping.iter().cloned().collect(),
            defaults: entity_types.iter().map(|name| rulesets.defaults.get(name).copied()).collect(),
            entity_types,
            entities,
            newest,
            rulesets,
        }
    }

    /// The rulesets that were given.
    #[must_use]
    pub fn rulesets(&self) -> &Rulesets {
        &self.rulesets
    }

    /// All entity types, sorted.
    #[must_use]
    pub fn entity_types(&self) -> &[String] {
        &self.entity_types
    }

    /// The field map of a related entity, from its `$schema` and its own `entity_type`, as an index into the names that
    /// [`Rulesets::new`] was given. It needs no rules: those of another record read it.
    ///
    /// # Errors
    /// When nothing says where its fields lie.
    pub fn field_map_of(&self, schema: Option<&str>, own: Option<&str>) -> Result<usize, RouteError> {
        let schema = schema.map(SchemaUrl::parse);
        let name = schema.and_then(|schema| schema.entity_type).or(own).ok_or(RouteError::NoEntityType)?;
        let entity_type = self.entity(name, false)?;
        let found = self.field_map(schema, entity_type)?;
        found.ok_or_else(|| RouteError::NoFieldMap { entity_type: self.name(entity_type) })
    }

    pub(super) fn entity(&self, name: &str, advise: bool) -> Result<usize, RouteError> {
        self.entities.get(name).copied().ok_or_else(|| {
            // Finding the nearest name costs far more than a route: not for every hostile record.
            let known = if advise { self.entity_types.as_slice() } else { &[] };
            let nearest = nearest(name, known.iter().map(String::as_str)).map(Excerpt::of);
            RouteError::UnknownEntityType { entity_type: Excerpt::of(name), nearest }
        })
    }

    pub(super) fn field_map(
        &self,
        schema: Option<SchemaUrl<'_>>,
        entity_type: usize,
    ) -> Result<Option<usize>, RouteError> {
        let default = self.defaults.get(entity_type).copied().flatten();
        let Some(schema) = schema else {
            return Ok(default);
        };
        if let Some(map) = self.mapping.get(schema.url) {
            return Ok(Some(*map));
        }
        let of_this_type = schema.entity_type.and_then(|name| self.entities.get(name)) == Some(&entity_type);
        let major = schema.version.filter(|_| of_this_type).map(|version| version.major);
        let same_major = major.and_then(|major| self.newest.get(&(entity_type, major)).copied());
        match (same_major, major) {
            (Some(map), _) if self.rulesets.minor_fallback => Ok(Some(map)),
            _ if !self.rulesets.strict_major => Ok(default),
            (None, Some(major)) => Err(RouteError::UnknownSchemaMajor {
                schema: Excerpt::of(schema.url),
                entity_type: self.name(entity_type),
                major,
            }),
            _ => Err(RouteError::UnknownSchema { schema: Excerpt::of(schema.url) }),
        }
    }

    pub(super) fn name(&self, entity_type: usize) -> Excerpt {
        Excerpt::of(self.entity_types.get(entity_type).map_or("", String::as_str))
    }
}

/// Whether a key of a ruleset is a schema URL and not an entity type.
pub(crate) fn is_url(key: &str) -> bool {
    key.contains(['/', ':'])
}

/// The entity type of a ruleset's key: a schema URL that says it, or the entity type itself.
pub(crate) fn entity_of_key(key: &str) -> Option<&str> {
    let plain = (!key.is_empty() && !is_url(key)).then_some(key);
    SchemaUrl::parse(key).entity_type.or(plain)
}
