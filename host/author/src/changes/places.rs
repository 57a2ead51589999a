//! The places at which two versions of a JSON file differ.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use serde_json::value::RawValue;

/// A place that differs.
#[derive(Debug)]
pub(super) struct Place {
    /// The JSON pointer.
    pub(super) pointer: String,
    /// The earlier value; none if there was none.
    pub(super) old: Option<String>,
    /// The new value; none if there is none.
    pub(super) new: Option<String>,
}

/// The members of an object, each as it is written.
type Members<'t> = BTreeMap<String, &'t RawValue>;

/// The places that differ, in the order of their names. Numbers and texts are compared as they are written, so that no digit changes unseen.
/// There is none if only white space or the order of members differs.
pub(super) fn changed(old: &[u8], new: &[u8]) -> Vec<Place> {
    let parse = |bytes| serde_json::from_slice::<&RawValue>(bytes).ok();
    let mut places = Vec::new();
    let mut waiting = vec![(String::new(), parse(old), parse(new))];
    while let Some((pointer, old, new)) = waiting.pop() {
        if let Some((before, after)) = both::<Members<'_>>(old, new) {
            let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
            for key in keys.into_iter().rev() {
                let name = key.replace('~', "~0").replace('/', "~1");
                waiting.push((format!("{pointer}/{name}"), before.get(key).copied(), after.get(key).copied()));
            }
        } else if let Some((before, after)) =
            both::<Vec<&RawValue>>(old, new).filter(|(before, after)| before.len() == after.len())
        {
            let items = before.into_iter().zip(after).enumerate().rev();
            waiting.extend(items.map(|(at, (before, after))| (format!("{pointer}/{at}"), Some(before), Some(after))));
        } else if old.map(RawValue::get) != new.map(RawValue::get) {
            places.push(Place { pointer, old: old.map(on_one_line), new: new.map(on_one_line) });
        }
    }
    places
}

/// Two values of the same form.
fn both<'t, T: serde::Deserialize<'t>>(old: Option<&'t RawValue>, new: Option<&'t RawValue>) -> Option<(T, T)> {
    let read = |value: Option<&'t RawValue>| serde_json::from_str(value?.get()).ok();
    Some((read(old)?, read(new)?))
}

/// A value without line breaks. Of arrays and objects, numbers may be shortened: they differ in more than that.
fn on_one_line(value: &RawValue) -> String {
    let text = value.get();
    let is_long = text.starts_with(['{', '[']);
    let compact = is_long.then(|| serde_json::from_str::<Value>(text).ok()).flatten();
    compact.map_or_else(|| text.to_owned(), |value| value.to_string())
}
