//! Waits for a future on another thread's runtime.

use std::sync::mpsc::sync_channel;

use tokio::runtime::Handle;

/// Waits, on this thread, for a future that runs on the runtime; none if it broke off, or the runtime has ended.
///
/// Also works on a thread of another runtime, where `block_on` would panic, but blocks that thread.
pub fn wait_for<T: Send + 'static>(runtime: &Handle, future: impl Future<Output = T> + Send + 'static) -> Option<T> {
    let (sender, receiver) = sync_channel(1);
    runtime.spawn(async move {
        // The caller waits just below.
        let _ = sender.send(future.await);
    });
    receiver.recv().ok()
}
