//! Related entities that are fetched for a window before it is judged.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::identity::Id;
use super::window::route;
use super::{Context, Place};
use crate::json::Scratch;
use crate::prepared::Prepared;
use crate::routing::{Route, Routes};
use crate::supplier::{Supplied, Supplier, TERM_TOO_LARGE, UNANSWERED, Wanted};

/// Asks for what the records of one window after the other need.
pub(super) struct Supply<'a> {
    context: &'a Context,
    supplier: &'a dyn Supplier,
    routes: Routes<'a>,
    /// How the records of each route are judged; none if they cannot be. As many as the release has ways through its rules.
    prepared: HashMap<Route, Option<Arc<Prepared>>>,
    scratch: Scratch,
    unanswered: Supplied,
    too_large: Supplied,
}

/// What was supplied for the records of one window.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// The length of all texts; one that stands behind several terms counts once.
    bytes: usize,
    /// Rises by the record's place in the window, then by the term's place in the plan of its route.
    supplied: Vec<((u32, usize), Supplied)>,
    has_stale: bool,
}

/// A record of the window with the terms that it needs, by their places in the plan of its route.
struct Need {
    record: u32,
    route: Route,
    terms: Vec<usize>,
}

impl<'a> Supply<'a> {
    /// None if there is nobody to ask, or nothing to ask for: no rule of the ruleset reads a related entity.
    pub(super) fn open(context: &'a Context) -> Option<Self> {
        let supplier = context.request.supplier.as_deref()?;
        let routes = context.routes().ok()?;
        let mut lists = routes.ruleset().lists.values();
        lists.any(|list| context.release.reads_related(*list)).then(|| Self {
            context,
            supplier,
            prepared: HashMap::new(),
            scratch: Scratch::new(context.request.max_record),
            unanswered: unavailable(UNANSWERED, "there was no answer"),
            too_large: unavailable(TERM_TOO_LARGE, &format!("it takes more than {}", context.request.max_record)),
            routes,
        })
    }

    /// Fetches what the records of a window need. Records that cannot be judged need nothing.
    pub(super) fn fetch(&mut self, window: &[Place]) -> Answers {
        let needs: Vec<Need> = (0..).zip(window).filter_map(|(record, place)| self.need(record, place)).collect();
        if needs.is_empty() {
            return Answers::default();
        }
        let wanted: Vec<Wanted<'_>> = needs.iter().map(|need| self.wanted(need, window)).collect();
        let mut answers = self.supplier.supply(&wanted).into_iter();
        let mut supplied = Vec::with_capacity(needs.iter().map(|need| need.terms.len()).sum());
        for need in needs {
            let mut answer = answers.next().unwrap_or_default().into_iter();
            supplied.extend(need.terms.into_iter().map(|term| {
                let one = answer.next().unwrap_or_else(|| self.unanswered.clone());
                ((need.record, term), self.bounded(one))
            }));
        }
        Answers::new(supplied)
    }

    /// Lets go at once of what would be refused later.
    fn bounded(&self, supplied: Supplied) -> Supplied {
        match &supplied {
            Supplied::Entity { text, .. } if text.len() as u64 > self.context.request.max_record.get() => {
                self.too_large.clone()
            }
            _ => supplied,
        }
    }

    fn need(&mut self, record: u32, place: &Place) -> Option<Need> {
        let context = self.context;
        let text = context.record(place).ok()?;
        let tokens = context.first_look.scan(text, &mut self.scratch).ok()?;
        let route = route(&mut self.routes, &tokens).ok()?;
        let prepared = self.prepared.entry(route).or_insert_with(|| context.prepare(route).ok());
        let terms = prepared.as_deref()?.plan.terms().enumerate();
        let given = context.request.associated.as_deref();
        let id = given.map(|_| Id::of(&tokens, context.id_fields.len()));
        let key = id.as_ref().and_then(Id::key);
        let is_given = |term: &str| given.is_some_and(|given| given.get(key, term).is_some());
        let terms: Vec<usize> = terms.filter(|(_, term)| !is_given(term)).map(|(place, _)| place).collect();
        (!terms.is_empty()).then_some(Need { record, route, terms })
    }

    fn wanted(&self, need: &Need, window: &[Place]) -> Wanted<'_> {
        let context = self.context;
        let record = window.get(need.record as usize).and_then(|place| context.record(place).ok());
        let prepared = self.prepared.get(&need.route).and_then(Option::as_deref);
        let term = |place: &usize| prepared?.plan.terms().nth(*place);
        Wanted {
            entity_type: context
                .release
                .entity_types
                .get(need.route.entity_type)
                .map(|name| &**name)
                .unwrap_or_default(),
            record: record.and_then(|record| str::from_utf8(record).ok()).unwrap_or_default(),
            terms: need.terms.iter().filter_map(term).collect(),
        }
    }
}

impl Answers {
    fn new(supplied: Vec<((u32, usize), Supplied)>) -> Self {
        let mut seen = HashSet::new();
        let lengths = supplied.iter().map(|(_, supplied)| match supplied {
            Supplied::Entity { text, .. } if seen.insert(Arc::as_ptr(text)) => text.len(),
            Supplied::Entity { .. } | Supplied::Unavailable { .. } => 0,
        });
        let bytes = lengths.sum();
        let has_stale = supplied.iter().any(|(_, supplied)| is_stale(supplied));
        Self { bytes, supplied, has_stale }
    }

    /// How much memory the texts take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was supplied for a record of the window and a term of its plan; none if nobody was asked.
    pub(super) fn get(&self, record: u32, term: usize) -> Option<&Supplied> {
        let found = self.supplied.binary_search_by_key(&(record, term), |(place, _)| *place).ok()?;
        self.supplied.get(found).map(|(_, supplied)| supplied)
    }

    /// Whether anything in the window is older than it should be.
    pub(super) fn has_stale(&self) -> bool {
        self.has_stale
    }

    /// Whether this answer is.
    pub(super) fn is_stale(&self, record: u32, term: usize) -> bool {
        self.get(record, term).is_some_and(is_stale)
    }
}

fn unavailable(code: &'static str, reason: &str) -> Supplied {
    Supplied::Unavailable { code, reason: Arc::from(reason) }
}

fn is_stale(supplied: &Supplied) -> bool {
    matches!(supplied, Supplied::Entity { is_stale: true, .. })
}
