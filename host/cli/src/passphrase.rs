//! Passphrases of key files: from a file, a pipe or the terminal, never from the command line.

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_model::Bytes;
use jurat_trust::{KeyError, SecretKey};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::output;
use crate::secret::{self, SecretSource};

/// The longest passphrase file.
const PASSPHRASE_FILE: Bytes = Bytes::kibi(4);

/// Where the passphrases of keys that are there come from.
#[derive(Args, Debug, Default)]
pub(crate) struct PassphraseArguments {
    /// A file that holds the passphrase of an encrypted key, instead of asking on the terminal; a pipe such as /dev/fd/3 will do.
    /// Can be given several times: each is tried
    #[arg(long, value_name = "FILE")]
    passphrase_file: Vec<PathBuf>,
}

/// How new private keys are written.
#[derive(Args, Debug)]
pub(crate) struct ProtectionArguments {
    /// A file that holds the passphrase of the new key, instead of asking on the terminal; a pipe such as /dev/fd/3 will do
    #[arg(long, value_name = "FILE", conflicts_with = "insecure_plain")]
    passphrase_file: Option<PathBuf>,
    /// Do not encrypt the new key: whoever reads the file can sign
    #[arg(long)]
    insecure_plain: bool,
}

/// How a new private key is written.
pub(crate) enum Protection {
    /// For everybody who can read the file.
    Plain,
    /// For those who know the passphrase.
    Passphrase(Zeroizing<Vec<u8>>),
}

/// The passphrases that are at hand.
pub(crate) struct Passphrases(Vec<Zeroizing<Vec<u8>>>);

impl PassphraseArguments {
    /// Reads the files.
    pub(crate) fn read(&self) -> Result<Passphrases, Failure> {
        self.passphrase_file.iter().map(|file| read_file(file)).collect::<Result<_, _>>().map(Passphrases)
    }
}

impl ProtectionArguments {
    /// What was chosen, asking for a passphrase if need be.
    pub(crate) fn choose(&self) -> Result<Protection, Failure> {
        if self.insecure_plain {
            return Ok(Protection::Plain);
        }
        choose_passphrase(self.passphrase_file.as_deref()).map(Protection::Passphrase)
    }
}

impl Passphrases {
    /// Opens an encrypted private key.
    pub(crate) fn open(&mut self, file: &Path, pem: &str) -> Result<SecretKey, Failure> {
        let about = |error: &KeyError| Failure::about(Exit::Usage, file.display(), error);
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

/// A passphrase for something new: from a file, or asked for twice.
pub(crate) fn choose_passphrase(file: Option<&Path>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    match file {
        Some(file) => read_file(file),
        None => {
            let first = ask("New passphrase: ")?;
            if first.is_empty() {
                return Err(Failure::usage("the passphrase is empty; `--insecure-plain` writes keys without one"));
            }
            let second = ask("The same again: ")?;
            if first != second {
                return Err(Failure::usage("the two passphrases are not the same; nothing was written"));
            }
            Ok(first)
        }
    }
}

fn read_file(file: &Path) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut passphrase = secret::read(file, PASSPHRASE_FILE, SecretSource::FileOrPipe)?;
    // A line break at the end is the editor's.
    for ending in [b'\n', b'\r'] {
        if passphrase.last() == Some(&ending) {
            passphrase.pop();
        }
    }
    if passphrase.is_empty() {
        return Err(Failure::usage(format!("{}: it holds no passphrase", file.display())));
    }
    if passphrase.contains(&b'\n') {
        return Err(Failure::usage(format!("{}: a passphrase is one line, but it has several", file.display())));
    }
    Ok(passphrase)
}

fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    secret::no_core_dumps();
    // A name of a file could hold anything.
    let prompt = crate::table::plain(prompt, output::MESSAGE);
    let asked = rpassword::prompt_password(prompt).map(Zeroizing::new);
    let typed = asked.map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => Failure::usage("no passphrase was given"),
        _ => Failure::usage(format!(
            "a passphrase is needed, and there is no terminal to ask on ({error}); name a file with `--passphrase-file`"
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
        assert!(read(&[b'x'; 4097]).unwrap_err().contains("more than"));
        assert_eq!(read(&[b'x'; 4096]).unwrap().len(), 4096);
    }
}
