//! One client from its first line to its last answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::auth;
use super::failure::Failure;
use super::lines::{Line, Lines, Time};
use super::listen::Door;
use super::lobby::{Lobby, Stranger, Visitor};
use super::output::{Output, Presence};
use super::replies::{self, Outgoing, write_reply};
use super::server::Shared;
use super::work::{Client, Power, Reply, refuse, work};

/// How long is waited for a client to stop sending when its connection is closed. Without, it could lose what was written to it.
const LINGER: Duration = Duration::from_secs(1);

/// How it went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Farewell {
    /// All that was read has been answered.
    Answered,
    /// Answers could not be written.
    Broken,
}

/// Serves a client until it ends, or the server does.
pub(crate) async fn serve<R, W>(
    shared: Arc<Shared>,
    visitor: Visitor,
    power: Power,
    reader: R,
    mut writer: W,
) -> Farewell
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let most = shared.settings.max_in_flight.get() as usize;
    let client = Arc::new(Client {
        number: shared.next_connection(),
        calls: Semaphore::new(most),
        presence: Presence::default(),
        power,
    });
    let is_only = matches!(visitor, Visitor::Only);
    let mut lines = Lines::new(reader, shared.allowance(), if is_only { Time::Own } else { Time::Shared });
    let _place = match visitor {
        Visitor::Only => None,
        Visitor::Known(place) => Some(place),
        Visitor::Stranger(stranger, door) => {
            let place = introduce(&shared, &client, stranger, door, &mut lines, &mut writer).await;
            if place.is_none() {
                return Farewell::Answered;
            }
            place
        }
    };

    let places = Arc::new(Semaphore::new(most));
    // Every reply holds a place, so that there is always room for it.
    let (replies, queue) = mpsc::channel(most);
    // Whoever is the only one keeps nobody else waiting by not reading.
    let limit = (!is_only).then_some(shared.settings.write_timeout);
    let presence = client.presence.clone();
    let written = tokio::spawn(async move {
        let written = replies::write(queue, writer, limit).await;
        if written.is_err() {
            presence.end();
        }
        written
    });

    let ended = read(&shared, &client, &places, &mut lines, &replies).await;
    if is_only {
        shared.stop.drain();
    }
    drop(replies);
    let written = written.await.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    if let Err(error) = &written {
        tracing::info!(connection = client.number, %error, "answers could not be written");
    }
    if ended == Reading::BrokenOff && written.is_ok() && !is_only {
        lines.linger(LINGER).await;
    }
    // What nobody waits for any more still takes a place among the clients until it has ended.
    let _ = places.acquire_many(shared.settings.max_in_flight.get()).await;
    if written.is_ok() { Farewell::Answered } else { Farewell::Broken }
}

/// Waits until a stranger is known; none if it does not get in.
async fn introduce<R, W>(
    shared: &Arc<Shared>,
    client: &Client,
    mut stranger: Stranger,
    door: Door,
    lines: &mut Lines<R>,
    writer: &mut W,
) -> Option<OwnedSemaphorePermit>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let lobby = stranger.lobby();
    let introduced = async {
        let place = tokio::select! {
            place = admit(shared, client, &lobby, door, lines, writer) => place,
            () = shared.stop.draining() => None,
        };
        if place.is_none() {
            let _ = timeout(LINGER, writer.shutdown()).await;
            lines.linger(LINGER).await;
        }
        place
    };
    tokio::select! {
        biased;
        place = introduced => place,
        () = stranger.must_go() => None,
    }
}

/// Lets a client in who has shown all that is asked, if there is a place.
async fn admit<R, W>(
    shared: &Arc<Shared>,
    client: &Client,
    lobby: &Lobby,
    door: Door,
    lines: &mut Lines<R>,
    writer: &mut W,
) -> Option<OwnedSemaphorePermit>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    if door == Door::Guarded {
        return auth::admit(shared, client, lobby, lines, writer).await;
    }
    let place = lobby.place();
    if place.is_none() {
        let reply = Reply::One(refusal(shared, client, None, &shared.full()));
        // It is told that it must go; if it does not listen, it must go as well.
        let _ = write_reply(writer, &reply, Some(LINGER)).await;
    }
    place
}

/// Why nothing more is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Reading {
    /// The client has said all.
    AtEnd,
    /// The client may go on sending, in vain.
    BrokenOff,
}

/// Reads lines as long as there are places for them, and lets each be worked on.
async fn read<R: AsyncRead + Unpin>(
    shared: &Arc<Shared>,
    client: &Arc<Client>,
    places: &Arc<Semaphore>,
    lines: &mut Lines<R>,
    replies: &mpsc::Sender<Outgoing>,
) -> Reading {
    loop {
        let next = async {
            let place = Arc::clone(places).acquire_owned().await;
            (place, lines.next(shared.settings.max_message.get()).await)
        };
        let (place, line) = tokio::select! {
            biased;
            () = shared.stop.draining() => return Reading::BrokenOff,
            () = replies.closed() => return Reading::BrokenOff,
            next = next => next,
        };
        let line = line.inspect_err(|error| {
            // A connection that breaks does so in both directions. TLS also calls it an error if only the farewell is missing.
            if error.kind() != io::ErrorKind::UnexpectedEof {
                client.presence.end();
            }
        });
        let (Ok(place), Ok(line)) = (place, line) else { return Reading::AtEnd };
        match line {
            Line::Text(received) => {
                let (shared, client, replies) = (Arc::clone(shared), Arc::clone(client), replies.clone());
                tokio::spawn(async move {
                    let _working = shared.begin();
                    if let Some(reply) = work(&shared, &client, received).await {
                        send(&replies, reply, place).await;
                    }
                });
            }
            Line::Refused { failure, id } => {
                send(replies, Reply::One(refusal(shared, client, id.as_deref(), &failure)), place).await;
            }
            Line::Stuck(failure) => {
                send(replies, Reply::One(refusal(shared, client, None, &failure)), place).await;
                return Reading::BrokenOff;
            }
            Line::End => return Reading::AtEnd,
        }
    }
}

fn refusal(shared: &Shared, client: &Client, id: Option<&str>, failure: &Failure) -> Output {
    refuse(shared, client, &shared.output_limits(&client.presence), id, failure)
}

async fn send(replies: &mpsc::Sender<Outgoing>, reply: Reply, place: OwnedSemaphorePermit) {
    // It fails where the client has gone away, and with it whoever would read it.
    let _ = replies.send(Outgoing { reply, place }).await;
}
