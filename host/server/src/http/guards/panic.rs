//! A panic costs its request and nothing else.

use crate::caught::caught;
use crate::error::RequestError;

/// Waits for a response, or for a panic in its place. The log has the panic itself.
pub(in crate::http) async fn check<T>(
    response: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    caught(response).await.unwrap_or_else(|_| Err(RequestError::internal()))
}
