//! The first message on a connection whose client must show the token.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jurat::settings::Compatibility;
use jurat_model::CallContext;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::dispatch::{Dispatcher, accept};
use super::envelope::{self, UNKNOWN_ID};
use super::framing::{Line, Lines};
use super::message::Message;
use super::reply::{self, Reply};
use super::request::Request;
use crate::admission::{Admission, Permit};
use crate::authentication::Token;
use crate::call::Operation;
use crate::client::Client;
use crate::error::{ErrorKind, RequestError};
use crate::log::Entry;
use crate::methods::{self, AUTHENTICATE};
use crate::observation;

/// How long a client may take to authenticate.
const LONGEST: Duration = Duration::from_secs(10);
/// The limit of the length of the message that authenticates.
const MAX_MESSAGE: u64 = 4 << 10;

/// Reads the first message of a client. The client gets a permit if the message holds the token and a permit is left; otherwise it
/// has been told the reason.
pub(crate) async fn authenticate<R, W>(
    dispatcher: &Arc<Dispatcher>,
    client: &Client,
    admission: &Admission,
    lines: &mut Lines<R>,
    writer: &mut W,
) -> Option<Permit>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let state = &dispatcher.state;
    let limits = client.output_limits(state);
    let (text, line) = match timeout(LONGEST, lines.next(MAX_MESSAGE)).await {
        Ok(Ok(Line::Text(received))) => (Bytes::from(received.text), Ok(())),
        Ok(Ok(Line::Refused { failure, .. } | Line::Stalled(failure))) => (Bytes::new(), Err(failure)),
        Ok(Ok(Line::End) | Err(_)) => return None,
        Err(_) => (Bytes::new(), Err(needed())),
    };
    let message = line.and_then(|()| Message::parse(&text));
    let id = match &message {
        Ok(Message::One(Request { id, .. })) => *id,
        _ => None,
    };
    let json_id = id.unwrap_or(UNKNOWN_ID);
    let mut entry = Entry::begin(state.correlations.next(), client.address(), id, text.len() as u64);
    let checked = message.and_then(|message| {
        entry.set_method(AUTHENTICATE);
        check(state.token.as_ref(), &text, message)
    });
    let context = match &checked {
        Ok(()) => client.context(&entry.correlation),
        // The client is not authenticated.
        Err(_) => CallContext::new().with_correlation(entry.correlation.clone()),
    };
    let refused = checked.as_ref().err().map(|failure| failure.kind);
    observation::authentication(&state.observers, &context, refused, client.origin.peer);
    let result = checked
        .and_then(|()| admission.permit().ok_or_else(|| state.too_many_connections()))
        .and_then(|permit| Ok((permit, accept(envelope::begin(&limits, json_id))?)));
    let (permit, output, kind) = match result {
        Ok((permit, output)) => (Some(permit), output, None),
        Err(failure) => {
            if refused.is_none() {
                observation::limit(&state.observers, failure.kind, client.origin.peer, Some(&context));
            }
            let output = envelope::error(&limits, json_id, &failure, &entry.correlation);
            (None, output, Some(failure.kind))
        }
    };
    entry.end(None, output.length() as u64, kind);
    let written = reply::write(writer, &Reply::One(output), Some(state.settings.write_timeout)).await.is_ok();
    permit.filter(|_| written)
}

/// Whether a message holds the token.
fn check(token: Option<&Token>, text: &Bytes, message: Message<'_>) -> Result<(), RequestError> {
    let Message::One(Request { id: Some(_), call: Ok((method, parameters)) }) = message else { return Err(needed()) };
    if method != AUTHENTICATE {
        return Err(needed());
    }
    // Which generation a call is like says nothing about this one.
    let call = methods::read(text, &method, parameters, Compatibility::default())?;
    let Operation::Authenticate { token: shown } = call.operation else { return Err(needed()) };
    // A server without a token accepts no token.
    match token {
        Some(token) if token.is(&shown) => Ok(()),
        _ => Err(RequestError::new(ErrorKind::AuthenticationFailed, "the token is wrong")),
    }
}

fn needed() -> RequestError {
    RequestError::new(
        ErrorKind::AuthenticationNeeded,
        "the first message must be a request `authenticate` with the `token`, within 10 seconds",
    )
}
