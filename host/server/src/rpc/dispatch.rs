//! One message from its text to its reply.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use jurat::identity::Principal;
use jurat_model::{CallContext, CorrelationId};
use tokio::task::{JoinSet, spawn_blocking};

use super::authentication::{accept, authenticate_again};
use super::envelope::{self, UNKNOWN_ID};
use super::framing::Received;
use super::message::Message;
use super::reply::Reply;
use super::request::Request;
use crate::access;
use crate::budget::Hold;
use crate::call::{Call, Operation};
use crate::caught::caught;
use crate::client::Client;
use crate::error::{ErrorKind, RequestError};
use crate::handler::Handler;
use crate::limits;
use crate::log::Entry;
use crate::methods;
use crate::observation;
use crate::output::{Output, OutputLimits};
use crate::state::State;

/// A message of more bytes is parsed on a thread that may block.
const LONG: usize = 128 << 10;
/// The memory that a request in an array takes besides its text.
const OVERHEAD: u64 = 1 << 10;

/// Reads messages, has their calls made, and puts the results into replies.
#[derive(Debug)]
pub(crate) struct Dispatcher {
    pub(crate) state: Arc<State>,
    handler: Arc<dyn Handler>,
}

/// A request that owns what it needs of its message.
#[derive(Debug)]
struct Task {
    entry: Entry,
    /// None: it is a notification, and is not answered.
    id: Option<String>,
    call: Result<Call, RequestError>,
}

/// The requests of a message that was parsed without an error.
#[derive(Debug)]
pub(crate) struct ReadMessage {
    tasks: Tasks,
    /// The memory of the message.
    hold: Hold,
}

/// The requests of a message.
#[derive(Debug)]
enum Tasks {
    One(Box<Task>),
    Batch(Vec<Task>),
}

impl Dispatcher {
    pub(crate) fn new(state: Arc<State>, handler: Arc<dyn Handler>) -> Self {
        Self { state, handler }
    }

    /// Reads a message. None of its calls is made yet.
    ///
    /// # Errors
    /// When the message as a whole gets one answer, which is an error.
    pub(crate) async fn read(
        self: &Arc<Self>,
        client: &Arc<Client>,
        received: Received,
    ) -> Result<ReadMessage, RequestError> {
        let Received { text, hold, .. } = received;
        let tasks = self.parse(client, text.into()).await?;
        Ok(ReadMessage { tasks, hold })
    }

    /// Does what a message asks for; none if the message is not answered. The memory of the message that is returned is for the errors
    /// in the reply, which are as long as the ids that they repeat, and little more.
    pub(crate) async fn dispatch(
        self: &Arc<Self>,
        client: &Arc<Client>,
        message: ReadMessage,
    ) -> Option<(Reply, Hold)> {
        let limits = client.output_limits(&self.state);
        let ReadMessage { tasks, mut hold } = message;
        let reply = match tasks {
            Tasks::One(task) => self.perform(client, &limits, *task).await.map(Reply::One),
            Tasks::Batch(tasks) => match hold.grow(OVERHEAD * tasks.len() as u64) {
                Ok(()) => self.perform_all(client, &limits, tasks).await.map(Reply::Batch),
                Err(_) => Some(self.refuse(client, None, &RequestError::overloaded())),
            },
        };
        // INVARIANT: the memory of a request is given back only when nothing of it is left.
        reply.map(|reply| {
            hold.shrink_to(reply.uncounted());
            (reply, hold)
        })
    }

    /// The reply to a message that is not read. The log has it like a request.
    pub(crate) fn refuse(&self, client: &Client, id: Option<&str>, failure: &RequestError) -> Reply {
        let limits = client.output_limits(&self.state);
        let entry = Entry::begin(self.state.correlations.next(), client.address(), id, 0);
        let output = envelope::error(&limits, id.unwrap_or(UNKNOWN_ID), failure, &entry.correlation);
        entry.end(None, output.length() as u64, Some(failure.kind));
        self.observe(client, client.principal().as_deref(), &entry.correlation, failure.kind);
        Reply::One(output)
    }

    /// Tells observers that a limit has refused something, if that is why a request failed.
    fn observe(&self, client: &Client, principal: Option<&Principal>, correlation: &CorrelationId, kind: ErrorKind) {
        let context = access::context(correlation, principal);
        observation::limit(&self.state.observers, kind, client.origin.peer, Some(&context));
    }

    /// Parses a message; a long one on a thread where no other client waits for it.
    async fn parse(self: &Arc<Self>, client: &Arc<Client>, text: Bytes) -> Result<Tasks, RequestError> {
        if text.len() <= LONG {
            let parsed = catch_unwind(AssertUnwindSafe(|| self.tasks(client, &text)));
            return parsed.unwrap_or_else(|_| Err(RequestError::internal()));
        }
        let (dispatcher, client) = (Arc::clone(self), Arc::clone(client));
        let parsed = spawn_blocking(move || dispatcher.tasks(&client, &text));
        parsed.await.unwrap_or_else(|_| Err(RequestError::internal()))
    }

    fn tasks(&self, client: &Client, text: &Bytes) -> Result<Tasks, RequestError> {
        match Message::parse(text)? {
            Message::One(request) => Ok(Tasks::One(Box::new(self.task(client, text, request, text.len() as u64)))),
            Message::Batch(requests) => {
                let share = (text.len() / requests.len().max(1)) as u64;
                Ok(Tasks::Batch(requests.into_iter().map(|request| self.task(client, text, request, share)).collect()))
            }
        }
    }

    fn task(&self, client: &Client, text: &Bytes, Request { id, call }: Request<'_>, bytes: u64) -> Task {
        let mut entry = Entry::begin(self.state.correlations.next(), client.address(), id, bytes);
        // An invalid request is answered even without an id.
        let id = id.or(call.is_err().then_some(UNKNOWN_ID)).map(str::to_owned);
        let call = call.and_then(|(method, parameters)| {
            entry.set_method(&method);
            methods::read(text, &method, parameters, self.state.settings.compatibility)
        });
        if let Ok(call) = &call {
            entry.set_subject(call.tenant.as_deref(), call.ruleset());
        }
        Task { entry, id, call }
    }

    /// Makes one call; none if its result is not sent.
    async fn perform(&self, client: &Client, limits: &OutputLimits, task: Task) -> Option<Output> {
        let Task { mut entry, id, call } = task;
        let json_id = id.as_deref().unwrap_or(UNKNOWN_ID);
        let mut principal = None;
        let making = async {
            let mut call = call?;
            if let Operation::Authenticate { token } = call.operation {
                if client.origin.authentication.principal().is_none() {
                    principal = Some(authenticate_again(&self.state, client, token, &entry.correlation).await?);
                }
                return accept(envelope::begin(limits, json_id));
            }
            // A credential that was good may not be so any more.
            let known = principal.insert(access::identify(&self.state, client, client.credential().as_ref()).await?);
            access::permit(known, &mut call.tenant, call.operation.action())?;
            let class = call.operation.rate_class();
            let charged = access::charge(&self.state, client, known, call.tenant.as_deref(), class);
            let (_, records) = charged.map_err(|(failure, _)| failure)?;
            call.operation.set_quota(records);
            entry.set_subject(call.tenant.as_deref(), call.ruleset());
            let context = access::context(&entry.correlation, Some(known));
            self.make(client, context, envelope::begin(limits, json_id), call).await
        };
        let made = caught(making).await;
        entry.set_principal(principal.as_deref().and_then(Principal::name));
        let (output, kind) = match made.unwrap_or_else(|_| Err(RequestError::internal())) {
            Ok(output) => (output, None),
            Err(failure) => {
                self.observe(client, principal.as_deref(), &entry.correlation, failure.kind);
                (envelope::error(limits, json_id, &failure, &entry.correlation), Some(failure.kind))
            }
        };
        let sent = if id.is_some() { output.length() as u64 } else { 0 };
        entry.end(output.records, sent, kind);
        id.map(|_| output)
    }

    async fn make(
        &self,
        client: &Client,
        context: CallContext,
        mut output: Output,
        call: Call,
    ) -> Result<Output, RequestError> {
        let Ok(_permit) = client.calls.acquire().await else {
            return Err(RequestError::bug("the permits for the calls of a client were closed"));
        };
        // The client may have gone while other calls were made.
        output.check()?;
        if limits::answer(&self.state, &call.operation, &mut output)? {
            return envelope::finish(output);
        }
        self.handler.handle(call, context, Arc::clone(&client.files), output).await.and_then(envelope::finish)
    }

    /// Makes many calls at once; none if none of their results is sent. Answers are in the order of the requests.
    async fn perform_all(
        self: &Arc<Self>,
        client: &Arc<Client>,
        limits: &OutputLimits,
        tasks: Vec<Task>,
    ) -> Option<Vec<Output>> {
        let limit = self.state.settings.max_in_flight.get() as usize;
        let mut running = JoinSet::new();
        let mut tasks = tasks.into_iter().enumerate();
        let mut made = Vec::with_capacity(tasks.len());
        loop {
            while running.len() < limit {
                let Some((index, task)) = tasks.next() else { break };
                let (dispatcher, client, limits) = (Arc::clone(self), Arc::clone(client), limits.clone());
                running.spawn(async move { (index, dispatcher.perform(&client, &limits, task).await) });
            }
            match running.join_next().await {
                None => break,
                Some(Ok(answer)) => made.push(answer),
                Some(Err(error)) => {
                    debug_assert!(false, "`perform` catches panics, and no task is aborted");
                    tracing::error!(%error, "a request has no answer because of a bug");
                }
            }
        }
        made.sort_unstable_by_key(|(index, _)| *index);
        let answers: Vec<_> = made.into_iter().filter_map(|(_, answer)| answer).collect();
        (!answers.is_empty()).then_some(answers)
    }
}
