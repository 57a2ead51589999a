//! The routes of one request.

use std::collections::HashMap;

use super::error::RouteError;
use super::router::{Listed, NamedSchema, Router, is_url};
use crate::excerpt::{Excerpt, nearest};
use crate::ruleset::{CheckedRuleset, UnknownSchema};
use crate::schema_url::SchemaUrl;

/// Schema URLs whose route is remembered within one request. Further ones are resolved again for each record.
pub(super) const REMEMBERED: usize = 256;

/// The longest schema URL whose route is remembered, in bytes.
const REMEMBERED_BYTES: usize = 1_024;

/// The rules and the field map of a record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Route {
    /// The entity type, as an index into [`Router::entity_types`].
    pub entity_type: usize,
    /// The rules, as an index into `Rulesets::lists`. The list may be empty: the record then gets no results.
    pub list: usize,
    /// The field map, as an index into the names that `Rulesets::new` was given. Never missing where there are rules.
    pub field_map: Option<usize>,
}

/// The routes of one request. Remembers the route of each schema URL, up to a bound, and nothing of other requests.
#[derive(Debug)]
pub struct Routes<'a> {
    router: &'a Router,
    ruleset: &'a CheckedRuleset,
    listed: &'a Listed,
    entity_type: Option<usize>,
    /// The expected entity types; none = any.
    expected: Vec<usize>,
    pub(super) remembered: HashMap<Box<str>, Result<Route, RouteError>>,
}

impl<'a> Routes<'a> {
    /// The same routes for records of the given entity types only. If there is exactly one, it is the type of records that do not say
    /// their own. Without any, nothing changes.
    ///
    /// # Errors
    /// When the entity type does not exist; the error names the nearest one.
    pub fn expecting(mut self, entity_types: &[String]) -> Result<Self, RouteError> {
        let known = entity_types.iter().map(|name| self.router.entity(name, true));
        self.expected = known.collect::<Result<_, _>>()?;
        self.expected.sort_unstable();
        self.expected.dedup();
        // What was found so far is no longer valid.
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

    /// The same for a record whose own `entity_type` is not text: no expected type stands in for it.
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
        let named = self.router.named(url);
        let route = self.resolve(Some(named), own);
        // If the URL does not say the entity type, the next record of the same URL may be of another one.
        let is_known = self.entity_type.is_some() || named.meant.entity_type.is_some();
        if is_known && url.len() <= REMEMBERED_BYTES && self.remembered.len() < REMEMBERED {
            self.remembered.insert(Box::from(url), route.clone());
        }
        route
    }

    fn resolve(&self, schema: Option<NamedSchema<'_>>, own: Option<&str>) -> Result<Route, RouteError> {
        let entity_type = match self.entity_type {
            Some(entity_type) => entity_type,
            None => {
                let name =
                    schema.and_then(|schema| schema.meant.entity_type).or(own).ok_or(RouteError::NoEntityType)?;
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

    fn list(&self, schema: Option<NamedSchema<'_>>, entity_type: usize) -> Result<usize, RouteError> {
        let lists = &self.ruleset.lists;
        let by_type = || self.router.entity_types.get(entity_type).and_then(|name| lists.get(name).copied());
        if let Some(schema) = schema {
            // The list of an entity type is none of a schema with that name.
            let exact = schema.find(|url| lists.get(url).copied().filter(|_| is_url(url)));
            let schema = schema.meant;
            // As validation-lib: any other schema has the list of the entity type, if there is one.
            let of_type = || by_type().filter(|_| self.ruleset.unknown_schema == UnknownSchema::EntityType);
            if let Some(found) = exact.or_else(of_type).or_else(|| self.stand_in(schema, entity_type)) {
                return Ok(found);
            }
            let has_others = self.listed.any || self.listed.entities.contains(&entity_type);
            if has_others && self.ruleset.unknown_schema == UnknownSchema::Error {
                return Err(RouteError::UnlistedSchema {
                    ruleset: Excerpt::of(&self.ruleset.name),
                    entity_type: self.router.name(entity_type),
                    schema: Excerpt::of(schema.url),
                });
            }
        }
        by_type().ok_or_else(|| RouteError::NoRules {
            ruleset: Excerpt::of(&self.ruleset.name),
            entity_type: self.router.name(entity_type),
            schema: schema.map(|schema| Excerpt::of(schema.meant.url)),
        })
    }

    /// The list of another minor version, if minor versions may stand in for each other.
    fn stand_in(&self, schema: SchemaUrl<'_>, entity_type: usize) -> Option<usize> {
        if !self.router.rulesets.minor_fallback {
            return None;
        }
        let name = self.router.entity_types.get(entity_type)?;
        let version = schema.version.filter(|_| schema.entity_type == Some(name))?;
        self.listed.newest.get(&(entity_type, version.major)).copied()
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

impl Router {
    /// Opens the routes of one request: its ruleset, and the entity type if the call gives one for all its records.
    ///
    /// # Errors
    /// When the ruleset or the entity type does not exist; the error names the nearest one.
    pub fn routes(&self, ruleset: &str, entity_type: Option<&str>) -> Result<Routes<'_>, RouteError> {
        let index = self.names.get(ruleset).copied();
        let found = index.and_then(|index| self.rulesets.rulesets.get(index).zip(self.listed.get(index)));
        let Some((found, listed)) = found else {
            let nearest = nearest(ruleset, self.names.keys().map(String::as_str)).map(Excerpt::of);
            return Err(RouteError::UnknownRuleset { ruleset: Excerpt::of(ruleset), nearest });
        };
        let entity_type = entity_type.map(|name| self.entity(name, true)).transpose()?;
        let (expected, remembered) = (Vec::new(), HashMap::new());
        Ok(Routes { router: self, ruleset: found, listed, entity_type, expected, remembered })
    }
}
