//! Parameters in the query of a URL. They become those of a body, so that both are read in the same way.

use bytes::Bytes;
use hyper::Uri;
use jurat::url::form_urlencoded;
use serde_json::{Map, Value};

/// The parameters that are lists: their values are separated by commas, or the parameter repeats. Without a value, the list is empty.
const LISTS: [&str; 4] = ["entity_types", ID_FIELDS, "only", "fields"];
/// It may also be an object, as in a body: JSON.
const ID_FIELDS: &str = "id_fields";

/// The query of a URL as a JSON object. A parameter that repeats, and is not a list, is an array, which no reader accepts for it.
pub(super) fn as_body(target: &Uri) -> Bytes {
    let mut members = Map::new();
    for (key, value) in form_urlencoded::parse(target.query().unwrap_or_default().as_bytes()) {
        let mut values: Vec<Value> = match LISTS.contains(&&*key) {
            true => value.split(',').filter(|_| !value.is_empty()).map(Value::from).collect(),
            false => vec![Value::from(&*value)],
        };
        if key == ID_FIELDS
            && !members.contains_key(ID_FIELDS)
            && let Ok(object @ Value::Object(_)) = serde_json::from_str(&value)
        {
            members.insert(key.into_owned(), object);
            continue;
        }
        match members.entry(key.clone()).or_insert(Value::Null) {
            Value::Array(known) => known.append(&mut values),
            known @ Value::Null => {
                let is_list = LISTS.contains(&&*key);
                *known = match (is_list, values.pop()) {
                    (false, Some(value)) => value,
                    (_, last) => values.into_iter().chain(last).collect(),
                };
            }
            known => *known = [known.take()].into_iter().chain(values).collect(),
        }
    }
    Value::Object(members).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_becomes_an_object() {
        for (target, expected) in [
            ("/batch", "{}"),
            ("/batch?ruleset_name=quick%20one&now=2026", r#"{"now":"2026","ruleset_name":"quick one"}"#),
            ("/batch?id_fields=id,terms.id&id_fields=x", r#"{"id_fields":["id","terms.id","x"]}"#),
            ("/batch?entity_types=loan", r#"{"entity_types":["loan"]}"#),
            ("/batch?fields=&only=&only=FAIL", r#"{"fields":[],"only":["FAIL"]}"#),
            ("/batch?id_fields=%7B%22loan%22:%5B%22a%22%5D%7D", r#"{"id_fields":{"loan":["a"]}}"#),
            ("/batch?id_fields=%7B%7D&id_fields=a", r#"{"id_fields":[{},"a"]}"#),
            ("/batch?tenant=a&tenant=b&tenant=c", r#"{"tenant":["a","b","c"]}"#),
            ("/batch?%ff=%00", r#"{"\ufffd":"\u0000"}"#),
        ] {
            let found = as_body(&target.parse().unwrap());
            let (found, expected): (Value, Value) =
                (serde_json::from_slice(&found).unwrap(), serde_json::from_str(expected).unwrap());
            assert_eq!(found, expected, "{target}");
        }
    }
}
