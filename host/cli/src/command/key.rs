//! `jurat key`: creates and converts signing keys.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::exit::{CommandError, Exit};
use crate::key_file::{self, KeyPair};
use crate::output;
use crate::passphrase::{self, PassphraseArguments, Protection, ProtectionArguments};

pub(super) const EXAMPLES: &str = "Example:\n  jurat key gen --out rules-team";

const GEN: &str = "\
Examples:
  jurat key gen --out keys/rules-team
  jurat key gen --out keys/snapshot --passphrase-file /run/secrets/snapshot
  jurat key gen --out keys/try --insecure-plain

The private key is PKCS#8 in PEM, encrypted with a passphrase (scrypt, AES-256). OpenSSL 3 can read it.";

const PUB: &str = "Example:\n  jurat key pub keys/rules-team.pem > keys/rules-team.pub.pem";

const ENCRYPT: &str = "\
Example:
  jurat key encrypt keys/try.pem > keys/rules-team.pem

The input file is not changed. Anyone who could read it could sign: a new key is better than an old one with a passphrase.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Generate a key pair: NAME.pem signs and stays secret, NAME.pub.pem verifies
    Gen(GenArguments),
    /// Print the public key of a private key
    Pub(PubArguments),
    /// Print a private key, encrypted with a passphrase
    Encrypt(EncryptArguments),
}

#[derive(Args, Debug)]
#[command(after_help = GEN)]
pub(super) struct GenArguments {
    /// The path of the files without extension; existing files are not overwritten
    #[arg(long, value_name = "NAME")]
    out: PathBuf,
    #[command(flatten)]
    protection: ProtectionArguments,
}

#[derive(Args, Debug)]
#[command(after_help = PUB)]
pub(super) struct PubArguments {
    /// The private key, in PKCS#8 PEM
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    passphrases: PassphraseArguments,
}

#[derive(Args, Debug)]
#[command(after_help = ENCRYPT)]
pub(super) struct EncryptArguments {
    /// The unencrypted private key, in PKCS#8 PEM
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Read the passphrase from a file or a pipe such as /dev/fd/3; default: ask on the terminal
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Gen(arguments) => {
            // Checks the name before asking for a passphrase.
            let pair = KeyPair::new(&arguments.out)?;
            pair.generate(&arguments.protection.choose()?)?;
            Ok(Exit::Success)
        }
        Command::Pub(arguments) => {
            let key = key_file::read_private(&arguments.file, &mut arguments.passphrases.read()?)?;
            print(&key_file::public_pem(&key.public())?)
        }
        Command::Encrypt(EncryptArguments { file, passphrase_file }) => encrypt(file, passphrase_file.as_deref()),
    }
}

fn encrypt(file: &Path, passphrase_file: Option<&Path>) -> Result<Exit, CommandError> {
    let key = key_file::read_plain(file)?;
    let protection = Protection::Passphrase(passphrase::choose_passphrase(passphrase_file)?);
    print(&key_file::private_pem(&key, &protection)?)
}

fn print(pem: &str) -> Result<Exit, CommandError> {
    let mut out = output::stdout();
    out.write_all(pem.as_bytes()).and_then(|()| out.flush()).map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}
