//! Whoever signs: a key file, or a program that speaks to a device or a service which never gives its key away.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_trust::{KeyId, PublicKey, Role, SecretKey, SignerError};

use crate::exit::Failure;
use crate::key_file;
use crate::output;
use crate::passphrase::PassphraseArguments;

mod command;

use command::CommandSigner;

/// How a signer that is a program is named.
const EXEC: &[u8] = b"exec:";

/// The longest message that AWS KMS signs with Ed25519, in bytes.
const AWS_KMS_MESSAGE: usize = 4096;

/// What the help of every command that signs says of signers.
pub(crate) const SIGNERS: &str = "\
A signer is a private key file, or `exec:COMMAND`. The command is run by `sh -c`, so that it can have pipes; it gets the bytes to sign \
on its standard input, ROLE and KEYID in its environment, and writes the signature in base64 within 30 seconds. `--public` names \
the public key of each, in the same order. No signature is written that does not hold.";

/// Who signs.
#[derive(Args, Debug)]
pub(crate) struct SignerArguments {
    /// Who signs: a private key file, or `exec:COMMAND`; can be given several times
    #[arg(long, value_name = "SIGNER", required = true)]
    key: Vec<OsString>,
    /// The public key of an `exec:` signer; one for each, in the same order
    #[arg(long, value_name = "FILE")]
    public: Vec<PathBuf>,
    #[command(flatten)]
    passphrases: PassphraseArguments,
}

/// Somebody who can sign.
pub(crate) enum Signer {
    /// With a key in this process.
    Key(Box<SecretKey>),
    /// With a program.
    Command(Box<CommandSigner>),
}

/// A signer that knows for which role it signs.
pub(crate) struct RoleSigner<'a> {
    signer: &'a Signer,
    role: Role,
}

impl SignerArguments {
    /// Opens all of them, asking for passphrases if need be.
    pub(crate) fn open(&self) -> Result<Vec<Signer>, Failure> {
        let mut passphrases = self.passphrases.read()?;
        let mut public = self.public.iter();
        let mut signers = Vec::with_capacity(self.key.len());
        for name in &self.key {
            let signer = match name.as_encoded_bytes().strip_prefix(EXEC) {
                Some(command) => {
                    let command = str::from_utf8(command)
                        .map_err(|_| Failure::usage("--key: the command after `exec:` is not UTF-8 text"))?;
                    let file = public.next().ok_or_else(|| {
                        Failure::usage(
                            "--key: `exec:` needs the public key that belongs to it: name it with `--public`",
                        )
                    })?;
                    Signer::Command(Box::new(CommandSigner::new(command.to_owned(), jurat::read_public_key(file)?)?))
                }
                None => Signer::Key(Box::new(key_file::read_private(Path::new(name), &mut passphrases)?)),
            };
            signers.push(signer);
        }
        match public.next() {
            Some(file) => Err(Failure::usage(format!(
                "--public: `{}` belongs to no `exec:` signer; key files know their public keys",
                file.display()
            ))),
            None => Ok(signers),
        }
    }
}

impl Signer {
    /// The key that checks what it signs.
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Key(key) => key.public(),
            Self::Command(command) => command.public().clone(),
        }
    }

    /// The same for one role.
    pub(crate) fn for_role(&self, role: &Role) -> RoleSigner<'_> {
        RoleSigner { signer: self, role: role.clone() }
    }
}

impl jurat_trust::Signer for RoleSigner<'_> {
    fn public(&self) -> PublicKey {
        self.signer.public()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        match self.signer {
            Signer::Key(key) => jurat_trust::Signer::sign(&**key, message),
            Signer::Command(command) => {
                warn_of_length(&self.role, message);
                command.sign(&self.role, message).map_err(SignerError::new)
            }
        }
    }
}

/// Says that not every device signs so many bytes.
pub(crate) fn warn_of_length(role: &Role, message: &[u8]) {
    if message.len() > AWS_KMS_MESSAGE {
        output::complain(
            "warning",
            &format!(
                "{role}: there are {} bytes to sign, but AWS KMS signs at most {AWS_KMS_MESSAGE} with Ed25519",
                message.len()
            ),
        );
    }
}

/// A key for people, with the beginning of its id.
pub(crate) fn short(key: &KeyId) -> String {
    key.as_str().chars().take(12).collect()
}
