//! Passphrases of key files: from a file, a pipe or the terminal, never from the command line.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_model::{Blame, Bytes};
use jurat_trust::{KeyError, SecretKey};
use zeroize::Zeroizing;

use crate::exit::CommandError;
use crate::output;
use crate::secret::{self, SecretSource};

/// The longest passphrase file.
const PASSPHRASE_FILE: Bytes = Bytes::kibi(4);

/// Arguments for the passphrases of existing keys.
#[derive(Args, Debug, Default)]
pub(crate) struct PassphraseArguments {
    /// Read the passphrase of an encrypted key from a file or a pipe such as /dev/fd/3; default: ask on the terminal. Repeatable:
    /// each passphrase is tried
    #[arg(long, value_name = "FILE")]
    passphrase_file: Vec<PathBuf>,
}

/// Arguments for the protection of new private keys.
#[derive(Args, Debug)]
pub(crate) struct ProtectionArguments {
    /// Read the passphrase of the new key from a file or a pipe such as /dev/fd/3; default: ask on the terminal
    #[arg(long, value_name = "FILE", conflicts_with = "insecure_plain")]
    passphrase_file: Option<PathBuf>,
    /// Do not encrypt the new key: anyone who reads the file can sign
    #[arg(long)]
    insecure_plain: bool,
}

/// The protection of a new private key.
pub(crate) enum Protection {
    /// None: anyone who reads the file can sign.
    Plain,
    /// Encryption with a passphrase.
    Passphrase(Zeroizing<Vec<u8>>),
}

/// The passphrases from the files.
pub(crate) struct Passphrases(Vec<Zeroizing<Vec<u8>>>);

impl PassphraseArguments {
    /// Reads the files.
    pub(crate) fn read(&self) -> Result<Passphrases, CommandError> {
        self.passphrase_file.iter().map(|file| read_file(file)).collect::<Result<_, _>>().map(Passphrases)
    }
}

impl ProtectionArguments {
    /// The chosen protection. Asks for a passphrase if necessary.
    pub(crate) fn choose(&self) -> Result<Protection, CommandError> {
        if self.insecure_plain {
            return Ok(Protection::Plain);
        }
        choose_passphrase(self.passphrase_file.as_deref()).map(Protection::Passphrase)
    }
}

impl Passphrases {
    /// Opens an encrypted private key.
    pub(crate) fn open(&mut self, file: &Path, pem: &str) -> Result<SecretKey, CommandError> {
        let about = |error: &KeyError| CommandError::about(Blame::Caller, file.display(), error);
        for passphrase in &self.0 {
            match SecretKey::from_encrypted_pem(pem, passphrase) {
                Err(KeyError::WrongPassphrase) => {}
                opened => return opened.map_err(|error| about(&error)),
            }
        }
        if !self.0.is_empty() {
            return Err(about(&KeyError::WrongPassphrase));
        }
        let passphrase = ask(&format!("Passphrase of {}: ", file.display()))?;
        SecretKey::from_encrypted_pem(pem, &passphrase).map_err(|error| about(&error))
    }
}

/// The passphrase of a new key: from a file, or asked for twice.
pub(crate) fn choose_passphrase(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    match file {
        Some(file) => read_file(file),
        None => {
            let first = ask("New passphrase: ")?;
            if first.is_empty() {
                return Err(CommandError::usage("the passphrase is empty; `--insecure-plain` writes keys without one"));
            }
            let second = ask("Repeat the passphrase: ")?;
            if first != second {
                return Err(CommandError::usage("the passphrases differ; nothing was written"));
            }
            Ok(first)
        }
    }
}

fn read_file(file: &Path) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    let mut passphrase = secret::read(file, PASSPHRASE_FILE, SecretSource::FileOrPipe)?;
    // Editors add a line break at the end.
    for ending in [b'\n', b'\r'] {
        if passphrase.last() == Some(&ending) {
            passphrase.pop();
        }
    }
    if passphrase.is_empty() {
        return Err(CommandError::usage(format!("{}: contains no passphrase", file.display())));
    }
    if passphrase.contains(&b'\n') {
        return Err(CommandError::usage(format!(
            "{}: a passphrase is one line, but the file has several",
            file.display()
        )));
    }
    Ok(passphrase)
}

fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, CommandError> {
    secret::no_core_dumps();
    // The prompt contains a file name.
    let prompt = jurat_results::plain(prompt, output::MESSAGE);
    let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
    let typed = asked.map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => CommandError::usage("no passphrase was entered"),
        _ => CommandError::usage(format!(
            "a passphrase is needed, but no terminal is available ({error}); name a file with `--passphrase-file`"
        )),
    })?;
    Ok(Zeroizing::new(typed.as_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_passphrase_is_one_line() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("passphrase");
        let read = |text: &[u8]| {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            read_file(&file).map(|read| read.to_vec()).map_err(|failure| failure.messages().concat())
        };
        for text in [&b" a b\xff"[..], b" a b\xff\n", b" a b\xff\r\n"] {
            assert_eq!(read(text).unwrap(), b" a b\xff");
        }
        for (text, reason) in [(&b""[..], "no passphrase"), (b"\n", "no passphrase"), (b"a\nb\n", "several")] {
            assert!(read(text).unwrap_err().contains(reason));
        }
        assert!(read(&[b'x'; 4097]).unwrap_err().contains("longer than"));
        assert_eq!(read(&[b'x'; 4096]).unwrap().len(), 4096);
    }
}
