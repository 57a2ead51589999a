//! One request of a message, read once; its parameters stay text.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::error::{ErrorKind, RequestError};
use crate::parameters::reader::{Broken, Place, Reader};
use crate::parameters::values::{Parameters, string};

/// The limit of the length of an id, in bytes. Every answer repeats it.
pub(crate) const MAX_ID: usize = 64 << 10;

/// A request, or the reason why it is not one.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The id as sent, to the byte. None in a notification, and where it cannot be told.
    pub(crate) id: Option<&'a str>,
    /// The method and its parameters, or why this is not a request.
    pub(crate) call: Result<(Cow<'a, str>, Parameters<'a>), RequestError>,
}

impl<'a> Request<'a> {
    /// Reads the next value of a line as a request.
    ///
    /// # Errors
    /// When the line is not JSON, except where records may be anything.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Broken> {
        if reader.peek() != Some(b'{') {
            reader.value()?;
            return Ok(Self { id: None, call: refuse(ErrorKind::InvalidRequest, "a request is an object") });
        }
        let mut members = Members::default();
        match members.read(reader) {
            // The line ends with the request, so nothing else is lost with the rest of it.
            Err(Broken::Records(at)) if reader.place() == Place::Alone => {
                reader.give_up();
                members.broken = Some(Broken::unclosed(at));
                Ok(members.into_request())
            }
            read => read.map(|()| members.into_request()),
        }
    }
}

/// The members of a request that have a meaning; others are ignored.
#[derive(Debug, Default)]
struct Members<'a> {
    version: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    method: Option<&'a RawValue>,
    parameters: Option<Parameters<'a>>,
    /// The name of a member that the request has twice.
    repeated: Option<&'static str>,
    /// Why its parameters cannot be read.
    broken: Option<RequestError>,
}

impl<'a> Members<'a> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<(), Broken> {
        let mut continues = reader.opens(b'{', b'}')?;
        while continues {
            let key = reader.key()?;
            let (member, name) = match &*key {
                "jsonrpc" => (Some(&mut self.version), "jsonrpc"),
                "id" => (Some(&mut self.id), "id"),
                "method" => (Some(&mut self.method), "method"),
                "params" => (None, "params"),
                _ => {
                    reader.value()?;
                    continues = reader.continues(b'}')?;
                    continue;
                }
            };
            let is_repeated = match member {
                Some(member) => member.replace(reader.value()?).is_some(),
                None => self.parameters.replace(Parameters::read(reader)?).is_some(),
            };
            if is_repeated {
                self.repeated = Some(name);
            }
            continues = reader.continues(b'}')?;
        }
        Ok(())
    }

    fn into_request(self) -> Request<'a> {
        let invalid = |message: String| refuse(ErrorKind::InvalidRequest, message);
        let id = match self.id.map(RawValue::get) {
            Some(id) if id.len() > MAX_ID => {
                return Request { id: None, call: invalid(format!("an `id` has at most {MAX_ID} bytes")) };
            }
            Some(id) if !id.starts_with(|first: char| matches!(first, '"' | '-' | '0'..='9' | 'n')) => {
                return Request { id: None, call: invalid("an `id` is a string, a number or `null`".to_owned()) };
            }
            id => id,
        };
        let call = if let Some(repeated) = self.repeated {
            // If there are two ids, the answer has none.
            let id = if repeated == "id" { None } else { id };
            return Request { id, call: invalid(format!("the request has `{repeated}` twice")) };
        } else if let Some(broken) = self.broken {
            Err(broken)
        } else if self.version.and_then(string).as_deref() != Some("2.0") {
            invalid("`jsonrpc` must be \"2.0\"".to_owned())
        } else {
            match self.method.and_then(string) {
                Some(method) => Ok((method, self.parameters.unwrap_or_default())),
                None => invalid("`method` must be a text".to_owned()),
            }
        };
        Request { id, call }
    }
}

fn refuse<T>(kind: ErrorKind, message: impl Into<String>) -> Result<T, RequestError> {
    Err(RequestError::new(kind, message))
}
