//! The calls: from the body of a request to the response with its result.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use hyper::HeaderMap;
use hyper::body::Body;
use hyper::header::ACCEPT;
use jurat::identity::{Action, RateClass};
use jurat::settings::{ApiSettings, Compatibility};
use tokio::task::spawn_blocking;

use super::answer::{exchange_of, of_output};
use super::api::Api;
use super::body::{Frames, MediaType, Pace, Received};
use super::exchange::Exchange;
use super::{lines, problem, query};
use crate::access;
use crate::arrival::Arrival;
use crate::call::{Call, Operation, StreamCall, StreamRecords};
use crate::client::Client;
use crate::error::{ErrorKind, RequestError};
use crate::limits;
use crate::methods;
use crate::observation;
use crate::output::Output;
use crate::parameters::reader::{Broken, Reader};
use crate::parameters::values::{Parameters, Value};
use crate::quotas::RecordQuota;

/// A body of more bytes is parsed on a thread that may block.
const LONG: usize = 128 << 10;

/// A request on its way to a response.
struct Asked {
    api: Arc<Api>,
    exchange: Arc<Exchange>,
}

/// Makes the call of a method whose parameters are the body.
pub(super) async fn with_body(api: Arc<Api>, request: Request, method: &'static str) -> Response {
    let asked = Asked::of(api, &request);
    let made = async {
        let (call, received) = asked.read(request, method).await?;
        let output = asked.make(call).await;
        // The body stays in memory as long as parts of it are judged.
        drop(received);
        output.map(of_output)
    };
    made.await.unwrap_or_else(|failure| asked.refuse(&failure))
}

/// Makes the call of a method whose parameters are in the query.
pub(super) async fn with_query(api: Arc<Api>, request: Request, method: &'static str) -> Response {
    let (asked, text) = (Asked::of(api, &request), query::as_body(request.uri()));
    let made = async {
        let call = parse(&text, method, asked.compatibility(), &asked.api.settings)?;
        asked.make(call).await.map(of_output)
    };
    made.await.unwrap_or_else(|failure| asked.refuse(&failure))
}

/// Makes a call without parameters.
pub(super) async fn without_parameters(api: Arc<Api>, request: Request, operation: Operation) -> Response {
    let asked = Asked::of(api, &request);
    let made = asked.make(Call { tenant: None, operation }).await;
    made.map_or_else(|failure| asked.refuse(&failure), of_output)
}

/// Makes the call of a method whose parameters are the body, which may be left out.
pub(super) async fn with_optional_body(api: Arc<Api>, request: Request, method: &'static str) -> Response {
    if request.body().is_end_stream() {
        with_query(api, request, method).await
    } else {
        with_body(api, request, method).await
    }
}

/// Judges many records: those of an array in the body, or those that arrive line by line. The results are an array, or lines.
pub(super) async fn batch(api: Arc<Api>, request: Request) -> Response {
    const METHOD: &str = "batch_validate";
    let asked = Asked::of(api, &request);
    let made = async {
        match MediaType::of_body(request.headers())? {
            MediaType::Ndjson => asked.judge_arriving(request).await,
            MediaType::Json if wants_lines(request.headers()) => {
                let (mut call, received) = asked.read(request, METHOD).await?;
                asked.subject(call.tenant.as_deref(), call.ruleset());
                let quota = asked.permit(&mut call.tenant, Action::Validate, Some(RateClass::Batch))?;
                call.operation.set_quota(quota);
                asked.take_stream_place().await?;
                let Operation::ValidateBatch { records, id_fields, judging } = call.operation else {
                    return Err(RequestError::bug("a batch is read as another operation"));
                };
                let (tenant, records) = (call.tenant, StreamRecords::Whole(records));
                let call = StreamCall { tenant, entity_types: Vec::new(), id_fields, judging, records };
                asked.stream(call, Some(received)).await
            }
            MediaType::Json => {
                let (call, received) = asked.read(request, METHOD).await?;
                let output = asked.make(call).await;
                drop(received);
                output.map(of_output)
            }
        }
    };
    made.await.unwrap_or_else(|failure| asked.refuse(&failure))
}

impl Asked {
    fn of(api: Arc<Api>, request: &Request) -> Self {
        Self { api, exchange: exchange_of(request) }
    }

    fn client(&self) -> &Client {
        &self.exchange.peer.client
    }

    fn compatibility(&self) -> Compatibility {
        self.api.state.settings.compatibility
    }

    fn subject(&self, tenant: Option<&str>, ruleset: Option<&str>) {
        self.exchange.entry().set_subject(tenant, ruleset);
    }

    fn refuse(&self, failure: &RequestError) -> Response {
        let (peer, context) = (self.client().origin.peer, self.exchange.context());
        observation::limit(&self.api.state.observers, failure.kind, peer, Some(&context));
        problem::response(failure, &self.exchange.correlation)
    }

    /// Reads a body as a whole, and the call that it makes.
    async fn read(&self, request: Request, method: &'static str) -> Result<(Call, Received), RequestError> {
        let settings = &self.api.settings;
        let (head, body) = request.into_parts();
        if head.uri.query().is_some_and(|query| !query.is_empty()) {
            let message = "the parameters of this request are in its body; only those of a stream are in the query";
            return Err(RequestError::new(ErrorKind::UnknownParameter, message));
        }
        if MediaType::of_body(&head.headers)? != MediaType::Json {
            return Err(RequestError::new(
                ErrorKind::UnsupportedMediaType,
                "the body must be `application/json`; only `/api/v1/batch` accepts a value on each line",
            ));
        }
        let mut frames =
            Frames::new(body, &head.headers, settings, (settings.max_body.get(), "api.max_body"), Pace::Whole)?;
        self.exchange.is_arriving.store(true, Ordering::Relaxed);
        let received = frames.whole(&self.client().requests).await;
        self.exchange.is_arriving.store(false, Ordering::Relaxed);
        self.exchange.entry().set_length(frames.read());
        let received = received?;
        let (text, compatibility) = (received.text.clone(), self.compatibility());
        let call = if text.len() <= LONG {
            parse(&text, method, compatibility, settings)
        } else {
            let api = Arc::clone(&self.api);
            let parsed = spawn_blocking(move || parse(&text, method, compatibility, &api.settings));
            parsed.await.unwrap_or_else(|_| Err(RequestError::internal()))
        };
        Ok((call?, received))
    }

    /// Waits until the request may be worked on. It keeps its place until its response is complete.
    async fn take_place(&self) -> Result<(), RequestError> {
        self.exchange.keep(self.api.places.take().await?);
        Ok(())
    }

    async fn take_stream_place(&self) -> Result<(), RequestError> {
        self.exchange.keep(self.api.places.take_for_stream().await?);
        Ok(())
    }

    /// Decides whether the request may be made, for which tenant, and how fast its records may be judged.
    fn permit(
        &self,
        tenant: &mut Option<String>,
        action: Action,
        class: Option<RateClass>,
    ) -> Result<RecordQuota, RequestError> {
        let exchange = &self.exchange;
        let Some(principal) = exchange.principal() else { return Err(RequestError::bug("a call is made for nobody")) };
        access::permit(principal, tenant, action)?;
        let charged = access::charge(&self.api.state, self.client(), principal, tenant.as_deref(), class);
        let (charged, quota) = match charged {
            Ok((quota, records)) => (Ok(records), quota),
            Err((failure, quota)) => (Err(failure), quota),
        };
        let _ = exchange.quota.set(quota);
        charged
    }

    /// Makes a call that has one result.
    async fn make(&self, mut call: Call) -> Result<Output, RequestError> {
        let Self { api, exchange } = self;
        let client = self.client();
        self.subject(call.tenant.as_deref(), call.ruleset());
        let (action, class) = (call.operation.action(), call.operation.rate_class());
        let quota = self.permit(&mut call.tenant, action, class)?;
        call.operation.set_quota(quota);
        let Ok(_permit) = client.calls.acquire().await else {
            return Err(RequestError::bug("the permits for the calls of a client were closed"));
        };
        self.take_place().await?;
        let mut output = Output::new(&client.output_limits(&api.state));
        if limits::answer(&api.state, &call.operation, &mut output)? {
            return Ok(output);
        }
        let context = exchange.context();
        let mut output = api.handler.handle(call, context, Arc::clone(&client.files), output).await?;
        output.shrink();
        if let Some(records) = output.records {
            let _ = exchange.records.set(records);
        }
        Ok(output)
    }

    /// Judges records while they arrive.
    async fn judge_arriving(&self, request: Request) -> Result<Response, RequestError> {
        let settings = &self.api.settings;
        let (head, body) = request.into_parts();
        let text = query::as_body(&head.uri);
        let (sender, arrival) = Arrival::channel();
        let records = StreamRecords::Arriving(arrival);
        let mut call = methods::read_stream(&text, parameters(&text)?, self.compatibility(), records)?;
        self.subject(call.tenant.as_deref(), Some(&call.judging.ruleset));
        call.judging.quota = self.permit(&mut call.tenant, Action::Validate, Some(RateClass::Batch))?;
        let frames =
            Frames::new(body, &head.headers, settings, (settings.max_stream.get(), "api.max_stream"), Pace::Pieces)?;
        self.take_stream_place().await?;
        let allowance = Arc::clone(&self.client().requests);
        tokio::spawn(lines::pump(frames, sender, allowance, Arc::clone(&self.exchange)));
        self.stream(call, None).await
    }

    /// Judges records, and responds with lines.
    async fn stream(&self, call: StreamCall, received: Option<Received>) -> Result<Response, RequestError> {
        let Self { api, exchange } = self;
        let context = exchange.context();
        let memory = Arc::clone(&self.client().replies);
        lines::response(exchange, received, |sender| api.handler.stream(call, context, memory, sender)).await
    }
}

/// Reads a call.
fn parse(
    text: &Bytes,
    method: &str,
    compatibility: Compatibility,
    settings: &ApiSettings,
) -> Result<Call, RequestError> {
    let parameters = parameters(text)?;
    check_length(text.len(), &parameters, settings.max_parameters.get())?;
    let mut call = methods::read(text, method, parameters, compatibility)?;
    call.operation.set_max_records(settings.max_records);
    Ok(call)
}

fn parameters(text: &Bytes) -> Result<Parameters<'_>, RequestError> {
    let mut reader = Reader::of_body(text);
    let read = Parameters::read(&mut reader).and_then(|parameters| reader.end().map(|()| parameters));
    read.map_err(|broken| match broken {
        Broken::Records(at) => Broken::unclosed(at),
        broken => RequestError::new(ErrorKind::ParseError, broken.message("body")),
    })
}

/// Refuses a request with too much besides its records.
fn check_length(length: usize, parameters: &Parameters<'_>, limit: u64) -> Result<(), RequestError> {
    let Parameters::ByName { members, .. } = parameters else { return Ok(()) };
    let records = members.iter().map(|(_, value)| match value {
        Value::Records(text) => text.len(),
        Value::Json(_) => 0,
    });
    let rest = length.saturating_sub(records.sum());
    if rest as u64 <= limit {
        return Ok(());
    }
    Err(RequestError::new(
        ErrorKind::ParametersTooLarge,
        format!(
            "the request has {rest} bytes besides its records, and at most {limit} are accepted; see `api.max_parameters`"
        ),
    ))
}

/// Whether a client prefers lines (RFC 9110, section 12.5.1).
fn wants_lines(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let weighed = accepted.flat_map(|value| value.split(',')).filter_map(|range| {
        let weight = range.split(';').filter_map(|parameter| parameter.trim().strip_prefix("q=")).next();
        let weight: f32 = weight.map_or(Some(1.0), |weight| weight.parse().ok())?;
        Some((MediaType::of(range)?, weight))
    });
    let best = |best: Option<(MediaType, f32)>, (kind, weight): (MediaType, f32)| match best {
        // Of those with the same weight, the first counts.
        Some((_, known)) if known >= weight => best,
        _ => Some((kind, weight)),
    };
    weighed.fold(None, best).is_some_and(|(kind, weight)| kind == MediaType::Ndjson && weight > 0.0)
}

impl Operation {
    /// Bounds the records of a call.
    fn set_max_records(&mut self, limit: NonZeroU32) {
        // Other calls have one record, or a file, whose length has a limit of its own.
        if let Self::ValidateBatch { judging, .. } = self {
            judging.max_records = Some(limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    #[test]
    fn a_client_says_which_it_prefers() {
        for (accepted, lines) in [
            ("application/x-ndjson", true),
            ("application/x-ndjson, application/json", true),
            ("application/json, application/x-ndjson", false),
            ("application/json;q=0.5, application/x-ndjson;q=0.9", true),
            ("application/x-ndjson;q=0.1, application/json", false),
            ("application/x-ndjson;q=0", false),
            ("*/*", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accepted))]);
            assert_eq!(wants_lines(&headers), lines, "{accepted}");
        }
        assert!(!wants_lines(&HeaderMap::new()));
    }
}
