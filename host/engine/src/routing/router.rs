//! The routing table, made before the first record.

use std::collections::{BTreeMap, HashMap, HashSet};

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
    /// For each ruleset, the lists that its schema URLs have beside their own.
    pub(super) listed: Vec<Listed>,
}

/// What the schema URLs of one ruleset's lists speak of.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// The entity types with lists by schema URL.
    pub(super) entities: HashSet<usize>,
    /// Whether a URL does not say its entity type, so that it may be any.
    pub(super) any: bool,
    /// The list of the highest version for each entity type and major version.
    pub(super) newest: HashMap<(usize, u32), usize>,
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

        let listed = rulesets.rulesets.iter().map(|ruleset| Listed::of(&ruleset.lists, &entities)).collect();

        Self {
            listed,
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
        let schema = schema.map(|url| self.named(url));
        let name = schema.and_then(|schema| schema.meant.entity_type).or(own).ok_or(RouteError::NoEntityType)?;
        let entity_type = self.entity(name, false)?;
        let found = self.field_map(schema, entity_type)?;
        found.ok_or_else(|| RouteError::NoFieldMap { entity_type: self.name(entity_type) })
    }

    /// The schema that a URL names.
    pub(super) fn named<'a>(&'a self, url: &'a str) -> NamedSchema<'a> {
        let written = url.strip_suffix('#').unwrap_or(url);
        let meant = self.rulesets.aliases.get(written).map_or(written, String::as_str);
        NamedSchema { written, meant: SchemaUrl::parse(meant) }
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
        schema: Option<NamedSchema<'_>>,
        entity_type: usize,
    ) -> Result<Option<usize>, RouteError> {
        let default = self.defaults.get(entity_type).copied().flatten();
        let Some(schema) = schema else {
            return Ok(default);
        };
        if let Some(map) = schema.find(|url| self.mapping.get(url)) {
            return Ok(Some(*map));
        }
        let schema = schema.meant;
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

/// The schema that a record names.
#[derive(Clone, Copy, Debug)]
pub(super) struct NamedSchema<'a> {
    /// The URL as it is written, without an empty fragment.
    written: &'a str,
    /// The URL that it stands for, if it is an alias.
    pub(super) meant: SchemaUrl<'a>,
}

impl NamedSchema<'_> {
    /// What is found for the URL as it is written, else for what it stands for.
    pub(super) fn find<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        find(self.written).or_else(|| find(self.meant.url))
    }
}

impl Listed {
    fn of(lists: &BTreeMap<String, usize>, entities: &HashMap<String, usize>) -> Self {
        let mut listed = Self::default();
        let mut versions = Vec::new();
        for (key, list) in lists.iter().filter(|(key, _)| is_url(key)) {
            let read = SchemaUrl::parse(key);
            let Some(entity) = read.entity_type.and_then(|name| entities.get(name)) else {
                listed.any = true;
                continue;
            };
            listed.entities.insert(*entity);
            versions.extend(read.version.map(|version| (version, key, *entity, *list)));
        }
        versions.sort_unstable();
        // Later entries replace earlier ones, so that the highest version is left.
        listed.newest =
            versions.into_iter().map(|(version, _, entity, list)| ((entity, version.major), list)).collect();
        listed
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
