//! The parts of a schema's URL: the entity type and the version.

use std::fmt;

/// A `$schema` URL, read as far as it follows one of the two house styles.
///
/// `https://example.com/schemas/loan/v1.0.0` and `https://example.com/schemas/loan.schema.v1.0.0.json` both speak of version
/// 1.0.0 of `loan`. Reading never fails: a URL in another style has no entity type or no version, and then means something
/// only where the configuration names it letter by letter.
///
/// Query and fragment are ignored. Minor and patch may be missing and count as 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SchemaUrl<'a> {
    /// The URL as written.
    pub url: &'a str,
    /// The entity type: ASCII letters, digits, `_` and `-`, at most 64 of them.
    pub entity_type: Option<&'a str>,
    /// The version.
    pub version: Option<Version>,
}

/// A version of a schema. Versions are ordered by major, then minor, then patch.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Version {
    /// Raised when records of the previous version are no longer understood.
    pub major: u32,
    /// Raised when something is added.
    pub minor: u32,
    /// Raised when only words change.
    pub patch: u32,
}

impl<'a> SchemaUrl<'a> {
    /// Reads a URL. Costs time in proportion to its length and allocates nothing.
    #[must_use]
    pub fn parse(url: &'a str) -> Self {
        let mut segments = path(url).rsplit('/').filter(|segment| !segment.is_empty());
        let last = segments.next().unwrap_or_default();
        let unread = Self { url, entity_type: None, version: None };

        if let Some(version) = Version::parse(last) {
            return Self { entity_type: segments.next().and_then(entity), version: Some(version), ..unread };
        }
        let stem = last.strip_suffix(".json").unwrap_or(last);
        if let Some((name, version)) = versioned(stem) {
            return Self { entity_type: entity(named(name)), version: Some(version), ..unread };
        }
        let version = segments.next().and_then(Version::parse);
        let entity_type = match named(stem) {
            // `.../loan/v1.0.0/schema.json`
            "schema" if version.is_some() => segments.next().and_then(entity),
            name => entity(name),
        };
        Self { entity_type, version, ..unread }
    }
}

impl Version {
    /// Reads `v1`, `v1.2` or `v1.2.3`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.strip_prefix('v')?.split('.').map(number);
        let version = Self {
            major: numbers.next()??,
            minor: numbers.next().unwrap_or(Some(0))?,
            patch: numbers.next().unwrap_or(Some(0))?,
        };
        numbers.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "v{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What follows the host, without query and fragment; all of it without a host.
fn path(url: &str) -> &str {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url,
    }
}

/// Splits `loan.schema.v1.0.0` before its version.
fn versioned(stem: &str) -> Option<(&str, Version)> {
    // A version has at most two dots of its own, so only the last three can precede one.
    stem.rmatch_indices('.').take(3).find_map(|(at, _)| {
        let (name, version) = stem.split_at_checked(at)?;
        Some((name, Version::parse(version.strip_prefix('.')?)?))
    })
}

/// `loan` of `loan.schema`.
fn named(stem: &str) -> &str {
    stem.strip_suffix(".schema").unwrap_or(stem)
}

fn entity(name: &str) -> Option<&str> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (!name.is_empty() && name.len() <= 64 && name.bytes().all(legal)).then_some(name)
}

/// A decimal number of at most nine digits, without sign.
fn number(digits: &str) -> Option<u32> {
    let plain = !digits.is_empty() && digits.len() <= 9 && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_mean_what_the_table_says() {
        let table = include_str!("schema_url/cases.txt");
        let mut cases = 0;
        for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let [url, entity_type, version] = line.split_whitespace().collect::<Vec<_>>()[..] else {
                panic!("a case has three columns: {line}");
            };
            let read = SchemaUrl::parse(url);
            assert_eq!(read.url, url);
            assert_eq!(read.entity_type.unwrap_or("-"), entity_type, "{line}");
            assert_eq!(read.version.map_or("-".to_owned(), |version| version.to_string()), version, "{line}");
            cases += 1;
        }
        assert!(cases > 40, "{cases}");
    }

    #[test]
    fn hostile_urls_are_read_in_one_pass() {
        for url in ["", "/", "://", "#", "https://", &".v".repeat(1 << 19), &"/".repeat(1 << 20), &"é".repeat(1 << 19)]
        {
            let read = SchemaUrl::parse(url);
            assert_eq!((read.entity_type, read.version), (None, None));
        }
    }
}
