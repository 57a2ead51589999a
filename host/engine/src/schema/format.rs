//! The formats of texts that a release may have asserted.

use std::net::{Ipv4Addr, Ipv6Addr};

use email_address::{EmailAddress, Options};
use fluent_uri::{Uri, UriRef};

use super::pattern::is_pattern;
use crate::excerpt::nearest;

mod time;

/// A format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Date,
    Time,
    DateTime,
    Duration,
    Email,
    Hostname,
    Ipv4,
    Ipv6,
    Uri,
    UriReference,
    Uuid,
    JsonPointer,
    Regex,
}

const ALL: [(&str, Format); 13] = [
    ("date", Format::Date),
    ("time", Format::Time),
    ("date-time", Format::DateTime),
    ("duration", Format::Duration),
    ("email", Format::Email),
    ("hostname", Format::Hostname),
    ("ipv4", Format::Ipv4),
    ("ipv6", Format::Ipv6),
    ("uri", Format::Uri),
    ("uri-reference", Format::UriReference),
    ("uuid", Format::Uuid),
    ("json-pointer", Format::JsonPointer),
    ("regex", Format::Regex),
];

impl Format {
    /// The format with a name; none if it is not one that can be asserted.
    pub(super) fn of(name: &str) -> Option<Self> {
        ALL.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
    }

    /// The format that was probably meant.
    pub(super) fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, ALL.iter().map(|(known, _)| *known))
    }

    /// The name.
    pub(super) fn name(self) -> &'static str {
        ALL.iter().find(|(_, format)| *format == self).map_or("", |(name, _)| name)
    }

    /// Steps for each byte of text.
    pub(super) fn steps(self) -> u64 {
        if self == Self::Regex { 4_000 } else { 8 }
    }

    /// Whether a text is in the format. The time is linear in the length of the text.
    pub(super) fn matches(self, text: &str) -> bool {
        match self {
            Self::Date => time::is_date(text),
            Self::Time => time::is_time(text),
            Self::DateTime => time::is_date_time(text),
            Self::Duration => time::is_duration(text),
            Self::Email => is_email(text),
            Self::Hostname => is_hostname(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Uri => Uri::parse(text).is_ok(),
            Self::UriReference => UriRef::parse(text).is_ok(),
            Self::Uuid => is_uuid(text),
            Self::JsonPointer => is_json_pointer(text),
            Self::Regex => is_pattern(text),
        }
    }
}

/// A mailbox of RFC 5321: the domain is a host name, or an address in brackets.
fn is_email(text: &str) -> bool {
    if !text.is_ascii() {
        return false;
    }
    let options = Options::default().without_display_text().with_domain_literal();
    let Ok(address) = EmailAddress::parse_with_options(text, options) else { return false };
    match address.domain().strip_prefix('[').and_then(|domain| domain.strip_suffix(']')) {
        None => is_hostname(address.domain()),
        Some(literal) => match literal.strip_prefix("IPv6:") {
            None => literal.parse::<Ipv4Addr>().is_ok(),
            Some(literal) => literal.parse::<Ipv6Addr>().is_ok(),
        },
    }
}

/// A host name of RFC 1123: labels of letters, digits and hyphens inside.
fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// The text form of RFC 9562: five groups of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    let is_right = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_right)
}

/// A pointer of RFC 6901.
fn is_json_pointer(text: &str) -> bool {
    let is_escaped = |part: &str| part.starts_with(['0', '1']);
    (text.is_empty() || text.starts_with('/')) && text.split('~').skip(1).all(is_escaped)
}
