//! Fetches the related entities of a window before it is judged, for a few records at a time.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::context::Context;
use super::error::Bug;
use super::identity::Id;
use super::route::route;
use super::stopwatch::Stopwatch;
use super::window::Window;
use crate::json::Scratch;
use crate::release::{Prepared, Release};
use crate::routing::{Route, Routes};
use crate::supplier::{Supplied, Supplier, TERM_TOO_LARGE, UNANSWERED, UnavailableCause, Wanted};

mod answers;
mod fetched;

pub(super) use answers::{Answers, SupplierCall};
pub(super) use fetched::FetchedWindow;

/// About how many records one call of the supplier is about.
const RECORDS_PER_CALL: usize = 64;
/// A window ends behind the record with which its answers take more bytes than this.
const WINDOW_FETCHED_BYTES: usize = 32 << 20;

/// Fetches for one window after the other.
pub(super) struct Fetcher<'a> {
    context: &'a Context,
    supplier: &'a dyn Supplier,
    routes: Routes<'a>,
    /// How the records of each route are judged; none if they cannot be. A release bounds the number of routes.
    prepared: HashMap<Route, Option<Arc<Prepared>>>,
    scratch: Scratch,
    unanswered: Supplied,
    too_large: Supplied,
}

/// The fetch for one window.
struct WindowFetch<'f, 'a, 'w> {
    fetcher: &'f mut Fetcher<'a>,
    /// The needs that the supplier was not asked for yet.
    needs: Vec<Need<'a, 'w>>,
    answers: Answers,
    /// The texts that were counted.
    seen: HashSet<*const str>,
}

/// A record of the window with the terms that it needs.
struct Need<'a, 'w> {
    /// Its index in the window.
    record: u32,
    text: &'w str,
    entity_type: &'a str,
    prepared: Arc<Prepared>,
    /// Their indices in the plan, rising.
    terms: Vec<usize>,
}

/// Whether a rule of a ruleset reads a related entity.
pub(super) fn reads_related(release: &Release, routes: &Routes<'_>) -> bool {
    routes.ruleset().lists.values().any(|list| release.reads_related(*list))
}

impl<'a> Fetcher<'a> {
    /// None without a supplier, or with nothing to fetch: no rule of the ruleset reads a related entity.
    pub(super) fn open(context: &'a Context) -> Result<Option<Self>, Bug> {
        let Some(supplier) = context.options.supplier.as_deref() else { return Ok(None) };
        let routes = context.routes()?;
        Ok(reads_related(&context.release, &routes).then(|| Self {
            context,
            supplier,
            prepared: HashMap::new(),
            scratch: Scratch::new(context.options.max_record),
            unanswered: Supplied::Unavailable {
                code: UNANSWERED,
                reason: Arc::from("there was no answer"),
                cause: UnavailableCause::Outage,
            },
            too_large: Supplied::Unavailable {
                code: TERM_TOO_LARGE,
                reason: Arc::from(format!("it takes more than {}", context.options.max_record)),
                cause: UnavailableCause::Failure,
            },
            routes,
        }))
    }

    /// Fetches what the records of a window need, and returns for how many records it did: for fewer than all where the answers
    /// take more than `budget` bytes. If the call is cancelled meanwhile, answers are missing, and the window must not be judged.
    pub(super) fn fetch(&mut self, window: &Window, budget: usize) -> Result<(Answers, usize), Bug> {
        let budget = budget.min(WINDOW_FETCHED_BYTES);
        let mut fetch =
            WindowFetch { fetcher: self, needs: Vec::new(), answers: Answers::default(), seen: HashSet::new() };
        let mut records = 0;
        for record in (0..).take(window.slots.len()) {
            records += 1;
            if let Some(text) = window.text(record) {
                let need = fetch.fetcher.need(record, text)?;
                fetch.needs.extend(need);
            }
            if fetch.needs.len() >= RECORDS_PER_CALL {
                fetch.call();
            }
            if fetch.answers.bytes() > budget {
                break;
            }
        }
        fetch.call();
        Ok((fetch.answers, records))
    }

    /// Drops at once what would be refused later.
    fn bounded(&self, supplied: Supplied) -> Supplied {
        match &supplied {
            Supplied::Entity { text, .. } if text.len() as u64 > self.context.options.max_record.get() => {
                self.too_large.clone()
            }
            _ => supplied,
        }
    }

    /// The needs of a record; none if it needs nothing, or cannot be judged. Reading reports the reason later.
    fn need<'w>(&mut self, record: u32, text: &'w [u8]) -> Result<Option<Need<'a, 'w>>, Bug> {
        let context = self.context;
        let Ok(tokens) = context.first_look.scan(text, &mut self.scratch) else { return Ok(None) };
        let Ok(route) = route(&mut self.routes, &tokens) else { return Ok(None) };
        let prepared = self.prepared.entry(route).or_insert_with(|| context.prepare(route).ok());
        let Some(prepared) = prepared else { return Ok(None) };
        let given = context.options.associated.as_deref();
        let id = given.map(|_| context.id(&tokens));
        let key = id.as_ref().and_then(Id::key);
        let is_given = |term: &str| given.is_some_and(|given| given.get(key, term).is_some());
        let terms = prepared.plan.terms().enumerate().filter(|(_, term)| !is_given(term));
        let terms: Vec<usize> = terms.map(|(term, _)| term).collect();
        if terms.is_empty() {
            return Ok(None);
        }
        let text = str::from_utf8(text).map_err(|_| Bug::new("a record was valid UTF-8 and is not now"))?;
        let entity_type = context.release.entity_types.get(route.entity_type);
        let entity_type = entity_type.ok_or_else(|| Bug::new("a route leads to an unknown entity type"))?;
        Ok(Some(Need { record, text, entity_type, prepared: Arc::clone(prepared), terms }))
    }
}

impl WindowFetch<'_, '_, '_> {
    /// Calls the supplier for what is needed so far, unless nobody waits for the results any more.
    fn call(&mut self) {
        if self.fetcher.context.is_abandoned() {
            self.needs.clear();
        }
        if self.needs.is_empty() {
            return;
        }
        let wanted: Vec<Wanted<'_>> = self.needs.iter().map(Need::wanted).collect();
        let stopwatch = Stopwatch::start(self.fetcher.context.is_sampled);
        let mut answers = self.fetcher.supplier.supply(&wanted).into_iter();
        if let Some(timing) = stopwatch.stop() {
            let terms = wanted.iter().map(|wanted| wanted.terms.len()).sum();
            self.answers.note(SupplierCall { records: wanted.len(), terms, timing });
        }
        drop(wanted);
        for need in self.needs.drain(..) {
            let mut answer = answers.next().unwrap_or_default().into_iter();
            for term in need.terms {
                let one = answer.next().unwrap_or_else(|| self.fetcher.unanswered.clone());
                self.answers.add((need.record, term), self.fetcher.bounded(one), &mut self.seen);
            }
        }
    }
}

impl Need<'_, '_> {
    fn wanted(&self) -> Wanted<'_> {
        let terms = self.prepared.plan.terms().enumerate();
        let terms = terms.filter(|(term, _)| self.terms.binary_search(term).is_ok()).map(|(_, name)| name);
        Wanted { entity_type: self.entity_type, record: self.text, terms: terms.collect() }
    }
}
