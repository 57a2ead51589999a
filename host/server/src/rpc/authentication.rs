//! `authenticate`: the first message on a connection whose client must show a credential, and later ones, with which it shows another.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jurat::identity::Principal;
use jurat::settings::{Compatibility, Secret};
use jurat_model::CorrelationId;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::envelope::{self, UNKNOWN_ID};
use super::framing::{Line, Lines};
use super::message::Message;
use super::reply::{self, Reply};
use super::request::Request;
use crate::access;
use crate::admission::{Admission, Permit};
use crate::call::Operation;
use crate::client::Client;
use crate::error::{ErrorKind, RequestError};
use crate::log::Entry;
use crate::methods::{self, AUTHENTICATE};
use crate::observation;
use crate::output::Output;
use crate::state::State;

/// How long a client may take to authenticate.
const LONGEST: Duration = Duration::from_secs(10);
/// The limit of the length of the message that authenticates: there is room for the longest token.
const MAX_MESSAGE: u64 = 20 << 10;

/// Reads the first message of a client. The client gets a permit if the message holds a credential and a permit is left; otherwise
/// it has been told the reason.
pub(crate) async fn authenticate<R, W>(
    state: &State,
    client: &Client,
    admission: &Admission,
    lines: &mut Lines<R>,
    writer: &mut W,
) -> Option<Permit>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
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
    let shown = message.and_then(|message| {
        entry.set_method(AUTHENTICATE);
        credential(&text, message)
    });
    let identified = match shown {
        Ok(shown) => authenticate_again(state, client, shown, &entry.correlation).await,
        Err(failure) => {
            let context = access::context(&entry.correlation, None);
            observation::authentication(&state.observers, &context, Some(failure.kind), client.origin.peer);
            Err(failure)
        }
    };
    let refused = identified.as_ref().err().map(|failure| failure.kind);
    let context = access::context(&entry.correlation, identified.as_deref().ok());
    let result = identified
        .and_then(|principal| {
            entry.set_principal(principal.name());
            admission.permit().ok_or_else(|| state.too_many_connections())
        })
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

/// Finds out whose credential a client shows, and keeps it for the requests that follow.
pub(super) async fn authenticate_again(
    state: &State,
    client: &Client,
    shown: Secret,
    correlation: &CorrelationId,
) -> Result<Arc<Principal>, RequestError> {
    let principal = access::identify_observed(state, client, Some(&shown), correlation).await?;
    client.keep(shown, &principal);
    Ok(principal)
}

/// The result of `authenticate`. It is the same where no client must authenticate.
pub(super) fn accept(mut output: Output) -> Result<Output, RequestError> {
    output.text(r#"{"status":"ok"}"#)?;
    envelope::finish(output)
}

/// The credential in a message.
fn credential(text: &Bytes, message: Message<'_>) -> Result<Secret, RequestError> {
    let Message::One(Request { id: Some(_), call: Ok((method, parameters)) }) = message else { return Err(needed()) };
    if method != AUTHENTICATE {
        return Err(needed());
    }
    // Which generation a call is like says nothing about this one.
    let call = methods::read(text, &method, parameters, Compatibility::default())?;
    let Operation::Authenticate { token: shown } = call.operation else { return Err(needed()) };
    Ok(shown)
}

fn needed() -> RequestError {
    RequestError::new(
        ErrorKind::AuthenticationNeeded,
        "the first message must be a request `authenticate` with the `token`, within 10 seconds",
    )
}
