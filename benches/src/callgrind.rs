//! The instructions that callgrind counted, by function.

use std::collections::HashMap;

/// Instructions of each function itself, without what it calls.
#[derive(Debug, Default)]
pub(crate) struct Profile(HashMap<String, u64>);

/// The parts of the pipeline, by words in the names of their functions. The first match counts.
const PARTS: &[(&str, &[&str])] = &[
    ("waiting", &["jurat_engine::workers", "std::sync::mpmc", "sched_yield", "std::thread", "clock_gettime"]),
    ("schema", &["jurat_engine::schema", "jsonschema", "regex"]),
    // Functions of compiled rules have no names.
    ("rules", &["0x", "???"]),
    ("sandbox", &["jurat_sandbox", "wasmtime", "jurat_model::reply"]),
    ("extract", &["jurat_engine::extract", "jurat_engine::convert", "jurat_engine::field_map", "jurat_model::columns"]),
    // The tree of a record, which the schema check needs.
    ("tree", &["jurat_engine::json::tree", "serde_json::value", "serde_json::read", "btree"]),
    ("parse", &["jurat_engine::json", "jurat_engine::judge::input", "core::str::converts::from_utf8"]),
    ("render", &["jurat_engine::judge::view", "serde_json::ser", "jurat_benches::pipeline", "jurat_engine::results"]),
    ("judge", &["jurat_engine"]),
    ("memory", &["malloc", "free", "calloc", "memcpy", "memmove", "memset", "memcmp", "alloc::", "__rdl_", "__rust"]),
];

impl Profile {
    /// Parses the output of callgrind.
    pub(crate) fn read(text: &str) -> Self {
        let mut names: HashMap<&str, &str> = HashMap::new();
        let mut counts: HashMap<String, u64> = HashMap::new();
        let mut function = String::new();
        let mut is_call = false;
        for line in text.lines() {
            let named = line.strip_prefix("fn=").map(|name| (name, true));
            if let Some((name, is_own)) = named.or_else(|| line.strip_prefix("cfn=").map(|name| (name, false))) {
                // `(12) name` the first time, `(12)` from then on.
                let (number, rest) = name.split_once(' ').unwrap_or((name, ""));
                let known = names.entry(number).or_insert(rest);
                if is_own {
                    function = (*known).to_owned();
                }
            } else if line.starts_with("calls=") {
                is_call = true;
            } else if line.starts_with(|first: char| first.is_ascii_digit() || "+-*".contains(first)) {
                // The line after a call has the cost of the call, which belongs to the called function.
                let count = line.split_whitespace().nth(1).and_then(|count| count.parse().ok()).unwrap_or(0);
                if !std::mem::take(&mut is_call) {
                    *counts.entry(function.clone()).or_default() += count;
                }
            }
        }
        Self(counts)
    }

    /// The instructions of one record: the difference to a run with `records` fewer, divided by `records`. Gives functions with
    /// their part of the pipeline, the most expensive first.
    pub(crate) fn beyond(&self, before: &Self, records: usize) -> Vec<(&str, &'static str, f64)> {
        let each = self.0.iter().map(|(name, count)| {
            let count = *count as f64 - before.0.get(name).copied().unwrap_or(0) as f64;
            (name.as_str(), part(name), count / records as f64)
        });
        let mut functions: Vec<_> = each.filter(|(.., count)| *count > 0.0).collect();
        functions.sort_by(|(.., first), (.., second)| second.total_cmp(first));
        functions
    }
}

fn part(function: &str) -> &'static str {
    let found = PARTS.iter().find(|(_, words)| words.iter().any(|word| function.contains(word)));
    found.map_or("other", |(part, _)| part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cost_of_a_call_counts_for_the_called_function() {
        let profile = |scan: u64| {
            let text = format!(
                "events: Ir\n\nfn=(1) jurat_engine::json::scan\n12 {scan}\n+3 10\ncfn=(2) malloc\ncalls=4 0\n* 5000\n\n\
                 fn=(2)\n0 5000\n\nfn=(3) main\ncfn=(1)\ncalls=1 0\n7 9999\n8 1\n"
            );
            Profile::read(&text)
        };
        let (before, after) = (profile(90), profile(290));
        assert_eq!(before.0["jurat_engine::json::scan"], 100);
        assert_eq!((before.0["malloc"], before.0["main"]), (5000, 1));
        assert_eq!(after.beyond(&before, 10), [("jurat_engine::json::scan", "parse", 20.0)]);
    }
}
