//! Signers: a key file, or a program that uses a device or a service whose key never leaves it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_trust::{PublicKey, Role, SecretKey, SignerError};

use crate::exit::CommandError;
use crate::key_file;
use crate::output;
use crate::passphrase::PassphraseArguments;
use crate::public_key::read_public_key;

mod command;

use command::CommandSigner;

/// The prefix of a signer that is a program.
const EXEC: &[u8] = b"exec:";

/// The longest message that AWS KMS signs with Ed25519, in bytes.
const AWS_KMS_MESSAGE: usize = 4096;

/// The help on signers of every command that signs.
pub(crate) const SIGNERS: &str = "\
A signer is a private key file, or `exec:COMMAND`. The command runs in `sh -c`. It gets the bytes to sign on standard input, ROLE and \
KEYID as environment variables, and must write the signature in base64 within 30 seconds. `--public` names the public key of each \
command, in the same order. Every signature is verified before it is written.";

/// Arguments for signers.
#[derive(Args, Debug)]
pub(crate) struct SignerArguments {
    /// A signer: a private key file, or `exec:COMMAND`; repeatable
    #[arg(long, value_name = "SIGNER", required = true)]
    key: Vec<OsString>,
    /// The public key of an `exec:` signer; one for each, in the same order
    #[arg(long, value_name = "FILE")]
    public: Vec<PathBuf>,
    #[command(flatten)]
    passphrases: PassphraseArguments,
}

/// A signer that is ready to sign.
pub(crate) enum AnySigner {
    /// A key in this process.
    Key(Box<SecretKey>),
    /// A program.
    Command(Box<CommandSigner>),
}

/// A signer that knows for which role it signs.
pub(crate) struct RoleSigner<'a> {
    signer: &'a AnySigner,
    role: Role,
}

impl SignerArguments {
    /// Opens all signers. Asks for passphrases if necessary.
    pub(crate) fn open(&self) -> Result<Vec<AnySigner>, CommandError> {
        let mut passphrases = self.passphrases.read()?;
        let mut public = self.public.iter();
        let mut signers = Vec::with_capacity(self.key.len());
        for name in &self.key {
            let signer = match name.as_encoded_bytes().strip_prefix(EXEC) {
                Some(command) => {
                    let command = str::from_utf8(command)
                        .map_err(|_| CommandError::usage("--key: the command after `exec:` is not UTF-8 text"))?;
                    let file = public.next().ok_or_else(|| {
                        CommandError::usage("--key: `exec:` needs its public key: name it with `--public`")
                    })?;
                    AnySigner::Command(Box::new(CommandSigner::new(command.to_owned(), read_public_key(file)?)?))
                }
                None => AnySigner::Key(Box::new(key_file::read_private(Path::new(name), &mut passphrases)?)),
            };
            signers.push(signer);
        }
        match public.next() {
            Some(file) => Err(CommandError::usage(format!(
                "--public: `{}` has no `exec:` signer; key files contain their public keys",
                file.display()
            ))),
            None => Ok(signers),
        }
    }
}

impl AnySigner {
    /// The public key.
    pub(crate) fn public(&self) -> PublicKey {
        match self {
            Self::Key(key) => key.public(),
            Self::Command(command) => command.public().clone(),
        }
    }

    /// The signer for one role.
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
            AnySigner::Key(key) => jurat_trust::Signer::sign(&**key, message),
            AnySigner::Command(command) => {
                warn_of_length(&self.role, message);
                command.sign(&self.role, message).map_err(SignerError::new)
            }
        }
    }
}

/// Warns if there are more bytes than some services sign.
pub(crate) fn warn_of_length(role: &Role, message: &[u8]) {
    if message.len() > AWS_KMS_MESSAGE {
        output::complain(
            "warning",
            &format!(
                "{role}: {} bytes to sign, but AWS KMS signs at most {AWS_KMS_MESSAGE} with Ed25519",
                message.len()
            ),
        );
    }
}
