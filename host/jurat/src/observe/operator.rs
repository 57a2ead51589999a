//! Events about operators.

use jurat_model::CallContext;
use jurat_repository::PinnedBy;
use jurat_trust::Digest;

use super::call::Operation;
use crate::error::CallError;
use crate::release::Reload;

/// Something that an operator did, or tried to do.
///
/// ```
/// use jurat::observe::{Event, Observer};
///
/// struct Audit;
///
/// impl Observer for Audit {
///     fn observe(&self, event: &Event<'_>) {
///         if let Event::Operator(action) = event {
///             let who = action.context.and_then(|context| context.principal());
///             println!("{} by {who:?} because of {:?}", action.action, action.reason);
///         }
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OperatorAction<'a> {
    /// The action: [`ReloadLogic`](Operation::ReloadLogic), [`Pin`](Operation::Pin), [`Rollback`](Operation::Rollback),
    /// [`Unpin`](Operation::Unpin) or [`Close`](Operation::Close).
    pub action: Operation,
    /// The tenant; none = all of them.
    pub tenant: Option<&'a str>,
    /// The context of the operator; none if another process has changed the pin.
    pub context: Option<&'a CallContext>,
    /// Through which interface, where the action says so.
    pub by: Option<PinnedBy>,
    /// The release that it is about, by its manifest.
    pub manifest: Option<Digest>,
    /// The reason, in the operator's words.
    pub reason: Option<&'a str>,
    /// Whether another release serves because of it; none if it failed.
    pub reload: Option<Reload>,
    /// Why it failed; none if it did not.
    pub error: Option<&'a CallError>,
}
