//! JSON that can be copied as it is.

/// Whether a text can be written as it is wherever it goes: no writer has to escape anything in it.
pub(crate) fn is_visible(text: &str) -> bool {
    text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic())
}
