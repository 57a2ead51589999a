//! One client from its first line to its last answer.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;

use super::auth;
use super::failure::Failure;
use super::lines::{Line, Lines};
use super::output::Presence;
use super::replies::{self, Outgoing};
use super::server::Shared;
use super::work::{Client, Reply, refuse, work};

/// How long a client may pause within a line, where it shares memory with others.
const PAUSE: Duration = Duration::from_secs(60);
/// How long is waited for a client to stop sending when its connection is closed. Without, it could lose what was written to it.
const LINGER: Duration = Duration::from_secs(1);

/// How a client comes in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Door {
    /// It is the only one, and the server ends with it.
    Only,
    /// It is one of many.
    Open,
    /// It is one of many, and must show a token first.
    Guarded,
}

/// How it went.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Farewell {
    /// All that was read has been answered.
    Answered,
    /// Answers could not be written.
    Broken,
}

/// Serves a client until it ends, or the server does.
pub(crate) async fn serve<R, W>(shared: Arc<Shared>, door: Door, reader: R, mut writer: W) -> Farewell
where
    R: AsyncRead + Unpin + Send,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let most = shared.settings.max_in_flight.get() as usize;
    let client = Arc::new(Client {
        number: shared.next_connection(),
        calls: Semaphore::new(most),
        presence: Presence::default(),
    });
    let pause = (door != Door::Only).then_some(PAUSE);
    let mut lines = Lines::new(reader, Arc::clone(&shared.requests), pause);
    if door == Door::Guarded {
        let is_known = tokio::select! {
            is_known = auth::admit(&shared, &client, &mut lines, &mut writer) => is_known,
            () = shared.stop.draining() => false,
        };
        if !is_known {
            let _ = timeout(LINGER, writer.shutdown()).await;
            lines.linger(LINGER).await;
            return Farewell::Answered;
        }
    }

    let places = Arc::new(Semaphore::new(most));
    // Every reply holds a place, so that there is always room for it.
    let (replies, queue) = mpsc::channel(most);
    let limit = shared.settings.write_timeout;
    let presence = client.presence.clone();
    let written = tokio::spawn(async move {
        let written = replies::write(queue, writer, limit).await;
        if written.is_err() {
            presence.end();
        }
        written
    });

    let ended = read(&shared, &client, &places, &mut lines, &replies).await;
    if door == Door::Only {
        shared.stop.drain();
    }
    drop(replies);
    let written = written.await.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
    if let Err(error) = &written {
        tracing::info!(connection = client.number, %error, "answers could not be written");
    }
    if ended == Reading::BrokenOff && written.is_ok() && door != Door::Only {
        lines.linger(LINGER).await;
    }
    // What nobody waits for any more still takes a place among the clients until it has ended.
    let _ = places.acquire_many(shared.settings.max_in_flight.get()).await;
    if written.is_ok() { Farewell::Answered } else { Farewell::Broken }
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
            Line::Refused(failure) => send(replies, refusal(shared, client, &failure), place).await,
            Line::Stuck(failure) => {
                send(replies, refusal(shared, client, &failure), place).await;
                return Reading::BrokenOff;
            }
            Line::End => return Reading::AtEnd,
        }
    }
}

fn refusal(shared: &Shared, client: &Client, failure: &Failure) -> Reply {
    Reply::One(refuse(shared, client, &shared.output_limits(&client.presence), failure))
}

async fn send(replies: &mpsc::Sender<Outgoing>, reply: Reply, place: OwnedSemaphorePermit) {
    // It fails where the client has gone away, and with it whoever would read it.
    let _ = replies.send(Outgoing { reply, place }).await;
}
