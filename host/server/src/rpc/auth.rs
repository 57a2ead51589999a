//! Who may come in: whoever knows the token.

use std::sync::Arc;
use std::time::Duration;

use jurat::settings::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::call::{Asked, Call};
use super::failure::{Failure, Kind};
use super::lines::{Line, Lines};
use super::lobby::Lobby;
use super::log::Entry;
use super::message::{Message, Request};
use super::output::Output;
use super::replies::write_reply;
use super::server::Shared;
use super::work::{Client, Reply, accept};

/// How long a client may take to say who it is.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest message by which it does.
const MAX_MESSAGE: u64 = 4 << 10;

/// The token that clients must know. Only its digest is kept: comparing two of those tells nothing, not even a length.
#[derive(Clone, Debug)]
pub(crate) struct Token([u8; 32]);

impl Token {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.reveal().as_bytes()).into())
    }

    fn is(&self, shown: &Secret) -> bool {
        self.0.ct_eq(&Self::new(shown).0).into()
    }
}

/// Reads the first message of a client; if it holds the token, and there is one, it gets a place. Else it has been told why not.
pub(crate) async fn admit<R, W>(
    shared: &Arc<Shared>,
    client: &Client,
    lobby: &Lobby,
    lines: &mut Lines<R>,
    writer: &mut W,
) -> Option<OwnedSemaphorePermit>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let limits = shared.output_limits(&client.presence);
    let line = timeout(PATIENCE, lines.next(MAX_MESSAGE)).await;
    let (text, line) = match line {
        Ok(Ok(Line::Text(received))) => (received.text, Ok(())),
        Ok(Ok(Line::Refused { failure, .. } | Line::Stuck(failure))) => (Vec::new(), Err(failure)),
        Ok(Ok(Line::End) | Err(_)) => return None,
        Err(_) => (Vec::new(), Err(needed())),
    };
    let message = line.and_then(|()| Message::parse(&text));
    let id = match &message {
        Ok(Message::One(Request { id, .. })) => *id,
        _ => None,
    };
    let mut entry = Entry::begin(&shared.correlations, client.number, id, text.len() as u64);
    let result = message
        .and_then(|message| {
            entry.names("authenticate");
            check(shared, message)
        })
        .and_then(|()| lobby.place().ok_or_else(|| shared.full()))
        .and_then(|place| Ok((place, accept(Output::begin(&limits, id.unwrap_or("null")))?)));
    let (place, output, kind) = match result {
        Ok((place, output)) => (Some(place), output, None),
        Err(failure) => {
            let output = Output::refuse(&limits, id.unwrap_or("null"), &failure, &entry.correlation);
            (None, output, Some(failure.kind))
        }
    };
    entry.end(None, output.as_bytes().len() as u64, kind);
    let written = write_reply(writer, &Reply::One(output), Some(shared.settings.write_timeout)).await.is_ok();
    place.filter(|_| written)
}

/// Whether a message is what lets a client in.
fn check(shared: &Shared, message: Message<'_>) -> Result<(), Failure> {
    let Message::One(Request { id: Some(_), call: Ok((method, parameters)) }) = message else { return Err(needed()) };
    if method != "authenticate" {
        return Err(needed());
    }
    let Asked::Authenticate { token } = Call::read(&method, parameters)?.asked else { return Err(needed()) };
    // Without a token there is nobody who knows it.
    match &shared.token {
        Some(expected) if expected.is(&token) => Ok(()),
        _ => Err(Failure::new(Kind::AuthenticationFailed, "that is not the token")),
    }
}

fn needed() -> Failure {
    Failure::new(
        Kind::AuthenticationNeeded,
        "the first message must be a request `authenticate` with the `token`, within 10 seconds",
    )
}
