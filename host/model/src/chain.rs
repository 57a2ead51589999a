//! The text of an error with its causes.

use std::error::Error;

/// An error and all its causes, joined with `: `.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Some errors repeat their cause in their own words.
        let words = error.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("it could not be read")]
    struct NotRead(#[source] io::Error);

    #[test]
    fn causes_are_told_once() {
        let cause = io::Error::other("the disk is full");
        let error = NotRead(cause);
        assert_eq!(chain(&error), "it could not be read: the disk is full");
        assert_eq!(chain(&io::Error::other(error)), "it could not be read: the disk is full");
    }
}
