//! Related entities that are fetched for a window before it is judged, for a few records after the other.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::context::Context;
use super::identity::Id;
use super::window::{Window, route};
use crate::json::Scratch;
use crate::prepared::Prepared;
use crate::routing::{Route, Routes};
use crate::supplier::{Supplied, Supplier, TERM_TOO_LARGE, UNANSWERED, Wanted};

/// About how many records the supplier is asked at a time.
const AT_A_TIME: usize = 64;
/// A window ends behind the records with which what was fetched for it takes more bytes than this.
const WINDOW_FETCHED_BYTES: usize = 32 << 20;

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
    has_gaps: bool,
}

/// What is asked for one window.
struct Order<'s, 'a, 'w> {
    supply: &'s mut Supply<'a>,
    /// What nobody was asked for yet.
    needs: Vec<Need<'w>>,
    answers: Answers,
    /// The texts that were counted.
    seen: HashSet<*const str>,
}

/// A record of the window with the terms that it needs, by their places in the plan of its route.
struct Need<'a> {
    record: u32,
    text: &'a str,
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
            unanswered: Supplied::Unavailable {
                code: UNANSWERED,
                reason: Arc::from("there was no answer"),
                is_momentary: true,
            },
            too_large: Supplied::Unavailable {
                code: TERM_TOO_LARGE,
                reason: Arc::from(format!("it takes more than {}", context.request.max_record)),
                is_momentary: false,
            },
            routes,
        })
    }

    /// Fetches what the records of a window need, and says for how many of them: for fewer than all where that much takes more
    /// bytes than there is room for.
    pub(super) fn fetch(&mut self, window: &Window, room: usize) -> (Answers, usize) {
        let room = room.min(WINDOW_FETCHED_BYTES);
        let mut order = Order { supply: self, needs: Vec::new(), answers: Answers::default(), seen: HashSet::new() };
        let mut records = 0;
        for record in (0..).take(window.places.len()) {
            records += 1;
            let need = window.text(record).and_then(|text| order.supply.need(record, text));
            order.needs.extend(need);
            if order.needs.len() >= AT_A_TIME {
                order.fetch();
            }
            if order.answers.bytes > room {
                break;
            }
        }
        order.fetch();
        (order.answers, records)
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

    /// What a record needs; nothing if it cannot be judged.
    fn need<'w>(&mut self, record: u32, text: &'w [u8]) -> Option<Need<'w>> {
        let context = self.context;
        let tokens = context.first_look.scan(text, &mut self.scratch).ok()?;
        let route = route(&mut self.routes, &tokens).ok()?;
        let prepared = self.prepared.entry(route).or_insert_with(|| context.prepare(route).ok());
        let terms = prepared.as_deref()?.plan.terms().enumerate();
        let given = context.request.associated.as_deref();
        let id = given.map(|_| Id::of(&tokens, context.id_fields.len()));
        let key = id.as_ref().and_then(Id::key);
        let is_given = |term: &str| given.is_some_and(|given| given.get(key, term).is_some());
        let terms: Vec<usize> = terms.filter(|(_, term)| !is_given(term)).map(|(place, _)| place).collect();
        let text = str::from_utf8(text).ok()?;
        (!terms.is_empty()).then_some(Need { record, text, route, terms })
    }

    fn wanted<'w>(&'w self, need: &Need<'w>) -> Wanted<'w> {
        let prepared = self.prepared.get(&need.route).and_then(Option::as_deref);
        let term = |place: &usize| prepared?.plan.terms().nth(*place);
        let entity_type = self.context.release.entity_types.get(need.route.entity_type);
        Wanted {
            entity_type: entity_type.map(|name| &**name).unwrap_or_default(),
            record: need.text,
            terms: need.terms.iter().filter_map(term).collect(),
        }
    }
}

impl Order<'_, '_, '_> {
    fn fetch(&mut self) {
        if self.needs.is_empty() {
            return;
        }
        let wanted: Vec<Wanted<'_>> = self.needs.iter().map(|need| self.supply.wanted(need)).collect();
        let mut answers = self.supply.supplier.supply(&wanted).into_iter();
        drop(wanted);
        for need in self.needs.drain(..) {
            let mut answer = answers.next().unwrap_or_default().into_iter();
            for term in need.terms {
                let one = answer.next().unwrap_or_else(|| self.supply.unanswered.clone());
                self.answers.add((need.record, term), self.supply.bounded(one), &mut self.seen);
            }
        }
    }
}

impl Answers {
    fn add(&mut self, place: (u32, usize), supplied: Supplied, seen: &mut HashSet<*const str>) {
        match &supplied {
            Supplied::Entity { text, is_stale } => {
                if seen.insert(Arc::as_ptr(text)) {
                    self.bytes += text.len();
                }
                self.has_stale |= is_stale;
            }
            Supplied::Unavailable { is_momentary, .. } => self.has_gaps |= is_momentary,
        }
        self.supplied.push((place, supplied));
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
        matches!(self.get(record, term), Some(Supplied::Entity { is_stale: true, .. }))
    }

    /// Whether anything in the window could not be had at the moment.
    pub(super) fn has_gaps(&self) -> bool {
        self.has_gaps
    }
}
