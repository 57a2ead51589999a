//! The file of API keys: what is known of each, and not the keys.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jurat_disk::{CacheDir, CacheDirError, files};
use jurat_model::{Bytes, Excerpt, Secret, advice};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::api_key::{ApiKey, KeyId, KeyMac, RandomError};
use crate::principal::{Grant, Principal, Tenants};
use crate::rates::{RateClass, Rates};
use crate::scope::{Scope, Scopes};

/// The longest file, and the most keys in it.
const MAX_FILE: Bytes = Bytes::mebi(8);
/// The longest file that a new key may make. What is left is for the times at which keys are revoked, about 60 bytes each.
const MAX_FILE_WITH_NEW: Bytes = Bytes::mebi(7);
const MAX_KEYS: usize = 10_000;
/// The longest name of a key, in characters.
const MAX_NAME: usize = 100;
/// How long an edit waits for another one.
const PATIENCE: Duration = Duration::from_secs(10);
/// The form of the file.
const VERSION: u32 = 1;

/// What is known of all API keys.
#[derive(Clone, Debug, Default)]
pub struct KeyFile {
    keys: BTreeMap<KeyId, KeyEntry>,
}

/// What is known of one API key.
#[derive(Clone, Debug)]
pub struct KeyEntry {
    /// Its id.
    pub id: KeyId,
    /// What it is for, for people.
    pub name: String,
    /// What it permits.
    pub grant: Grant,
    /// The rates of its own.
    pub rates: Rates,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it is no longer valid; none = never.
    pub expires: Option<Timestamp>,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    mac: KeyMac,
}

/// A key to be made.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What it is for, for people: at most 100 characters.
    pub name: String,
    /// What it permits. With [`Scope::Operator`], its other scopes hold for all tenants, or for those that are listed.
    pub grant: Grant,
    /// The rates of its own.
    pub rates: Rates,
    /// From when on it is no longer valid; none = never.
    pub expires: Option<Timestamp>,
}

/// Why a file of keys cannot be used.
#[derive(Debug, Error)]
pub enum KeyFileError {
    /// It cannot be read.
    #[error("the API keys in `{}` cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: files::ReadError,
    },
    /// It cannot be written.
    #[error("the API keys in `{}` cannot be changed", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: CacheDirError,
    },
    /// Another program is changing it.
    #[error("the API keys in `{}` are being changed by another program; try again later", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// It holds something else than keys.
    #[error("`{}` has no API keys of the expected form: {problem}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        problem: String,
    },
    /// The keys are not written as JSON, which is a bug. The file is as it was.
    #[error("the API keys in `{}` are not changed because of a bug", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: serde_json::Error,
    },
}

/// Why a key is not made, or not revoked.
#[derive(Debug, Error)]
pub enum EditKeysError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// The operating system gives no randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// What is asked for makes no sense.
    #[error("{0}")]
    Key(String),
    /// There is no such key.
    #[error("there is no key with the id `{0}`; `jurat apikey list` shows all")]
    Unknown(KeyId),
}

impl KeyFile {
    /// Reads a file. One that does not exist is an error.
    ///
    /// # Errors
    /// When it cannot be read, or anything in it is not as expected.
    pub fn read(path: &Path) -> Result<Self, KeyFileError> {
        Self::parse(&Self::bytes(path)?, path)
    }

    /// The bytes of a file, not yet parsed.
    pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, KeyFileError> {
        files::read(path, MAX_FILE).map_err(|cause| KeyFileError::Read { path: path.to_owned(), cause })
    }

    /// Makes a key, and keeps what must be known of it. `now` is the present.
    ///
    /// The file is made if there is none. Its directory must be one that only this user can write.
    ///
    /// # Errors
    /// When the file cannot be changed or has no room for another key, or the key would permit nothing, or has no name.
    pub fn create(path: &Path, pepper: &Secret, new: NewKey, now: Timestamp) -> Result<ApiKey, EditKeysError> {
        check(&new.name, &new.grant, new.expires, Some(now)).map_err(EditKeysError::Key)?;
        Self::edit(path, |file| {
            if file.keys.len() >= MAX_KEYS {
                return Err(EditKeysError::Key(format!("there are {MAX_KEYS} keys already, which is the most")));
            }
            let key = loop {
                let key = ApiKey::generate()?;
                if !file.keys.contains_key(&key.id()) {
                    break key;
                }
            };
            let NewKey { name, grant, rates, expires } = new;
            let entry = KeyEntry {
                id: key.id(),
                name,
                grant,
                rates,
                created: now,
                expires,
                revoked: None,
                mac: key.mac(pepper),
            };
            file.keys.insert(key.id(), entry);
            Ok(key)
        })
    }

    /// Revokes a key; one that is revoked already stays so. Returns what is known of it.
    ///
    /// # Errors
    /// When the file cannot be changed, or there is no such key.
    pub fn revoke(path: &Path, id: KeyId, now: Timestamp) -> Result<KeyEntry, EditKeysError> {
        Self::edit(path, |file| {
            let entry = file.keys.get_mut(&id).ok_or(EditKeysError::Unknown(id))?;
            entry.revoked.get_or_insert(now);
            Ok(entry.clone())
        })
    }

    /// All keys, by their ids.
    pub fn keys(&self) -> impl Iterator<Item = &KeyEntry> {
        self.keys.values()
    }

    /// What is known of a key that a client shows; none if it is not one of these.
    pub(crate) fn find(&self, key: &ApiKey, pepper: &Secret) -> Option<&KeyEntry> {
        let mac = key.mac(pepper);
        // The same work for an id that does not exist.
        let entry = self.keys.get(&key.id());
        let kept = entry.map_or(KeyMac::NONE, |entry| entry.mac);
        kept.is(&mac).then_some(entry).flatten()
    }

    fn edit<T>(path: &Path, change: impl FnOnce(&mut Self) -> Result<T, EditKeysError>) -> Result<T, EditKeysError> {
        let failed = |cause| KeyFileError::Write { path: path.to_owned(), cause };
        let form = |problem: &str| KeyFileError::Form { path: path.to_owned(), problem: problem.to_owned() };
        let name =
            path.file_name().and_then(|name| name.to_str()).ok_or_else(|| form("a path of a file is expected"))?;
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let directory = CacheDir::open(parent).map_err(failed)?;
        let lock = directory.lock(&format!("{name}.lock"), PATIENCE).map_err(failed)?;
        let _lock = lock.ok_or_else(|| KeyFileError::Busy { path: path.to_owned() })?;
        let mut file = match directory.read(name, MAX_FILE).map_err(failed)? {
            Some(bytes) => Self::parse(&bytes, path)?,
            None => Self::default(),
        };
        let before = file.keys.len();
        let result = change(&mut file)?;
        let json = file.to_json().map_err(|cause| KeyFileError::Json { path: path.to_owned(), cause })?;
        // A file that is too long could not be read again, and no key in it be revoked.
        if file.keys.len() > before && json.len() > MAX_FILE_WITH_NEW.to_usize() {
            return Err(EditKeysError::Key(format!(
                "there is no room for another key in the file, which may have {MAX_FILE_WITH_NEW}; name fewer tenants"
            )));
        }
        directory.write(name, json.as_bytes()).map_err(failed)?;
        Ok(result)
    }

    pub(crate) fn parse(bytes: &[u8], path: &Path) -> Result<Self, KeyFileError> {
        let form = |problem| KeyFileError::Form { path: path.to_owned(), problem };
        let document: Document = serde_json::from_slice(bytes).map_err(|error| form(error.to_string()))?;
        if document.version != VERSION {
            return Err(form(format!("its version is {}, and {VERSION} is expected", document.version)));
        }
        if document.keys.len() > MAX_KEYS {
            return Err(form(format!("there are more than {MAX_KEYS} keys")));
        }
        let mut keys = BTreeMap::new();
        for line in document.keys {
            let id = Excerpt::of(&line.id).to_string();
            let entry = line.into_entry().map_err(|problem| form(format!("key `{id}`: {problem}")))?;
            if keys.insert(entry.id, entry).is_some() {
                return Err(form(format!("there are two keys `{id}`")));
            }
        }
        Ok(Self { keys })
    }

    fn to_json(&self) -> Result<String, serde_json::Error> {
        let document = Document { version: VERSION, keys: self.keys.values().map(Line::of).collect() };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

impl KeyEntry {
    /// Who shows the key.
    #[must_use]
    pub fn principal(&self) -> Principal {
        Principal::new(format!("jk_{}", self.id), [self.grant.clone()]).with_rates(self.rates)
    }
}

/// Refuses a key that permits nothing, or cannot be told from others.
fn check(name: &str, grant: &Grant, expires: Option<Timestamp>, now: Option<Timestamp>) -> Result<(), String> {
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(format!("a key has a name of at most {MAX_NAME} characters, none of them a control character"));
    }
    if grant.scopes.is_empty() {
        return Err("a key has at least one scope".to_owned());
    }
    if !grant.scopes.has(Scope::Operator) && !matches!(&grant.tenants, Tenants::Listed(names) if !names.is_empty()) {
        return Err("a key without the scope `operator` names the tenants that it is for".to_owned());
    }
    if expires.is_some_and(|expires| now.is_some_and(|now| expires <= now)) {
        return Err("a key cannot expire before it is made".to_owned());
    }
    Ok(())
}

/// The file as JSON.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u32,
    keys: Vec<Line>,
}

/// A key as JSON.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    mac: String,
    name: String,
    /// None: all, which only a key of an operator has.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenants: Option<BTreeSet<Box<str>>>,
    scopes: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    rates: BTreeMap<String, NonZeroU64>,
    created: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<Timestamp>,
}

impl Line {
    fn of(entry: &KeyEntry) -> Self {
        let tenants = match &entry.grant.tenants {
            Tenants::All => None,
            Tenants::Listed(names) => Some(names.clone()),
        };
        let rate = |class: RateClass| Some((class.name().to_owned(), entry.rates.get(class)?));
        Self {
            id: entry.id.to_string(),
            mac: entry.mac.to_text(),
            name: entry.name.clone(),
            tenants,
            scopes: entry.grant.scopes.iter().map(|scope| scope.name().to_owned()).collect(),
            rates: RateClass::ALL.into_iter().filter_map(rate).collect(),
            created: entry.created,
            expires: entry.expires,
            revoked: entry.revoked,
        }
    }

    fn into_entry(self) -> Result<KeyEntry, String> {
        let Self { id, mac, name, tenants, scopes, rates, created, expires, revoked } = self;
        let id = id.parse().map_err(|error: crate::api_key::ParseKeyIdError| error.to_string())?;
        let mac = KeyMac::of_text(&mac).ok_or("`mac` has not 64 hexadecimal digits")?;
        let scope =
            |name: String| Scope::of_name(&name).ok_or_else(|| unknown("scope", &name, Scope::ALL.map(Scope::name)));
        let scopes: Scopes = scopes.into_iter().map(scope).collect::<Result<_, _>>()?;
        let grant = Grant { scopes, tenants: tenants.map_or(Tenants::All, Tenants::Listed) };
        let mut own = Rates::default();
        for (name, rate) in rates {
            let class = RateClass::of_name(&name);
            own = own.with(class.ok_or_else(|| unknown("rate", &name, RateClass::ALL.map(RateClass::name)))?, rate);
        }
        check(&name, &grant, expires, None)?;
        Ok(KeyEntry { id, name, grant, rates: own, created, expires, revoked, mac })
    }
}

fn unknown<const N: usize>(what: &str, name: &str, known: [&str; N]) -> String {
    format!("there is no {what} `{}`{}", Excerpt::of(name), advice(name, known))
}

#[cfg(test)]
mod tests;
