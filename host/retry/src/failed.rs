//! What is left of something that was given up.

use thiserror::Error;

/// The last failure of something that is not tried again, and the number of attempts.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("attempt {attempts} failed, and no other follows")]
pub struct Failed<E> {
    /// The failure of the last attempt.
    #[source]
    pub error: E,
    /// The number of attempts, at least 1.
    pub attempts: u32,
}

#[cfg(test)]
mod tests {
    use std::error::Error;
    use std::io;

    use super::*;

    #[test]
    fn it_says_how_often_it_was_tried_and_why_it_failed_at_last() {
        let failed = Failed { error: io::Error::other("nobody answers"), attempts: 3 };
        assert_eq!(failed.to_string(), "attempt 3 failed, and no other follows");
        assert_eq!(failed.source().unwrap().to_string(), "nobody answers");
    }
}
