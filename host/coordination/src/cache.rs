//! A cache of answers.
//!
//! The key of an answer is the exact text of a record. The least recently used answer is evicted first. Ages are measured by the
//! runtime's clock, and the caller says which age is too old: a stale answer may still be good enough while the service is down.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jurat_trust::Digest;
use tokio::time::Instant;

use crate::config::CacheSettings;
use crate::message::{Answer, Term};

/// The approximate size of an entry without its texts.
const OVERHEAD: u64 = 512;

/// The key of an answer.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(super) struct Key {
    entity_type: Box<str>,
    terms: Box<[Box<str>]>,
    record: Digest,
}

/// Answers by record.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    by_key: HashMap<Arc<Key>, Entry>,
    /// INVARIANT: one for each entry, by its `used`.
    by_use: BTreeMap<u64, Arc<Key>>,
    /// INVARIANT: the sum over all entries.
    bytes: u64,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    answer: Answer,
    arrived: Instant,
    used: u64,
    bytes: u64,
}

impl Key {
    pub(super) fn new(entity_type: &str, terms: &[&str], record: &str) -> Self {
        Self {
            entity_type: entity_type.into(),
            terms: terms.iter().map(|term| Box::from(*term)).collect(),
            record: Digest::of(record.as_bytes()),
        }
    }

    pub(super) fn terms(&self) -> &[Box<str>] {
        &self.terms
    }

    fn bytes(&self) -> usize {
        self.terms.iter().map(|term| term.len()).sum::<usize>() + self.entity_type.len()
    }
}

impl Cache {
    /// The answer, if there is one that is younger than `age`.
    pub(super) fn get(&self, key: &Key, age: Duration, now: Instant) -> Option<Answer> {
        let mut entries = self.entries();
        let Entries { by_key, by_use, uses, .. } = &mut *entries;
        let entry = by_key.get_mut(key)?;
        if now.saturating_duration_since(entry.arrived) >= age {
            return None;
        }
        *uses += 1;
        let key = by_use.remove(&entry.used)?;
        entry.used = *uses;
        by_use.insert(*uses, key);
        Some(Arc::clone(&entry.answer))
    }

    /// Stores an answer if the cache is on and it fits, and replaces an earlier one.
    pub(super) fn insert(&self, key: &Arc<Key>, answer: &Answer, settings: &CacheSettings, now: Instant) {
        let mut entries = self.entries();
        entries.remove(key);
        let texts = answer.iter().map(Term::bytes).sum::<usize>() + key.bytes();
        let bytes = OVERHEAD.saturating_add(texts as u64);
        if settings.kept().is_zero() || bytes > settings.bytes.get() {
            return;
        }
        while entries.by_key.len() >= settings.entries.get() || entries.bytes > settings.bytes.get() - bytes {
            let Some(oldest) = entries.by_use.values().next().map(Arc::clone) else { break };
            entries.remove(&oldest);
        }
        entries.uses += 1;
        let used = entries.uses;
        entries.bytes += bytes;
        entries.by_use.insert(used, Arc::clone(key));
        let entry = Entry { answer: Arc::clone(answer), arrived: now, used, bytes };
        entries.by_key.insert(Arc::clone(key), entry);
    }

    /// The number of answers, and their size in bytes.
    pub(super) fn size(&self) -> (usize, u64) {
        let entries = self.entries();
        (entries.by_key.len(), entries.bytes)
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entries {
    fn remove(&mut self, key: &Key) {
        if let Some(entry) = self.by_key.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use jurat_model::Bytes;

    use super::*;

    fn settings(entries: usize, bytes: u64) -> CacheSettings {
        let (fresh, stale) = (Duration::from_secs(60), Duration::ZERO);
        CacheSettings { entries: NonZeroUsize::new(entries).unwrap(), bytes: Bytes::new(bytes), fresh, stale }
    }

    fn key(record: &str) -> Arc<Key> {
        Arc::new(Key::new("loan", &["parent"], record))
    }

    fn answer(bytes: usize) -> Answer {
        Arc::new([Term::Entity("x".repeat(bytes).into())])
    }

    fn has(cache: &Cache, record: &str, now: Instant) -> bool {
        cache.get(&key(record), Duration::from_secs(60), now).is_some()
    }

    #[test]
    fn an_answer_belongs_to_one_record_its_type_and_its_terms() {
        let (cache, now) = (Cache::default(), Instant::now());
        cache.insert(&key("1"), &answer(1), &settings(9, 9_999), now);
        assert!(has(&cache, "1", now) && !has(&cache, "2", now));
        for key in
            [Key::new("deal", &["parent"], "1"), Key::new("loan", &["parent", "x"], "1"), Key::new("loan", &[], "1")]
        {
            assert!(cache.get(&key, Duration::MAX, now).is_none(), "{key:?}");
        }
    }

    #[test]
    fn the_reader_says_which_age_is_too_old() {
        let (cache, start) = (Cache::default(), Instant::now());
        cache.insert(&key("1"), &answer(1), &settings(9, 9_999), start);
        assert!(has(&cache, "1", start + Duration::from_millis(59_999)));
        let later = start + Duration::from_secs(60);
        assert!(!has(&cache, "1", later));
        assert!(cache.get(&key("1"), Duration::from_secs(61), later).is_some());
        assert!(cache.get(&key("1"), Duration::ZERO, start).is_none());
        cache.insert(&key("1"), &answer(1), &settings(9, 9_999), later);
        assert!(has(&cache, "1", later));
    }

    #[test]
    fn no_more_entries_are_kept_than_may_be_and_those_used_last_stay() {
        let (cache, now) = (Cache::default(), Instant::now());
        for record in ["1", "2", "3"] {
            cache.insert(&key(record), &answer(1), &settings(3, 99_999), now);
        }
        assert!(has(&cache, "1", now));
        cache.insert(&key("4"), &answer(1), &settings(3, 99_999), now);
        assert_eq!(["1", "2", "3", "4"].map(|record| has(&cache, record, now)), [true, false, true, true]);
        assert_eq!(cache.size().0, 3);
        // An answer that is there already is not counted twice.
        cache.insert(&key("4"), &answer(2), &settings(3, 99_999), now);
        assert_eq!(cache.size().0, 3);
    }

    #[test]
    fn no_more_bytes_are_kept_than_may_be() {
        let (cache, now) = (Cache::default(), Instant::now());
        let one = OVERHEAD + 100 + key("1").bytes() as u64;
        cache.insert(&key("1"), &answer(100), &settings(9, 2 * one), now);
        cache.insert(&key("2"), &answer(100), &settings(9, 2 * one), now);
        assert_eq!(cache.size(), (2, 2 * one));
        cache.insert(&key("3"), &answer(100), &settings(9, 2 * one), now);
        assert_eq!((cache.size(), has(&cache, "1", now)), ((2, 2 * one), false));
        cache.insert(&key("4"), &answer(101), &settings(9, one), now);
        assert_eq!(cache.size().0, 2, "what never fits drives nothing out");
        cache.insert(&key("4"), &answer(100), &settings(9, one), now);
        assert_eq!((cache.size(), has(&cache, "4", now)), ((1, one), true));
    }

    #[test]
    fn nothing_is_kept_for_no_time() {
        let (cache, now) = (Cache::default(), Instant::now());
        let off = CacheSettings { fresh: Duration::ZERO, ..settings(9, 9_999) };
        cache.insert(&key("1"), &answer(1), &off, now);
        assert_eq!(cache.size(), (0, 0));
        cache.insert(&key("1"), &answer(1), &CacheSettings { stale: Duration::from_secs(1), ..off }, now);
        assert_eq!(cache.size().0, 1);
    }
}
