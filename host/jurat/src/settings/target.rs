//! The setting that a variable or flag refers to.

use jurat_model::Excerpt;

use super::keys::{FILE, HEADER, Key, Kind};

/// The setting that a name refers to.
#[derive(Debug)]
pub(super) struct Target {
    /// The path of keys.
    pub(super) path: Vec<String>,
    /// Another key for the same setting.
    pub(super) rival: Option<Vec<String>>,
    /// The kind of the value.
    pub(super) kind: Kind,
}

impl Target {
    /// The setting of an environment variable.
    pub(super) fn of_variable(name: &str) -> Result<Self, String> {
        if let Some(header) = name.strip_prefix(HEADER) {
            return match header.strip_suffix(FILE) {
                Some(header) => Self::of_header(header, Kind::Path),
                None => Self::of_header(header, Kind::Secret),
            };
        }
        match Key::of_variable(name) {
            Some(key) => Ok(Self::of_key(key)),
            None if name.starts_with("JURAT_TENANTS") => {
                Err("`tenants` can be said in the file only; variables are about the only tenant, or about all"
                    .to_owned())
            }
            None => Err(format!("no setting has this name{}", Key::variable_advice(name))),
        }
    }

    /// The setting of the key of a flag.
    pub(super) fn of_path(path: &str) -> Result<Self, String> {
        if let Some(header) = path.strip_prefix("header_files.") {
            return Self::of_header(header, Kind::Path);
        }
        let key = Key::of_path(path).filter(|key| key.kind != Kind::Files);
        match key {
            Some(Key { path: path @ ("server.token" | "server.operator_token"), .. }) => Err(format!(
                "{path}: other users of this machine can read the command line: use `{path}_file`, or the variable `{}`",
                Key::of_path(path).map(Key::variable).unwrap_or_default()
            )),
            // Other users can read a file or a command line.
            Some(key) if key.kind == Kind::Secret => Ok(Self { kind: Kind::Text, ..Self::of_key(key) }),
            Some(key) => Ok(Self::of_key(key)),
            None if path == "header_files" => Err("header_files: name the header: `header_files.NAME=PATH`".to_owned()),
            None if path.split('.').next() == Some("tenants") => {
                Err("`tenants` can be said in the file only; flags are about the only tenant, or about all".to_owned())
            }
            None if Key::ALL
                .iter()
                .any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'))) =>
            {
                Err(format!("`{path}` is a section: name one of its keys, with a dot between"))
            }
            None => Err(format!("`{}` is not a setting{}", Excerpt::of(path), Key::advice(path))),
        }
    }

    fn of_key(key: &Key) -> Self {
        let split = |path: &str| path.split('.').map(str::to_owned).collect();
        let rival = match key.path {
            "server.token" => Some("server.token_file"),
            "server.token_file" => Some("server.token"),
            "server.operator_token" => Some("server.operator_token_file"),
            "server.operator_token_file" => Some("server.operator_token"),
            "http.proxy" => Some("http.proxy_file"),
            "http.proxy_file" => Some("http.proxy"),
            _ => None,
        };
        Self { path: split(key.path), rival: rival.map(split), kind: key.kind }
    }

    fn of_header(name: &str, kind: Kind) -> Result<Self, String> {
        if !is_header(name) {
            return Err(HEADER_NAME.to_owned());
        }
        let path = |map: &str| vec![map.to_owned(), name.to_owned()];
        let (path, rival) = match kind {
            Kind::Secret => (path("headers"), path("header_files")),
            _ => (path("header_files"), path("headers")),
        };
        Ok(Self { path, rival: Some(rival), kind })
    }
}

/// The problem of a name of a header's value.
pub(super) const HEADER_NAME: &str = "the name of a header's value is expected: at most 64 of A-Z, 0-9 and `_`, a letter first, and not with `_FILE` at the end";

/// Whether a variable can have this name after `JURAT_HEADER_`.
pub(super) fn is_header(name: &str) -> bool {
    name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.ends_with(FILE)
}
