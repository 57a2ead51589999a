//! Routing: which rules and which field map a record gets.
//!
//! 1. The entity type is the call's parameter, else what `$schema` says, else the record's own `entity_type`, else the one that the
//!    call expects, if it expects exactly one.
//! 2. The rules are those that the ruleset has for the exact `$schema` URL, else those for the entity type.
//! 3. The field map is the one mapped to the exact `$schema` URL. Failing that, where minor versions may stand in for each
//!    other, the one of the highest version of the same entity type and major version. Failing that, an error where major
//!    versions are strict, else the default of the entity type. Without `$schema` it is always the default.
//!
//! The call's parameter wins over a `$schema` of another entity type: rules and field map of the exact URL are still used, but
//! another version of that other entity type never stands in.

mod error;

use std::collections::HashMap;

pub use error::RouteError;

use crate::excerpt::{Excerpt, nearest};
use crate::ruleset::{CheckedRuleset, Rulesets};
use crate::schema_url::SchemaUrl;

/// Schema URLs whose route is remembered within one request. Further ones are worked out anew for each record.
const REMEMBERED: usize = 256;

/// The longest schema URL whose route is remembered, in bytes.
const REMEMBERED_BYTES: usize = 1_024;

/// Where a record goes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Route {
    /// The entity type, as an index into [`Router::entity_types`].
    pub entity_type: usize,
    /// The rules, as an index into [`Rulesets::lists`]. The list may be empty: the record then gets no results.
    pub list: usize,
    /// The field map, as an index into the names that [`Rulesets::new`] was given. Never missing where there are rules.
    pub field_map: Option<usize>,
}

/// Sends records to their rules. It never changes; every request opens [`Routes`] of its own.
#[derive(Debug)]
pub struct Router {
    rulesets: Rulesets,
    names: HashMap<String, usize>,
    entity_types: Vec<String>,
    entities: HashMap<String, usize>,
    mapping: HashMap<String, usize>,
    /// The field map of the highest version for each entity type and major version.
    newest: HashMap<(usize, u32), usize>,
    defaults: Vec<Option<usize>>,
}

impl Router {
    /// Prepares everything that can be known before the first record.
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

    /// Opens the routes of one request: its ruleset, and the entity type if the call gives one for all its records.
    ///
    /// # Errors
    /// When there is no such ruleset or entity type; the error names the nearest one.
    pub fn routes(&self, ruleset: &str, entity_type: Option<&str>) -> Result<Routes<'_>, RouteError> {
        let found = self.names.get(ruleset).and_then(|index| self.rulesets.rulesets.get(*index));
        let Some(found) = found else {
            let nearest = nearest(ruleset, self.names.keys().map(String::as_str)).map(Excerpt::of);
            return Err(RouteError::UnknownRuleset { ruleset: Excerpt::of(ruleset), nearest });
        };
        let entity_type = entity_type.map(|name| self.entity(name, true)).transpose()?;
        Ok(Routes { router: self, ruleset: found, entity_type, expected: Vec::new(), remembered: HashMap::new() })
    }

    /// The field map of a related entity, from its `$schema` and its own `entity_type`, as an index into the names that
    /// [`Rulesets::new`] was given. No rules are asked for: rules of another record read it.
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

    fn entity(&self, name: &str, advise: bool) -> Result<usize, RouteError> {
        self.entities.get(name).copied().ok_or_else(|| {
            // Looking for the nearest name costs far more than a route, so not for every hostile record.
            let known = if advise { self.entity_types.as_slice() } else { &[] };
            let nearest = nearest(name, known.iter().map(String::as_str)).map(Excerpt::of);
            RouteError::UnknownEntityType { entity_type: Excerpt::of(name), nearest }
        })
    }

    fn field_map(&self, schema: Option<SchemaUrl<'_>>, entity_type: usize) -> Result<Option<usize>, RouteError> {
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

    fn name(&self, entity_type: usize) -> Excerpt {
        Excerpt::of(self.entity_types.get(entity_type).map_or("", String::as_str))
    }
}

/// The routes of one request. Remembers the route of each schema URL, up to a bound, and nothing of other requests.
#[derive(Debug)]
pub struct Routes<'a> {
    router: &'a Router,
    ruleset: &'a CheckedRuleset,
    entity_type: Option<usize>,
    /// The entity types that are expected; none = any.
    expected: Vec<usize>,
    remembered: HashMap<Box<str>, Result<Route, RouteError>>,
}

impl<'a> Routes<'a> {
    /// The same routes for records of the given entity types alone. If it is exactly one, records that do not say their own are
    /// taken for that. Without any, nothing changes.
    ///
    /// # Errors
    /// When there is no such entity type; the error names the nearest one.
    pub fn expecting(mut self, entity_types: &[String]) -> Result<Self, RouteError> {
        let known = entity_types.iter().map(|name| self.router.entity(name, true));
        self.expected = known.collect::<Result<_, _>>()?;
        self.expected.sort_unstable();
        self.expected.dedup();
        // What was found so far holds no more.
        self.remembered.clear();
        Ok(self)
    }

    /// The ruleset whose routes these are.
    #[must_use]
    pub fn ruleset(&self) -> &'a CheckedRuleset {
        self.ruleset
    }

    /// Finds the route of one record, from its `$schema` and its own `entity_type`.
    ///
    /// Costs one hash lookup where the schema URL repeats. At most 256 URLs of at most 1,024 bytes are remembered; hostile
    /// ones only cost their own record.
    ///
    /// # Errors
    /// Why the record cannot be judged; see [`RouteError`].
    pub fn find(&mut self, schema: Option<&str>, own: Option<&str>) -> Result<Route, RouteError> {
        let alone = match &*self.expected {
            [alone] => self.router.entity_types.get(*alone).map(String::as_str),
            _ => None,
        };
        self.find_without_default(schema, own.or(alone))
    }

    /// The same for a record whose own `entity_type` makes no sense: nothing that is expected stands in for it.
    pub(crate) fn find_without_default(
        &mut self,
        schema: Option<&str>,
        own: Option<&str>,
    ) -> Result<Route, RouteError> {
        let Some(url) = schema else {
            return self.resolve(None, own);
        };
        if let Some(known) = self.remembered.get(url) {
            return known.clone();
        }
        let read = SchemaUrl::parse(url);
        let route = self.resolve(Some(read), own);
        // Where the URL does not say the entity type, the next record of the same URL may be of another one.
        let settled = self.entity_type.is_some() || read.entity_type.is_some();
        if settled && url.len() <= REMEMBERED_BYTES && self.remembered.len() < REMEMBERED {
            self.remembered.insert(Box::from(url), route.clone());
        }
        route
    }

    fn resolve(&self, schema: Option<SchemaUrl<'_>>, own: Option<&str>) -> Result<Route, RouteError> {
        let entity_type = match self.entity_type {
            Some(entity_type) => entity_type,
            None => {
                let name = schema.and_then(|schema| schema.entity_type).or(own).ok_or(RouteError::NoEntityType)?;
                self.router.entity(name, false)?
            }
        };
        if !self.expected.is_empty() && !self.expected.contains(&entity_type) {
            return Err(self.unexpected(entity_type));
        }
        let list = self.list(schema, entity_type)?;
        let field_map = match self.router.field_map(schema, entity_type)? {
            None if !self.is_empty(list) => {
                return Err(RouteError::NoFieldMap { entity_type: self.router.name(entity_type) });
            }
            found => found,
        };
        Ok(Route { entity_type, list, field_map })
    }

    fn list(&self, schema: Option<SchemaUrl<'_>>, entity_type: usize) -> Result<usize, RouteError> {
        let lists = &self.ruleset.lists;
        let exact = schema.and_then(|schema| lists.get(schema.url));
        let by_type = || self.router.entity_types.get(entity_type).and_then(|name| lists.get(name));
        exact.or_else(by_type).copied().ok_or_else(|| RouteError::NoRules {
            ruleset: Excerpt::of(&self.ruleset.name),
            entity_type: self.router.name(entity_type),
            schema: schema.map(|schema| Excerpt::of(schema.url)),
        })
    }

    #[cold]
    fn unexpected(&self, entity_type: usize) -> RouteError {
        let names = self.expected.iter().filter_map(|expected| self.router.entity_types.get(*expected));
        let names: Vec<&str> = names.map(String::as_str).collect();
        RouteError::UnexpectedEntityType {
            entity_type: self.router.name(entity_type),
            expected: Excerpt::of(&names.join("`, `")),
        }
    }

    fn is_empty(&self, list: usize) -> bool {
        self.router.rulesets.lists.get(list).is_none_or(|list| list.nodes.is_empty())
    }
}

/// Whether a key of a ruleset is a schema URL and no entity type.
pub(crate) fn is_url(key: &str) -> bool {
    key.contains(['/', ':'])
}

/// The entity type of a ruleset's key: a schema URL that says it, or the entity type itself.
pub(crate) fn entity_of_key(key: &str) -> Option<&str> {
    let plain = (!key.is_empty() && !is_url(key)).then_some(key);
    SchemaUrl::parse(key).entity_type.or(plain)
}

#[cfg(test)]
mod tests;
