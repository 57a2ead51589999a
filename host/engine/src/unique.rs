//! JSON objects without repeated keys.

use std::collections::HashMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A JSON object without repeated keys: readers disagree on which of two values counts.
#[derive(Debug)]
pub struct Unique<T>(pub HashMap<String, T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Unique<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Unique<T>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Unique<T>, A::Error> {
                let mut members = HashMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if members.insert(key, value).is_some() {
                        return Err(A::Error::custom("a key for the second time in one object"));
                    }
                }
                Ok(Unique(members))
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_stands_once() {
        let Unique(members) = serde_json::from_str::<Unique<u8>>(r#"{"a": 1, "b": 1}"#).unwrap();
        assert_eq!(members.len(), 2);
        for text in [r#"{"a": 1, "a": 1}"#, r#"{"a": 1, "\u0061": 2}"#, "[]", "1"] {
            assert!(serde_json::from_str::<Unique<u8>>(text).is_err(), "{text}");
        }
    }
}
