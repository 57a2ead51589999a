//! One line of a client from its text to its answers.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

use super::budget::{Budget, Hold};
use super::call::{Asked, Call};
use super::failure::{Failure, Kind};
use super::lines::Received;
use super::log::Entry;
use super::message::{Message, Request};
use super::output::{Output, OutputLimits, Presence};
use super::server::Shared;

/// A line of more bytes is read on a thread that may take its time.
const LONG: usize = 128 << 10;
/// What a request in an array takes besides its text.
const OVERHEAD: u64 = 1 << 10;

/// Whoever answers calls: the service. It knows nothing of connections, and connections know nothing of rules.
pub(crate) trait Answers: std::fmt::Debug + Send + Sync + 'static {
    /// Writes the result of a call.
    fn answer(&self, call: Call, output: Output) -> Answer;
}

/// An answer that is being made.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<Output, Failure>> + Send>>;

/// Whose requests these are.
#[derive(Debug)]
pub(crate) struct Client {
    /// The number of the connection.
    pub(crate) number: u64,
    /// Lets so many calls of this client be worked on at a time.
    pub(crate) calls: Semaphore,
    /// Whether it is still there.
    pub(crate) presence: Presence,
    /// What it may ask for.
    pub(crate) power: Power,
}

/// What a client may ask for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Power {
    /// Everything: it has started this server, or may open its Unix socket.
    Operator,
    /// Everything but which release serves.
    Caller,
}

/// What is sent for one line.
#[derive(Debug)]
pub(crate) enum Reply {
    /// One answer.
    One(Output),
    /// An array of answers.
    Batch(Vec<Output>),
}

/// A request that has left its line.
#[derive(Debug)]
struct Task {
    entry: Entry,
    /// None: it is a notification, and nothing is sent.
    id: Option<String>,
    call: Result<Call, Failure>,
}

/// The requests of a line.
#[derive(Debug)]
enum Tasks {
    One(Box<Task>),
    Batch(Vec<Task>),
}

/// Does what a line asks for; none if it is not answered.
pub(crate) async fn work(shared: &Arc<Shared>, client: &Arc<Client>, received: Received) -> Option<Reply> {
    let limits = shared.output_limits(&client.presence);
    let Received { text, mut hold } = received;
    let tasks = match read(shared, client, text).await {
        Ok(tasks) => tasks,
        Err(failure) => return Some(Reply::One(refuse(shared, client, &limits, None, &failure))),
    };
    let reply = match tasks {
        Tasks::One(task) => perform(shared, client, &limits, *task).await.map(Reply::One),
        Tasks::Batch(tasks) => match hold.grow(OVERHEAD * tasks.len() as u64) {
            Ok(()) => batch(shared, client, &limits, tasks).await.map(Reply::Batch),
            Err(_) => Some(Reply::One(refuse(shared, client, &limits, None, &Failure::overloaded()))),
        },
    };
    // INVARIANT: what a request takes is given back when nothing of it is left.
    drop::<Hold>(hold);
    reply
}

/// The answer to what is no request, or cannot be told from one. It is logged like one.
pub(crate) fn refuse(
    shared: &Shared,
    client: &Client,
    limits: &OutputLimits,
    id: Option<&str>,
    failure: &Failure,
) -> Output {
    let entry = Entry::begin(&shared.correlations, client.number, id, 0);
    let output = Output::refuse(limits, id.unwrap_or("null"), failure, &entry.correlation);
    entry.end(None, output.as_bytes().len() as u64, Some(failure.kind));
    output
}

/// Reads a line. A long one is read where nobody else has to wait for it.
async fn read(shared: &Arc<Shared>, client: &Arc<Client>, text: Vec<u8>) -> Result<Tasks, Failure> {
    if text.len() <= LONG {
        let read = catch_unwind(AssertUnwindSafe(|| Tasks::read(shared, client, &text)));
        return read.unwrap_or_else(|_| Err(Failure::internal()));
    }
    let (shared, client) = (Arc::clone(shared), Arc::clone(client));
    let read = spawn_blocking(move || Tasks::read(&shared, &client, &text));
    read.await.unwrap_or_else(|_| Err(Failure::internal()))
}

impl Tasks {
    fn read(shared: &Shared, client: &Client, text: &[u8]) -> Result<Self, Failure> {
        match Message::parse(text)? {
            Message::One(request) => {
                let task = Task::read(shared, client, request, text.len() as u64);
                Ok(Self::One(Box::new(task)))
            }
            Message::Batch(requests) => {
                let share = (text.len() / requests.len().max(1)) as u64;
                let tasks = requests.into_iter().map(|request| Task::read(shared, client, request, share));
                Ok(Self::Batch(tasks.collect()))
            }
        }
    }
}

impl Task {
    fn read(shared: &Shared, client: &Client, Request { id, call }: Request<'_>, bytes: u64) -> Self {
        let mut entry = Entry::begin(&shared.correlations, client.number, id, bytes);
        // What is no request is answered also where it has no id.
        let id = id.or(call.is_err().then_some("null")).map(str::to_owned);
        let call = call.and_then(|(method, parameters)| {
            entry.names(&method);
            Call::read(&method, parameters)
        });
        if let Ok(call) = &call {
            entry.asks(call);
        }
        let call = call.and_then(|call| match client.power {
            Power::Caller if call.asked.is_for_operators() => Err(Failure::new(
                Kind::Forbidden,
                "which release serves is decided over stdin or the Unix socket of this server, or by `jurat pin`; not over TCP",
            )),
            _ => Ok(call),
        });
        Self { entry, id, call }
    }
}

/// Makes one call; none if nobody wants its result.
async fn perform(shared: &Arc<Shared>, client: &Client, limits: &OutputLimits, task: Task) -> Option<Output> {
    let Task { entry, id, call } = task;
    let mut output = Output::begin(limits, id.as_deref().unwrap_or("null"));
    let result = match call {
        Ok(Call { asked: Asked::Authenticate { .. }, .. }) => accept(output),
        Ok(call) => {
            // Never closed: the client lives as long as this.
            let _place = client.calls.acquire().await;
            // Whoever has gone while others were first keeps nobody waiting.
            match output.check() {
                Ok(()) => make(shared, call, output).await,
                Err(failure) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    };
    let (output, kind) = match result {
        Ok(output) => (output, None),
        Err(failure) => {
            let id = id.as_deref().unwrap_or("null");
            (Output::refuse(limits, id, &failure, &entry.correlation), Some(failure.kind))
        }
    };
    let sent = if id.is_some() { output.as_bytes().len() as u64 } else { 0 };
    entry.end(output.records, sent, kind);
    id.map(|_| output)
}

/// Makes a call and ends its answer.
async fn make(shared: &Shared, call: Call, output: Output) -> Result<Output, Failure> {
    match caught(shared.answers.answer(call, output)).await {
        Ok(result) => result.and_then(Output::finish),
        Err(_) => Err(Failure::internal()),
    }
}

/// Who needs not say who it is may do so.
pub(crate) fn accept(mut output: Output) -> Result<Output, Failure> {
    output.text(r#"{"status":"ok"}"#)?;
    output.finish()
}

/// Makes many calls at once; none if nobody wants any of their results. Answers are in the order of the requests.
async fn batch(
    shared: &Arc<Shared>,
    client: &Arc<Client>,
    limits: &OutputLimits,
    tasks: Vec<Task>,
) -> Option<Vec<Output>> {
    let most = shared.settings.max_in_flight.get() as usize;
    let mut answers: Vec<Option<Output>> = tasks.iter().map(|_| None).collect();
    let mut running = JoinSet::new();
    let mut tasks = tasks.into_iter().enumerate();
    loop {
        while running.len() < most {
            let Some((place, task)) = tasks.next() else { break };
            let (shared, client, limits) = (Arc::clone(shared), Arc::clone(client), limits.clone());
            running.spawn(async move { (place, perform(&shared, &client, &limits, task).await) });
        }
        match running.join_next().await {
            None => break,
            Some(Ok((place, answer))) => {
                if let Some(slot) = answers.get_mut(place) {
                    *slot = answer;
                }
            }
            // What can break off has been caught inside.
            Some(Err(error)) => tracing::error!(%error, "a request broke off"),
        }
    }
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    (!answers.is_empty()).then_some(answers)
}

/// A future whose panic is its result.
async fn caught<T>(future: impl Future<Output = T>) -> Result<T, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    std::future::poll_fn(move |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
        Ok(Poll::Pending) => Poll::Pending,
        Err(panic) => Poll::Ready(Err(panic)),
    })
    .await
}

impl Reply {
    /// What is written: answers, and what stands between them.
    pub(crate) fn pieces(&self) -> impl Iterator<Item = &[u8]> {
        let (open, answers, close): (&[u8], _, &[u8]) = match self {
            Self::One(answer) => (b"", std::slice::from_ref(answer), b"\n"),
            Self::Batch(answers) => (b"[", answers.as_slice(), b"]\n"),
        };
        let answers = answers.iter().enumerate().flat_map(|(place, answer)| {
            let comma: &[u8] = if place > 0 { b"," } else { b"" };
            [comma, answer.as_bytes()]
        });
        std::iter::once(open).chain(answers).chain(std::iter::once(close)).filter(|piece| !piece.is_empty())
    }
}

impl Shared {
    /// What the answers to one line share.
    pub(crate) fn output_limits(&self, client: &Presence) -> OutputLimits {
        let most = self.settings.max_reply.get();
        OutputLimits { line: Budget::new(most), all: Arc::clone(&self.replies), most, client: client.clone() }
    }
}
