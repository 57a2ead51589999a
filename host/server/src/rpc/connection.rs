//! One connection from its first line to its last answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::time::timeout;

use super::authentication::authenticate;
use super::dispatch::Dispatcher;
use super::framing::{Line, Lines, Pace};
use super::reply::{self, Outgoing, Reply};
use crate::admission::{Admitted, Permit, Unauthenticated};
use crate::authentication::Authentication;
use crate::budget::Hold;
use crate::client::Client;
use crate::connection::{CloseReason, Connection};
use crate::error::{ErrorKind, RequestError};

/// How long the server waits for a client to stop sending before it closes the connection.
const LINGER: Duration = Duration::from_secs(1);

/// Serves a connection until its client or the server ends it.
pub(crate) async fn serve<R, W>(
    dispatcher: Arc<Dispatcher>,
    connection: Connection<R, W>,
    admitted: Admitted,
) -> CloseReason
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let state = &dispatcher.state;
    let limit = state.settings.max_in_flight.get() as usize;
    let Connection { number, origin, reader, mut writer } = connection;
    let client = Arc::new(Client::new(state, number, origin));
    let is_sole = matches!(admitted, Admitted::Sole);
    let mut lines = Lines::new(reader, Arc::clone(&client.requests), if is_sole { Pace::Any } else { Pace::Limited });
    let _permit = match admitted {
        Admitted::Sole => None,
        Admitted::Permitted(permit) => Some(permit),
        Admitted::Unauthenticated(unauthenticated) => {
            let permit = admit(&dispatcher, &client, unauthenticated, &mut lines, &mut writer).await;
            if permit.is_none() {
                return CloseReason::Answered;
            }
            permit
        }
    };

    let messages = Arc::new(Semaphore::new(limit));
    // Every reply holds a permit for its message, so the queue always has a free slot for it.
    let (replies, queue) = mpsc::channel(limit);
    // The sole client may read as slowly as it likes: no other client waits.
    let write_timeout = (!is_sole).then_some(state.settings.write_timeout);
    let cancellation = client.cancellation.clone();
    let (unread, is_unread) = watch::channel(false);
    let written = tokio::spawn(async move {
        let written = reply::write_all(queue, writer, write_timeout, is_unread).await;
        if written.is_err() {
            cancellation.cancel();
        }
        written
    });

    let not_json = if is_sole { NotJson::IsSkipped } else { NotJson::Closes };
    let told = (not_json, (!is_sole).then_some(&unread));
    let ended = read(&dispatcher, &client, &messages, &mut lines, &replies, told).await;
    if is_sole {
        state.stop.drain();
    } else if ended != Reading::BrokenOff {
        unread.send_replace(true);
    }
    drop(replies);
    let written = written.await.unwrap_or_else(|error| Err(io::Error::other(error)));
    if let Err(error) = &written {
        tracing::info!(connection = number, %error, "answers could not be written");
    }
    if ended != Reading::AtEnd && written.is_ok() && !is_sole {
        lines.linger(LINGER).await;
    }
    // The connection counts until all of its requests have ended, even if the client no longer waits for them.
    let _ = messages.acquire_many(state.settings.max_in_flight.get()).await;
    if written.is_ok() { CloseReason::Answered } else { CloseReason::WriteFailed }
}

/// Tells a client that the limit of connections is reached, and closes its connection.
pub(crate) async fn reject<R, W>(dispatcher: Arc<Dispatcher>, connection: Connection<R, W>)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let state = &dispatcher.state;
    let Connection { number, origin, reader, mut writer } = connection;
    let client = Client::new(state, number, origin);
    let reply = dispatcher.refuse(&client, None, &state.too_many_connections());
    if reply::write(&mut writer, &reply, Some(LINGER)).await.is_ok() && writer.shutdown().await.is_ok() {
        Lines::new(reader, client.requests, Pace::Limited).linger(LINGER).await;
    }
}

/// Waits until the client is authenticated and has its permit; none if the connection is closed instead.
async fn admit<R, W>(
    dispatcher: &Arc<Dispatcher>,
    client: &Client,
    mut unauthenticated: Unauthenticated,
    lines: &mut Lines<R>,
    writer: &mut W,
) -> Option<Permit>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let admission = unauthenticated.admission();
    let admitted = async {
        let permit = tokio::select! {
            permit = async {
                match client.origin.authentication {
                    Authentication::Credential => authenticate(&dispatcher.state, client, &admission, lines, writer).await,
                    Authentication::Connection(_) => match admission.permit() {
                        Some(permit) => Some(permit),
                        None => {
                            let failure = dispatcher.state.too_many_connections();
                            let reply = dispatcher.refuse(client, None, &failure);
                            // The connection is closed whether the client reads this or not.
                            let _ = reply::write(writer, &reply, Some(LINGER)).await;
                            None
                        }
                    },
                }
            } => permit,
            () = dispatcher.state.stop.draining() => None,
        };
        if permit.is_none() {
            let _ = timeout(LINGER, writer.shutdown()).await;
            lines.linger(LINGER).await;
        }
        permit
    };
    tokio::select! {
        biased;
        permit = admitted => permit,
        () = unauthenticated.evicted() => None,
    }
}

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reading {
    /// The client has sent everything.
    AtEnd,
    /// The client has sent something behind which nothing is read.
    Refused,
    /// The server ends, or the client does not read.
    BrokenOff,
}

/// What a line that is not JSON means for the lines that follow it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum NotJson {
    /// They are read: the sole client has started this server, and closing its connection would end the server.
    IsSkipped,
    /// They are not read. The client may be a browser, which a web page has send what it likes, but only behind the lines of HTTP.
    Closes,
}

impl NotJson {
    /// Whether nothing more is read after a message failed like this.
    fn closes(self, failure: &RequestError) -> bool {
        self == Self::Closes && failure.kind == ErrorKind::ParseError
    }
}

/// Reads messages while there are permits for them, and has each dispatched. Tells `unread` when it waits for a permit: then it does
/// not see that the client has left.
async fn read<R: AsyncRead + Unpin>(
    dispatcher: &Arc<Dispatcher>,
    client: &Arc<Client>,
    messages: &Arc<Semaphore>,
    lines: &mut Lines<R>,
    replies: &mpsc::Sender<Outgoing>,
    (not_json, unread): (NotJson, Option<&watch::Sender<bool>>),
) -> Reading {
    let state = &dispatcher.state;
    let waits = |waits| {
        if let Some(unread) = unread {
            unread.send_replace(waits);
        }
    };
    loop {
        let next = async {
            let permit = match Arc::clone(messages).try_acquire_owned() {
                Ok(permit) => Ok(permit),
                Err(_) => {
                    waits(true);
                    let permit = Arc::clone(messages).acquire_owned().await;
                    waits(false);
                    permit
                }
            };
            (permit, lines.next(state.settings.max_message.get()).await)
        };
        let (permit, line) = tokio::select! {
            biased;
            () = state.stop.draining() => return Reading::BrokenOff,
            () = replies.closed() => return Reading::BrokenOff,
            next = next => next,
        };
        let line = line.inspect_err(|error| {
            // A connection breaks in both directions at once. The exception is TLS without a closing message, an error as well.
            if error.kind() != io::ErrorKind::UnexpectedEof {
                client.cancellation.cancel();
            }
        });
        let Ok(permit) = permit else {
            debug_assert!(false, "nobody closes the permits for messages");
            tracing::error!(
                connection = client.number,
                "a connection is closed because of a bug: its permits were closed"
            );
            return Reading::BrokenOff;
        };
        let Ok(line) = line else { return Reading::AtEnd };
        match line {
            Line::Text(received) => {
                let in_flight = state.begin();
                // INVARIANT: the next line is read only when it is known that this one is JSON.
                match dispatcher.read(client, received).await {
                    Ok(message) => {
                        let (dispatcher, client, replies) =
                            (Arc::clone(dispatcher), Arc::clone(client), replies.clone());
                        tokio::spawn(async move {
                            let _in_flight = in_flight;
                            if let Some((reply, hold)) = dispatcher.dispatch(&client, message).await {
                                send(&replies, reply, permit, Some(hold)).await;
                            }
                        });
                    }
                    Err(failure) => {
                        send(replies, dispatcher.refuse(client, None, &failure), permit, None).await;
                        if not_json.closes(&failure) {
                            return Reading::Refused;
                        }
                    }
                }
            }
            Line::Refused { failure, id } => {
                send(replies, dispatcher.refuse(client, id.as_deref(), &failure), permit, None).await;
                if not_json.closes(&failure) {
                    return Reading::Refused;
                }
            }
            Line::Stalled(failure) => {
                send(replies, dispatcher.refuse(client, None, &failure), permit, None).await;
                return Reading::Refused;
            }
            Line::End => return Reading::AtEnd,
        }
    }
}

async fn send(replies: &mpsc::Sender<Outgoing>, reply: Reply, permit: OwnedSemaphorePermit, hold: Option<Hold>) {
    // This fails only when the client is gone and cannot read the reply.
    let _ = replies.send(Outgoing { reply, permit, hold }).await;
}
