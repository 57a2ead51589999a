//! Records and requests that many tests need.

use serde_json::{Value, json};

/// The sample loans.
pub(crate) fn loans() -> Vec<Value> {
    serde_json::from_slice(&jurat_tests::site::sample("loans.json")).unwrap()
}

/// The sample loans, one on each line.
pub(crate) fn lines() -> String {
    loans().iter().map(|loan| format!("{loan}\n")).collect()
}

/// The body of a request that judges one loan.
pub(crate) fn one() -> String {
    json!({"entity_type": "loan", "entity_data": loans()[0], "ruleset_name": "quick"}).to_string()
}

/// The body of a request that judges all of them.
pub(crate) fn all() -> Value {
    json!({"entities": loans(), "id_fields": ["id"], "ruleset_name": "thorough"})
}

/// A loan with this id, and nothing that a rule needs.
pub(crate) fn poor(id: &str) -> Value {
    json!({"$schema": "https://schemas.example.com/loan/v1.0.0", "id": id})
}
