//! Checks the URL that records are sent to.

use jurat_model::Excerpt;
use url::Url;

use super::values::Permitted;

/// Parses a URL, and removes a slash at its end; an error says what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Url, String> {
    // The text is not repeated: it may contain a password.
    check(Url::parse(text).map_err(|_| "it is not a URL: write it like `https://refs.example.com`".to_owned())?)
}

/// Checks a parsed URL, and removes a slash at its end.
fn check(mut url: Url) -> Result<Url, String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "`{}` URLs are not known: write one that begins with `https://` or `http://`",
            url.scheme()
        ));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a name or a password, which do not belong into a file: use `headers`".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("it has a `?` or a `#`, but `/fetch-data` is added at its end".to_owned());
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// Chooses between the URL in the file and the signed one; an error says why records must not be sent there.
pub(super) fn choose(written: Option<Url>, permitted: &Permitted<'_>) -> Result<Url, String> {
    let signed = match permitted.signed_base_url {
        Some(url) => {
            Some(check(url.clone()).map_err(|error| format!("the release's own base URL is not usable: {error}"))?)
        }
        None => None,
    };
    let Some(url) = written else {
        return signed.ok_or_else(|| "it is missing: say where the coordination service is".to_owned());
    };
    let is_listed = permitted.hosts.iter().any(|pattern| pattern.matches(&url));
    if is_listed || signed.as_ref() == Some(&url) {
        return Ok(url);
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let host = format!("{}{port}", url.host_str().unwrap_or_default());
    Err(format!(
        "records may not be sent to `{}`: `coordination_hosts` of the local configuration does not list it",
        Excerpt::of(&host)
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn base_urls_are_read_in_one_form() {
        assert_eq!(parse("HTTP://LOCALHOST:8081/").unwrap(), parse("http://localhost:8081").unwrap());
        assert_eq!(parse("https://a.example.com/refs/v1//").unwrap().as_str(), "https://a.example.com/refs/v1");
        for (text, reason) in [
            ("", "it is not a URL"),
            ("localhost:8081", "`localhost` URLs are not known"),
            ("refs.example.com", "it is not a URL"),
            ("http://", "it is not a URL"),
            ("ftp://refs.example.com", "`ftp` URLs are not known"),
            ("file:///etc/passwd", "`file` URLs are not known"),
            ("https://user@refs.example.com", "a name or a password"),
            ("https://:s3cret@refs.example.com", "a name or a password"),
            ("https://refs.example.com/?key=s3cret", "it has a `?`"),
            ("https://refs.example.com/?", "it has a `?`"),
            ("https://refs.example.com/#x", "it has a `?` or a `#`"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(reason) && !error.contains("s3cret"), "{text}: {error}");
        }
    }

    #[test]
    fn records_go_where_the_hosts_or_the_signature_say_and_nowhere_else() {
        let (hosts, secrets) = (["*.example.com".parse().unwrap()], BTreeMap::new());
        let signed = Url::parse("https://signed.example.net/refs/").unwrap();
        let choose = |written: Option<&str>, signed: Option<&Url>| {
            let permitted = Permitted { hosts: &hosts, signed_base_url: signed, secrets: &secrets };
            choose(written.map(|text| parse(text).unwrap()), &permitted).map(|url| url.to_string())
        };
        assert_eq!(choose(Some("https://a.example.com"), None).unwrap(), "https://a.example.com/");
        assert_eq!(choose(Some("https://a.example.com"), Some(&signed)).unwrap(), "https://a.example.com/");
        assert_eq!(choose(None, Some(&signed)).unwrap(), "https://signed.example.net/refs");
        assert_eq!(
            choose(Some("https://signed.example.net/refs"), Some(&signed)).unwrap(),
            "https://signed.example.net/refs"
        );
        for url in
            ["https://signed.example.net", "http://signed.example.net/refs", "https://signed.example.net:8443/refs"]
        {
            let error = choose(Some(url), Some(&signed)).unwrap_err();
            assert!(error.starts_with("records may not be sent to `signed.example.net"), "{error}");
        }
        assert!(choose(None, None).unwrap_err().starts_with("it is missing"));
        let unusable = Url::parse("ftp://signed.example.net").unwrap();
        assert!(choose(None, Some(&unusable)).unwrap_err().contains("the release's own base URL"));
    }
}
