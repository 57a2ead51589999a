//! The API keys that a server knows: those of a file, which it reads again and again, so that what was revoked does not stay valid.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jurat_model::{Secret, chain};
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::api_key::ApiKey;
use crate::authentication_error::AuthenticationError;
use crate::key_file::{KeyFile, KeyFileError};
use crate::principal::Principal;
use crate::settings::ApiKeySettings;

/// How long the file is used before it is read again, counted from the beginning of the attempt that read it.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// How long it is used where it cannot be read. Together with what [`crate::recent`] keeps, a revoked key is valid for less than 30 s.
const KEPT: SignedDuration = SignedDuration::from_secs(18);
/// The least time between two attempts to read it.
const BETWEEN: SignedDuration = SignedDuration::from_secs(1);
/// How long a request waits for it, all in all.
const PATIENCE: Duration = Duration::from_secs(2);
/// The least time between two log lines that say that it cannot be read.
const BETWEEN_WARNINGS: SignedDuration = SignedDuration::from_mins(1);

/// The API keys of a file.
#[derive(Debug)]
pub(crate) struct KeyStore {
    path: PathBuf,
    pepper: Secret,
    kept: Mutex<Kept>,
    /// The attempt to read it that is under way: there is only one, also where a disk does not answer.
    attempt: tokio::sync::Mutex<Option<JoinHandle<Result<Version, KeyFileError>>>>,
}

#[derive(Debug)]
struct Kept {
    version: Version,
    tried: Timestamp,
    warned: Option<Timestamp>,
}

/// The file as it was at some moment after `began`.
#[derive(Clone, Debug)]
struct Version {
    file: Arc<KeyFile>,
    digest: [u8; 32],
    began: Timestamp,
}

impl KeyStore {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) fn open(settings: ApiKeySettings, now: Timestamp) -> Result<Self, KeyFileError> {
        let ApiKeySettings { file: path, pepper } = settings;
        let version = Version::read(&path, now, None)?;
        let kept = Mutex::new(Kept { version, tried: now, warned: None });
        Ok(Self { path, pepper, kept, attempt: tokio::sync::Mutex::default() })
    }

    /// Who shows a key, and until when it is valid.
    ///
    /// # Errors
    /// When it is not valid, or the file cannot be had.
    pub(crate) async fn find(
        &self,
        key: &ApiKey,
        now: Timestamp,
    ) -> Result<(Principal, Timestamp), AuthenticationError> {
        let file = self.current(now).await?;
        let entry = file.find(key, &self.pepper).ok_or(AuthenticationError::Unknown)?;
        if entry.revoked.is_some() {
            return Err(AuthenticationError::Revoked);
        }
        let expires = entry.expires.unwrap_or(Timestamp::MAX);
        if now >= expires { Err(AuthenticationError::Expired) } else { Ok((entry.principal(), expires)) }
    }

    async fn current(&self, now: Timestamp) -> Result<Arc<KeyFile>, AuthenticationError> {
        if let Some(file) = self.younger_than(FRESH, now) {
            return Ok(file);
        }
        // The time is also for waiting for others that wait.
        if timeout(PATIENCE, self.renew(now)).await.is_err() {
            self.warn("the disk does not answer", now);
        }
        self.younger_than(KEPT, now).ok_or(AuthenticationError::Unavailable)
    }

    /// Reads the file, unless that was done a moment ago. All who want it wait for the same attempt, which goes on when they leave.
    async fn renew(&self, now: Timestamp) {
        let mut attempt = self.attempt.lock().await;
        // What an attempt gives that began long ago is not fresh: another one follows it.
        while self.younger_than(FRESH, now).is_none() {
            if attempt.is_none() && now.duration_since(self.kept().tried).abs() < BETWEEN {
                return;
            }
            let reading = attempt.get_or_insert_with(|| self.begin(now));
            let read = (&mut *reading).await;
            *attempt = None;
            match read {
                Ok(Ok(version)) => self.keep(version),
                Ok(Err(error)) => self.warn(&chain(&error), now),
                Err(error) => self.warn(&error.to_string(), now),
            }
        }
    }

    fn begin(&self, now: Timestamp) -> JoinHandle<Result<Version, KeyFileError>> {
        let (path, last) = {
            let mut kept = self.kept();
            kept.tried = now;
            (self.path.clone(), kept.version.clone())
        };
        spawn_blocking(move || Version::read(&path, now, Some(&last)))
    }

    fn keep(&self, version: Version) {
        let mut kept = self.kept();
        (kept.version, kept.warned) = (version, None);
    }

    fn warn(&self, error: &str, now: Timestamp) {
        let mut kept = self.kept();
        if kept.warned.is_none_or(|warned| now.duration_since(warned).abs() >= BETWEEN_WARNINGS) {
            kept.warned = Some(now);
            tracing::warn!(error, "API keys cannot be checked; soon all of them are refused");
        }
    }

    fn younger_than(&self, age: SignedDuration, now: Timestamp) -> Option<Arc<KeyFile>> {
        let kept = self.kept();
        // A clock that was set back makes nothing younger.
        (now.duration_since(kept.version.began).abs() < age).then(|| Arc::clone(&kept.version.file))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Version {
    /// Reads the file. If nothing in it differs from the last version, it is not parsed.
    fn read(path: &Path, now: Timestamp, last: Option<&Self>) -> Result<Self, KeyFileError> {
        let bytes = KeyFile::bytes(path)?;
        let digest = Sha256::digest(&bytes).into();
        let same = last.filter(|last| last.digest == digest).map(|last| Arc::clone(&last.file));
        let file = same.map_or_else(|| KeyFile::parse(&bytes, path).map(Arc::new), Ok)?;
        Ok(Self { file, digest, began: now })
    }
}

#[cfg(test)]
mod tests;
