//! The parameters of a request as they were sent. They stay text, and records need not even be JSON.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::reader::{Broken, Reader};

/// The limit of parameters that are read of one request.
pub(crate) const MAX_PARAMETERS: usize = 64;
/// The parameters that hold records. What is in them need not be JSON: it is the engine that judges it, record by record.
const RECORDS: [&str; 3] = ["entities", "items", "entity_data"];

/// The parameters as sent.
#[derive(Debug)]
pub(crate) enum Parameters<'a> {
    /// An object, or nothing.
    ByName {
        /// The members, in their order.
        members: Vec<(Cow<'a, str>, Value<'a>)>,
        /// Whether there were more members than are read.
        is_cut: bool,
    },
    /// An array.
    ByPosition,
    /// Something else.
    Other,
}

/// The value of a parameter.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    /// A text that is JSON.
    Json(&'a RawValue),
    /// Records, which may be anything.
    Records(&'a [u8]),
}

/// The text of a JSON string; none if the value is not a string, or has half of a surrogate pair.
pub(crate) fn string(raw: &RawValue) -> Option<Cow<'_, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') { serde_json::from_str(raw.get()).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
}

impl<'a> Value<'a> {
    /// The text of the value, without white space around it.
    pub(crate) fn bytes(self) -> &'a [u8] {
        match self {
            Self::Json(raw) => raw.get().as_bytes(),
            Self::Records(bytes) => bytes,
        }
    }
}

impl Default for Parameters<'_> {
    fn default() -> Self {
        Self::ByName { members: Vec::new(), is_cut: false }
    }
}

impl<'a> Parameters<'a> {
    /// Reads the next value of a text as parameters.
    ///
    /// # Errors
    /// When the text is not JSON, except where records may be anything.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, Broken> {
        match reader.peek() {
            Some(b'{') => Self::read_object(reader),
            Some(b'[') => reader.value().map(|_| Self::ByPosition),
            // Many clients write `null` where there are no parameters.
            _ => reader.value().map(|raw| if raw.get() == "null" { Self::default() } else { Self::Other }),
        }
    }

    fn read_object(reader: &mut Reader<'a>) -> Result<Self, Broken> {
        let (mut members, mut is_cut) = (Vec::new(), false);
        let mut continues = reader.opens(b'{', b'}')?;
        while continues {
            let key = reader.key()?;
            let value =
                if RECORDS.contains(&&*key) { Value::Records(reader.records()?) } else { Value::Json(reader.value()?) };
            continues = reader.continues(b'}')?;
            is_cut = members.len() > MAX_PARAMETERS;
            if !is_cut {
                members.push((key, value));
            }
        }
        // One more is kept than a request may have.
        Ok(Self::ByName { is_cut: is_cut || members.len() > MAX_PARAMETERS, members })
    }
}
