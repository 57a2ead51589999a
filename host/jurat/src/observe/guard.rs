//! Guards, which can hold back a call.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jurat_model::Blame;

use super::call::{Call, Outcome};
use crate::error::Held;

/// Can hold a call back, at admission and before its answer leaves.
///
/// Guards are asked in the order in which they were given; the first that holds a call back decides. A guard that panics holds the
/// call back, so no answer leaves unchecked.
///
/// # Limits
/// A call that hands results over one by one, such as [`Service::judge_windows`](crate::Service::judge_windows), has handed them
/// over before its answer is complete. What a guard holds back then is the end of the call, and the caller must not let the results
/// leave before that; `jurat rpc` sends answers whole.
///
/// ```
/// use jurat::observe::{Call, CallGuard, Operation};
/// use jurat::{Blame, Held};
///
/// struct Named;
///
/// impl CallGuard for Named {
///     fn admit(&self, call: &Call) -> Result<(), Held> {
///         let is_allowed = call.operation() != Operation::Pin || call.context().principal().is_some();
///         is_allowed.then_some(()).ok_or_else(|| Held::new("unnamed", Blame::Caller, "say who you are"))
///     }
/// }
///
/// # fn open(settings: jurat::Settings) -> Result<jurat::Service, jurat::OpenError> {
/// jurat::Service::builder(settings).with_guard(Named).open()
/// # }
/// ```
pub trait CallGuard: Send + Sync {
    /// Decides whether a call may begin.
    ///
    /// # Errors
    /// Says why it may not.
    fn admit(&self, call: &Call) -> Result<(), Held> {
        let _ = call;
        Ok(())
    }

    /// Decides whether the answer of a call may leave, once it is known; also where the call has failed.
    ///
    /// # Errors
    /// Says why it may not.
    fn before_answer(&self, call: &Call, outcome: &Outcome<'_>) -> Result<(), Held> {
        let _ = (call, outcome);
        Ok(())
    }
}

impl<T: CallGuard + ?Sized> CallGuard for Arc<T> {
    fn admit(&self, call: &Call) -> Result<(), Held> {
        (**self).admit(call)
    }

    fn before_answer(&self, call: &Call, outcome: &Outcome<'_>) -> Result<(), Held> {
        (**self).before_answer(call, outcome)
    }
}

/// The guards of a service.
#[derive(Default)]
pub(crate) struct Guards(Vec<Box<dyn CallGuard>>);

impl Guards {
    pub(crate) fn new(guards: Vec<Box<dyn CallGuard>>) -> Self {
        Self(guards)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Asks all guards whether a call may begin.
    pub(crate) fn admit(&self, call: &Call) -> Result<(), Held> {
        self.ask(|guard| guard.admit(call))
    }

    /// Asks all guards whether an answer may leave.
    pub(crate) fn before_answer(&self, call: &Call, outcome: &Outcome<'_>) -> Result<(), Held> {
        self.ask(|guard| guard.before_answer(call, outcome))
    }

    fn ask(&self, question: impl Fn(&dyn CallGuard) -> Result<(), Held>) -> Result<(), Held> {
        self.0.iter().try_for_each(|guard| {
            catch_unwind(AssertUnwindSafe(|| question(&**guard))).unwrap_or_else(|_| {
                tracing::error!("a guard panicked, so the call is held back");
                Err(Held::new("guard_failed", Blame::Host, "a guard of the service failed; the log says why"))
            })
        })
    }
}

impl fmt::Debug for Guards {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Guards({})", self.0.len())
    }
}
