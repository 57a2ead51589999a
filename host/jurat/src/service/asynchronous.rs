//! The service for callers that must not wait on their own thread.

use std::time::Duration;

use bytes::Bytes;
use jurat_engine::results::RecordResult;
use jurat_engine::{DiscoveredRule, DiscoveredRuleset, Request};
use jurat_model::{CallContext, Cancellation};
use tokio::sync::oneshot;

use super::calls::owned;
use super::handle::Service;
use super::status::Status;
use crate::error::CallError;
use crate::names::{EntityType, RulesetName};
use crate::observe::Operation;
use crate::release::Reload;

/// A [`Service`] whose calls are futures: the same calls, made on threads that may wait, or on none where nothing is waited for but
/// the rules.
///
/// Dropping the future of a call cancels the call: it ends as soon as the calls of rules that have begun are over.
///
/// # Limits
/// A call that does not judge, such as [`AsyncService::reload_logic`], runs to its end once it has begun, also if its future is dropped.
///
/// ```no_run
/// # async fn f(service: jurat::Service) -> Result<(), jurat::CallError> {
/// use jurat::{EntityType, RulesetName};
///
/// let service = service.asynchronous();
/// let result = service.validate(EntityType::new("loan"), "{}", RulesetName::new("quick")).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct AsyncService(Service);

impl Service {
    /// The same service, for callers that must not wait on their own thread.
    #[must_use]
    pub fn asynchronous(&self) -> AsyncService {
        AsyncService(self.clone())
    }
}

impl AsyncService {
    /// The service itself, for what does not wait.
    #[must_use]
    pub fn blocking(&self) -> &Service {
        &self.0
    }

    /// See [`Service::tenant`].
    ///
    /// # Errors
    /// When there is no tenant of that name.
    pub fn tenant(&self, name: &str) -> Result<Self, CallError> {
        self.0.tenant(name).map(Self)
    }

    /// See [`Service::on_behalf_of`].
    #[must_use]
    pub fn on_behalf_of(&self, context: CallContext) -> Self {
        Self(self.0.on_behalf_of(context))
    }

    /// See [`Service::with_cancellation`].
    #[must_use]
    pub fn with_cancellation(&self, cancellation: Cancellation) -> Self {
        Self(self.0.with_cancellation(cancellation))
    }

    /// Makes calls on a thread that may wait. Dropping the future cancels the calls of the handle that
    /// `calls` gets, and the requests that it makes. A request of another handle goes on.
    ///
    /// # Errors
    /// When the service has ended, or the calls panicked.
    pub async fn run<T: Send + 'static>(
        &self,
        calls: impl FnOnce(&Service) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let cancelled = CancelOnDrop(self.0.cancellation.child());
        let service = self.0.with_cancellation(cancelled.0.clone());
        let threads = self.0.shared.runtimes.calls().ok_or(CallError::Closed)?;
        let waiter = self.0.shared.waiting.enter();
        let done = threads.spawn_blocking(move || {
            drop(waiter);
            calls(&service)
        });
        done.await.map_err(|_| CallError::BrokenOff)
    }

    /// See [`Service::validate`].
    ///
    /// # Errors
    /// As there.
    pub async fn validate(
        &self,
        entity_type: EntityType<'_>,
        record: &str,
        ruleset: RulesetName<'_>,
    ) -> Result<RecordResult, CallError> {
        match self.0.request(ruleset) {
            Ok(request) => {
                let record = Bytes::copy_from_slice(record.as_bytes());
                self.judge_one(request.with_entity_type(entity_type), record, |result| result).await?
            }
            Err(error) => {
                let ruleset = ruleset.as_str().to_owned();
                self.run(move |service| service.call(Operation::Validate, Some(&ruleset), |_| Err(error))).await?
            }
        }
    }

    /// Judges one record like [`Service::judge_one`], and makes something of the result, such as its JSON, where it was judged. Dropping
    /// the future cancels the request.
    ///
    /// Usually no thread waits meanwhile. One does if the ruleset has rules for which related entities are fetched, if the service has a
    /// [`CallGuard`](crate::observe::CallGuard), or if the record is longer than 128 KiB.
    ///
    /// # Errors
    /// When the service has ended, or `make` panicked on another thread. `make` gets the errors of the call itself. If nothing was judged, it
    /// may get them on the thread that polls the future.
    ///
    /// # Limits
    /// `make` may run on a thread that other calls need: it must not wait for anything, least of all for another call.
    ///
    /// ```no_run
    /// # async fn f(service: jurat::AsyncService, loan: Vec<u8>) -> Result<(), jurat::CallError> {
    /// let request = service.blocking().request("quick")?.with_entity_type("loan");
    /// let rules = service.judge_one(request, loan.into(), |result| result.map(|result| result.results.len())).await??;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn judge_one<T: Send + 'static>(
        &self,
        request: Request,
        record: Bytes,
        make: impl FnOnce(Result<RecordResult, CallError>) -> T + Send + 'static,
    ) -> Result<T, CallError> {
        let cancelled = CancelOnDrop(request.cancellation().child());
        let request = request.with_cancellation(cancelled.0.clone());
        let Some(ready) = self.0.ready_for_one(&request, &record) else {
            return self.run(move |service| make(service.judge_one(&request, &record))).await;
        };
        let (sender, made) = oneshot::channel();
        // Sending fails if the future was dropped: nobody waits for the result.
        self.0.submit_one(ready, record, move |result| drop(sender.send(make(result))));
        made.await.map_err(|_| CallError::BrokenOff)
    }

    /// See [`Service::batch_validate`].
    ///
    /// # Errors
    /// As there.
    pub async fn batch_validate(
        &self,
        records: &str,
        id_fields: &[&str],
        ruleset: RulesetName<'_>,
    ) -> Result<Vec<RecordResult>, CallError> {
        let [records, ruleset] = [records, ruleset.as_str()].map(str::to_owned);
        let id_fields = owned(id_fields);
        self.run(move |service| service.batch_validate(&records, &borrowed(&id_fields), RulesetName::new(&ruleset)))
            .await?
    }

    /// See [`Service::batch_file_validate`].
    ///
    /// # Errors
    /// As there.
    pub async fn batch_file_validate(
        &self,
        uri: &str,
        entity_types: &[EntityType<'_>],
        id_fields: &[&str],
        ruleset: RulesetName<'_>,
    ) -> Result<Vec<RecordResult>, CallError> {
        let [uri, ruleset] = [uri, ruleset.as_str()].map(str::to_owned);
        let types: Vec<String> = entity_types.iter().copied().map(String::from).collect();
        let id_fields = owned(id_fields);
        self.run(move |service| {
            let types: Vec<_> = types.iter().map(|name| EntityType::new(name)).collect();
            service.batch_file_validate(&uri, &types, &borrowed(&id_fields), RulesetName::new(&ruleset))
        })
        .await?
    }

    /// See [`Service::discover_rules`].
    ///
    /// # Errors
    /// As there.
    pub async fn discover_rules(
        &self,
        entity_type: EntityType<'_>,
        record_or_schema: &str,
        ruleset: RulesetName<'_>,
    ) -> Result<Vec<DiscoveredRule>, CallError> {
        let [entity_type, record, ruleset] =
            [entity_type.as_str(), record_or_schema, ruleset.as_str()].map(str::to_owned);
        self.run(move |service| {
            service.discover_rules(EntityType::new(&entity_type), &record, RulesetName::new(&ruleset))
        })
        .await?
    }

    /// See [`Service::discover_rulesets`].
    ///
    /// # Errors
    /// As there.
    pub async fn discover_rulesets(&self) -> Result<Vec<DiscoveredRuleset>, CallError> {
        self.run(Service::discover_rulesets).await?
    }

    /// See [`Service::reload_logic`].
    ///
    /// # Errors
    /// As there.
    pub async fn reload_logic(&self) -> Result<Reload, CallError> {
        self.run(Service::reload_logic).await?
    }

    /// See [`Service::cache_age`]. It does not wait.
    ///
    /// # Errors
    /// As there.
    pub fn cache_age(&self) -> Result<Duration, CallError> {
        self.0.cache_age()
    }

    /// See [`Service::status`]. It does not wait.
    #[must_use]
    pub fn status(&self) -> Status {
        self.0.status()
    }

    /// See [`Service::close`].
    ///
    /// # Errors
    /// When the service has ended.
    pub async fn close(&self) -> Result<(), CallError> {
        self.run(Service::close).await
    }
}

/// Cancels calls when it is dropped: nobody waits for them. It is too late for those that have ended.
struct CancelOnDrop(Cancellation);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
