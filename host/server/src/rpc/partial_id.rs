//! The id of a request of which only the beginning was read: its answer needs it.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::parameters::reader::Key;

/// The length of the beginning that is searched.
pub(crate) const LENGTH: usize = 1 << 10;

/// The id as sent; none if it is not in the beginning, or there are two.
pub(crate) fn find(head: &[u8]) -> Option<&str> {
    let mut found = Found::default();
    // The error is expected: the text ends too early.
    let _ = serde_json::Deserializer::from_slice(head).deserialize_map(Beginning(&mut found));
    let raw = found.id.filter(|_| !found.is_twice)?.get();
    raw.starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9' | 'n')).then_some(raw)
}

#[derive(Default)]
struct Found<'a> {
    id: Option<&'a RawValue>,
    is_twice: bool,
}

struct Beginning<'s, 'a>(&'s mut Found<'a>);

impl<'de> Visitor<'de> for Beginning<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a request")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        // A number is only known to be complete once something else follows.
        let mut last = None;
        while let Some(Key(key)) = map.next_key()? {
            if let Some(id) = last.take() {
                self.0.is_twice |= self.0.id.replace(id).is_some();
            }
            if key == "id" {
                last = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        if let Some(id) = last {
            self.0.is_twice |= self.0.id.replace(id).is_some();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_found_in_the_beginning_of_a_request() {
        let cases = [
            (r#"{"jsonrpc":"2.0","id":1.50,"method":"validate","params":{"entity_da"#, Some("1.50")),
            (r#" {"method":"m","x":{"id":7},"id" : "a\"b" ,"params":{"id":3"#, Some(r#""a\"b""#)),
            (r#"{"\u0069d":null,"params":["#, Some("null")),
            (r#"{"method":"m","id":5} "#, Some("5")),
            // The number may continue.
            (r#"{"jsonrpc":"2.0","id":12"#, None),
            (r#"{"jsonrpc":"2.0","id":12,"par"#, None),
            (r#"{"id":1,"id":2,"params":{"#, None),
            (r#"{"id":[1],"params":{"#, None),
            (r#"{"id":true,"params":{"#, None),
            (r#"{"method":"m","params":{"id":1,"x":2"#, None),
            (r#"[{"id":1,"method":"m","params":{}"#, None),
            ("", None),
            ("x", None),
        ];
        for (head, expected) in cases {
            assert_eq!(find(head.as_bytes()), expected, "{head}");
        }
        assert_eq!(find(b"{\"id\":1,\"method\":\"\xff"), Some("1"));
        assert_eq!(find(&[b'['; LENGTH]), None);
    }
}
