//! The API keys that a server knows: those of a file, which it reads again and again, so that what was revoked does not stay valid.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use jurat_model::{Secret, chain};
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::timeout;

use crate::api_key::ApiKey;
use crate::authentication_error::AuthenticationError;
use crate::key_file::{KeyFile, KeyFileError};
use crate::principal::Principal;
use crate::settings::ApiKeySettings;

/// How long the file is used before it is read again.
const FRESH: SignedDuration = SignedDuration::from_secs(10);
/// How long it is used where it cannot be read. Together with what [`crate::recent`] keeps, a revoked key is valid for less than 30 s.
const KEPT: SignedDuration = SignedDuration::from_secs(18);
/// The least time between two attempts to read it.
const BETWEEN: SignedDuration = SignedDuration::from_secs(1);
/// How long a request waits for it.
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
    attempt: tokio::sync::Mutex<Option<JoinHandle<Result<KeyFile, KeyFileError>>>>,
}

#[derive(Debug)]
struct Kept {
    file: Arc<KeyFile>,
    read: Timestamp,
    tried: Timestamp,
    warned: Option<Timestamp>,
}

impl KeyStore {
    /// Reads the file for the first time.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) fn open(settings: ApiKeySettings, now: Timestamp) -> Result<Self, KeyFileError> {
        let ApiKeySettings { file: path, pepper } = settings;
        let file = Arc::new(KeyFile::read(&path)?);
        let kept = Mutex::new(Kept { file, read: now, tried: now, warned: None });
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
        let mut attempt = self.attempt.lock().await;
        // Another request may have read it while this one waited.
        if let Some(file) = self.younger_than(FRESH, now) {
            return Ok(file);
        }
        if attempt.is_some() || now.duration_since(self.kept().tried).abs() >= BETWEEN {
            self.kept().tried = now;
            let path = self.path.clone();
            let reading = attempt.get_or_insert_with(|| spawn_blocking(move || KeyFile::read(&path)));
            match timeout(PATIENCE, &mut *reading).await {
                Ok(read) => {
                    *attempt = None;
                    self.keep(
                        read.map_err(|error| error.to_string()).and_then(|read| read.map_err(|error| chain(&error))),
                        now,
                    );
                }
                Err(_) => self.keep(Err("the disk does not answer".to_owned()), now),
            }
        }
        self.younger_than(KEPT, now).ok_or(AuthenticationError::Unavailable)
    }

    fn keep(&self, read: Result<KeyFile, String>, now: Timestamp) {
        let mut kept = self.kept();
        match read {
            Ok(file) => (kept.file, kept.read, kept.warned) = (Arc::new(file), now, None),
            Err(error) if kept.warned.is_none_or(|warned| now.duration_since(warned) >= BETWEEN_WARNINGS) => {
                kept.warned = Some(now);
                tracing::warn!(error, "API keys cannot be checked; soon all of them are refused");
            }
            Err(_) => {}
        }
    }

    fn younger_than(&self, age: SignedDuration, now: Timestamp) -> Option<Arc<KeyFile>> {
        let kept = self.kept();
        // A clock that was set back makes nothing younger.
        (now.duration_since(kept.read).abs() < age).then(|| Arc::clone(&kept.file))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
