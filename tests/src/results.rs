//! Results as text, without what is not the same everywhere and at all times; and what of them a document shows.

use serde_json::Value;

/// The text without the times that calls took.
#[must_use]
pub fn without_times(json: &str) -> String {
    behind(json, "\"execution_time_ms\":", |part| {
        let number = |character: char| character.is_ascii_digit() || "+-.eE".contains(character);
        "0".to_owned() + part.trim_start_matches(number)
    })
}

/// The text without digests, which depend on the compiler that built the components, and without the versions of the metadata that
/// vouched for the release, which rise with each signature. That they are there can still be seen.
#[must_use]
pub fn without_evidence(json: &str) -> String {
    let digest =
        |part: &str| "...".to_owned() + part.trim_start_matches(|character: char| character.is_ascii_hexdigit());
    let json = behind(json, "\"component\":\"", digest);
    let json = behind(&json, "\"manifest\":\"", digest);
    behind(&json, "\"roles\":{", |part| {
        let (roles, rest) = part.split_once('}').unwrap();
        let roles: Vec<_> = roles.split(',').map(|role| format!("{}:0", role.rsplit_once(':').unwrap().0)).collect();
        format!("{}}}{rest}", roles.join(","))
    })
}

/// Changes each part of a text that follows a key, up to the next one.
fn behind(text: &str, key: &str, change: impl Fn(&str) -> String) -> String {
    let mut parts = text.split(key);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + key + &change(part))
}

/// Whether all that is shown is there, as it is shown. Lists begin with what is shown.
#[must_use]
pub fn is_shown(shown: &Value, found: &Value) -> bool {
    match (shown, found) {
        (Value::Object(shown), Value::Object(found)) => {
            shown.iter().all(|(key, shown)| found.get(key).is_some_and(|found| is_shown(shown, found)))
        }
        (Value::Array(shown), Value::Array(found)) => {
            shown.len() <= found.len() && shown.iter().zip(found).all(|(shown, found)| is_shown(shown, found))
        }
        (shown, found) => shown == found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_between_machines_is_left_out_and_nothing_else() {
        let json = r#"[{"manifest":"23b408be","repository":"acme-2","roles":{"root":1,"t-acme4":40},"stale":true},{"component":"0a","execution_time_ms":1.5e-3,"n":7},{"component":"ff"}]"#;
        let expected = r#"[{"manifest":"...","repository":"acme-2","roles":{"root":0,"t-acme4":0},"stale":true},{"component":"...","execution_time_ms":0,"n":7},{"component":"..."}]"#;
        assert_eq!(without_evidence(&without_times(json)), expected);
        assert_eq!(without_evidence("[]"), "[]");
    }
}
