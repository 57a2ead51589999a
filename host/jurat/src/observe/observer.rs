//! Calls observers: at no cost without any, and despite panics.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::event::Event;

/// An observer of the events of a service.
///
/// # Limits
/// It is called on threads that make or judge calls, some of which other calls need: it must not block for long, and must not make calls
/// on the service that it observes.
///
/// ```
/// use jurat::Blame;
/// use jurat::observe::{Event, Observer};
///
/// struct Pager;
///
/// impl Observer for Pager {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::CallEnded(ended) = event && ended.outcome.blame() == Some(Blame::Host) {
///             println!("call somebody: {:?}", ended.outcome.error());
///         }
///     }
/// }
/// ```
pub trait Observer: Send + Sync {
    /// Handles an event. Clone from it what is needed later.
    fn observe(&self, event: &Event<'_>);
}

impl<T: Observer + ?Sized> Observer for Arc<T> {
    fn observe(&self, event: &Event<'_>) {
        (**self).observe(event);
    }
}

/// The observers of a service, for code that has events of its own, such as a server. Clones are cheap.
///
/// ```
/// use jurat::observe::{Event, LimitDecision, LimitEffect, Observers};
///
/// /// What a server calls when it refuses a client.
/// fn refused(observers: &Observers, peer: &str) {
///     let decision = LimitDecision::new("server.max_connections", LimitEffect::Refused).with_peer(peer);
///     observers.emit(|| Event::Limit(decision));
/// }
/// refused(&Observers::default(), "10.0.0.7");
/// ```
#[derive(Clone, Default)]
pub struct Observers(Option<Arc<[Watched]>>);

struct Watched {
    observer: Box<dyn Observer>,
    has_panicked: AtomicBool,
}

impl Observers {
    /// The observers, in the order of calls.
    #[must_use]
    pub fn new(observers: Vec<Box<dyn Observer>>) -> Self {
        let watched = |observer| Watched { observer, has_panicked: AtomicBool::new(false) };
        Self((!observers.is_empty()).then(|| observers.into_iter().map(watched).collect()))
    }

    /// Whether there are none, so that nothing has to be measured.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Tells all observers of an event, which is made only if there is one.
    pub fn emit<'a>(&self, event: impl FnOnce() -> Event<'a>) {
        if let Some(observers) = &self.0 {
            notify(observers, &event());
        }
    }
}

fn notify(observers: &[Watched], event: &Event<'_>) {
    for Watched { observer, has_panicked } in observers {
        let told = catch_unwind(AssertUnwindSafe(|| observer.observe(event)));
        if told.is_err() && !has_panicked.swap(true, Ordering::Relaxed) {
            tracing::error!("an observer panicked; further panics of it are not logged");
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Observers({})", self.0.as_ref().map_or(0, |observers| observers.len()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;
    use crate::observe::{LimitDecision, LimitEffect};

    struct Counter(AtomicUsize);

    impl Observer for Counter {
        fn observe(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Broken;

    impl Observer for Broken {
        fn observe(&self, _: &Event<'_>) {
            std::panic::resume_unwind(Box::new("broken"));
        }
    }

    fn event() -> Event<'static> {
        Event::Limit(LimitDecision::new("server.max_connections", LimitEffect::Refused))
    }

    #[test]
    fn without_observers_no_event_is_made() {
        let observers = Observers::default();
        observers.emit(|| unreachable!("nobody is told"));
        assert!(observers.is_empty());
        assert!(Observers::new(Vec::new()).is_empty());
    }

    #[test]
    fn a_panic_of_one_observer_is_its_own() {
        let (before, after) = (Arc::new(Counter(AtomicUsize::new(0))), Arc::new(Counter(AtomicUsize::new(0))));
        let list: Vec<Box<dyn Observer>> =
            vec![Box::new(Arc::clone(&before)), Box::new(Broken), Box::new(Arc::clone(&after))];
        let observers = Observers::new(list);
        for _ in 0..3 {
            observers.emit(event);
        }
        assert_eq!([&before, &after].map(|counter| counter.0.load(Ordering::Relaxed)), [3, 3]);
    }
}
