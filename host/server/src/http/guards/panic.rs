//! A panic costs its request and nothing else.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

use crate::caught::caught;
use crate::error::RequestError;
use crate::http::answer::parts_of;
use crate::http::problem;

/// Answers in the place of what has panicked. The log has the panic itself.
pub(in crate::http) async fn check(request: Request, next: Next) -> Response {
    let (_, exchange) = parts_of(&request);
    match caught(next.run(request)).await {
        Ok(response) => response,
        Err(_) => problem::response(&RequestError::internal(), &exchange.correlation),
    }
}
