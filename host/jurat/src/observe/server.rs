//! Decisions of a server before a call. It emits these events itself, through [`Observers`](super::Observers).

use jurat_model::CallContext;

/// A server has decided whether a client is who it says it is.
///
/// ```
/// use jurat::CallContext;
/// use jurat::observe::{Authentication, Event};
///
/// # fn f(service: &jurat::Service) {
/// let context = CallContext::new().with_principal("ann");
/// service.observers().emit(|| Event::Authentication(Authentication::granted(&context).with_peer("10.0.0.7")));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Authentication<'a> {
    /// The client, if it was authenticated, and the correlation id of its request.
    pub context: &'a CallContext,
    /// Why the client was refused, as a stable code; none if it was not.
    pub refused: Option<&'a str>,
    /// The address of the client, if it has one.
    pub peer: Option<&'a str>,
}

/// A limit of a server has refused or delayed something.
///
/// ```
/// use jurat::observe::{Event, LimitDecision, LimitEffect};
///
/// # fn f(service: &jurat::Service) {
/// service.observers().emit(|| Event::Limit(LimitDecision::new("server.max_connections", LimitEffect::Refused)));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LimitDecision<'a> {
    /// The setting that says the limit, as in `server.max_connections`.
    pub limit: &'a str,
    /// The effect.
    pub effect: LimitEffect,
    /// The address of the client, if it has one.
    pub peer: Option<&'a str>,
    /// The client and the correlation id of its request, if known.
    pub context: Option<&'a CallContext>,
}

/// The effect of a limit.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LimitEffect {
    /// Something was refused.
    Refused,
    /// Something is delayed.
    Delayed,
}

impl<'a> Authentication<'a> {
    /// A client is who it says it is: the principal of the context.
    #[must_use]
    pub fn granted(context: &'a CallContext) -> Self {
        Self { context, refused: None, peer: None }
    }

    /// A client was refused, for a reason with a stable code.
    #[must_use]
    pub fn refused(context: &'a CallContext, code: &'a str) -> Self {
        Self { context, refused: Some(code), peer: None }
    }

    /// Sets the address of the client.
    #[must_use]
    pub fn with_peer(self, peer: &'a str) -> Self {
        Self { peer: Some(peer), ..self }
    }
}

impl<'a> LimitDecision<'a> {
    /// A limit, by the name of its setting, and what it has done.
    #[must_use]
    pub fn new(limit: &'a str, effect: LimitEffect) -> Self {
        Self { limit, effect, peer: None, context: None }
    }

    /// Sets the address of the client.
    #[must_use]
    pub fn with_peer(self, peer: &'a str) -> Self {
        Self { peer: Some(peer), ..self }
    }

    /// Sets who the client is.
    #[must_use]
    pub fn with_context(self, context: &'a CallContext) -> Self {
        Self { context: Some(context), ..self }
    }
}
