//! Fetches one file, with retries.

use std::time::Duration;

use jurat_http::header::{ACCEPT_ENCODING, DATE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use jurat_http::is_encoded;
use jurat_http::retry_after;
use jurat_http::{Response, StatusCode};
use jurat_model::{Excerpt, chain};
use jurat_retry::Again;
use jurat_trust::SafePath;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::error::{RemoteCause, RemoteError};
use super::known::Known;
use super::pace::{Pace, TooSlow};
use super::range;
use super::server::Remote;
use super::sink::Sink;

/// The most redirects that are followed.
const REDIRECTS: u32 = 3;

/// The outcome of a request.
#[derive(Debug)]
pub(super) enum TransferOutcome {
    /// The whole file is in the sink; these are its headers.
    Whole(HeaderMap),
    /// It is unchanged.
    Unchanged(Vec<u8>),
}

impl Remote {
    /// Fetches a file into a sink, unless it is unchanged.
    pub(super) async fn transfer(
        &self,
        file: &SafePath,
        known: Option<&Known>,
        sink: &mut impl Sink,
    ) -> Result<TransferOutcome, RemoteError> {
        let (url, total) = (self.url(file), self.0.limits.total);
        let deadline = Instant::now() + total;
        let (mut attempts, mut version) = (0, None);
        let transfer = timeout_at(deadline, async {
            loop {
                attempts += 1;
                let cause = match self.attempt(&url, known, &mut version, sink).await {
                    Ok(outcome) => return Ok(outcome),
                    Err(cause) => cause,
                };
                let left = deadline.saturating_duration_since(Instant::now());
                let Some(pause) = self.pause(&cause, attempts).filter(|pause| *pause < left) else {
                    return Err(cause);
                };
                let millis = pause.as_millis();
                tracing::debug!(%file, attempts, millis, error = chain(&cause), "a file is asked for again after a while");
                sleep(pause).await;
            }
        });
        let outcome = transfer.await.unwrap_or(Err(RemoteCause::Deadline { total }));
        outcome.map_err(|cause| self.error(file, attempts, cause))
    }

    pub(crate) fn error(&self, file: &SafePath, attempts: u32, cause: RemoteCause) -> RemoteError {
        let url = self.url(file);
        let url = Excerpt::of(&format!("{}{}", url.origin().ascii_serialization(), url.path()));
        RemoteError { url, attempts, cause }
    }

    pub(super) fn url(&self, file: &SafePath) -> Url {
        let mut url = self.0.base.clone();
        // A URL with a host has segments; each is escaped, so that a path has no other meaning.
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(file.as_str().split('/'));
        }
        url
    }

    /// The pause before another attempt; none if there is none.
    pub(super) fn pause(&self, cause: &RemoteCause, attempts: u32) -> Option<Duration> {
        let limits = &self.0.limits;
        let again = match cause {
            cause if !cause.may_pass() => Again::No,
            RemoteCause::Status { retry_after: Some(least), .. } if *least > limits.retry_after => Again::No,
            // A retry earlier than the server asked for would burden it.
            RemoteCause::Status { retry_after: Some(least), .. } => Again::After(*least),
            _ => Again::Yes,
        };
        limits.retry.pause(again, attempts, &self.0.random)
    }

    /// Sends one request; a second one if the first cannot resume.
    async fn attempt(
        &self,
        url: &Url,
        known: Option<&Known>,
        version: &mut Option<HeaderValue>,
        sink: &mut impl Sink,
    ) -> Result<TransferOutcome, RemoteCause> {
        let response = loop {
            let held = sink.held();
            let mut headers = self.0.headers.clone();
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            if let Some(known) = known {
                known.ask(&mut headers);
            }
            if held > 0 {
                range::ask(held, version.as_ref(), &mut headers);
            }
            let response = self.send(url, &headers).await?;
            match (response.status(), known) {
                (StatusCode::OK, _) => {
                    sink.restart().await.map_err(RemoteCause::NotKept)?;
                    break response;
                }
                (StatusCode::PARTIAL_CONTENT, _)
                    if held > 0 && range::continues(response.headers(), held, sink.cap().get()) =>
                {
                    break response;
                }
                // The sink is empty now, so the whole file is requested.
                (StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE, _) if held > 0 => {
                    *version = None;
                    sink.restart().await.map_err(RemoteCause::NotKept)?;
                }
                (StatusCode::NOT_MODIFIED, Some(known)) => return Ok(TransferOutcome::Unchanged(known.bytes.clone())),
                _ => return Err(refusal(&response)),
            }
        };
        *version = range::version(response.headers());
        self.read(response, sink).await.map(TransferOutcome::Whole)
    }

    /// Reads at most what the sink takes, whatever length the server announces.
    async fn read(&self, mut response: Response, sink: &mut impl Sink) -> Result<HeaderMap, RemoteCause> {
        if is_encoded(response.headers()) {
            return Err(RemoteCause::Encoded);
        }
        let (cap, slowest) = (sink.cap(), self.0.limits.slowest);
        let mut left = cap.get().saturating_sub(sink.held());
        if response.content_length().is_some_and(|length| length > left) {
            return Err(RemoteCause::TooLong { cap });
        }
        let headers = response.headers().clone();
        let mut pace = Pace::new(slowest);
        loop {
            let next = pace.next(response.chunk()).await;
            let next = next.map_err(|TooSlow(received)| RemoteCause::TooSlow { slowest, received })?;
            let Some(chunk) = next.map_err(RemoteCause::of)? else { return Ok(headers) };
            left = left.checked_sub(chunk.len() as u64).ok_or(RemoteCause::TooLong { cap })?;
            sink.append(chunk).await.map_err(RemoteCause::NotKept)?;
        }
    }

    /// Sends a request, and follows redirects within the origin.
    pub(super) async fn send(&self, url: &Url, headers: &HeaderMap) -> Result<Response, RemoteCause> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS {
            let request = self.0.client.get(url.clone()).headers(headers.clone());
            let response = request.send().await.map_err(RemoteCause::of)?;
            match response.status() {
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => url = self.redirected(&url, &response)?,
                _ => return Ok(response),
            }
        }
        Err(RemoteCause::RedirectedTooOften { most: REDIRECTS })
    }

    fn redirected(&self, from: &Url, response: &Response) -> Result<Url, RemoteCause> {
        let nowhere = || RemoteCause::RedirectedNowhere { status: response.status().as_u16() };
        let location = response.headers().get(LOCATION).and_then(|to| to.to_str().ok()).ok_or_else(nowhere)?;
        let to = from.join(location).map_err(|_| nowhere())?;
        if to.origin() != self.0.base.origin() {
            return Err(RemoteCause::Elsewhere { to: Excerpt::of(&to.origin().ascii_serialization()) });
        }
        // A server must not choose the credentials.
        if to.username().is_empty() && to.password().is_none() { Ok(to) } else { Err(nowhere()) }
    }
}

/// The cause for an answer that is not a success.
fn refusal(response: &Response) -> RemoteCause {
    let status = response.status();
    if matches!(status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
        return RemoteCause::Missing { status: status.as_u16() };
    }
    let header = |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok());
    let retry_after = header(RETRY_AFTER).and_then(|text| retry_after::wait(text, header(DATE)));
    RemoteCause::Status { status: status.as_u16(), retry_after }
}
