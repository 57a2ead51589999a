//! `jurat key`: keys for signing.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};

use crate::exit::{Exit, Failure};
use crate::key_file::{self, KeyPair};
use crate::output;
use crate::passphrase::{self, PassphraseArguments, Protection, ProtectionArguments};

pub(super) const EXAMPLES: &str = "Example:\n  jurat key gen --out rules-team";

const GEN: &str = "\
Examples:
  jurat key gen --out keys/rules-team
  jurat key gen --out keys/snapshot --passphrase-file /run/secrets/snapshot
  jurat key gen --out keys/try --insecure-plain

The private key is PKCS#8 in PEM, encrypted with a passphrase (scrypt, AES-256), which OpenSSL 3 reads too.";

const PUB: &str = "Example:\n  jurat key pub keys/rules-team.pem > keys/rules-team.pub.pem";

const ENCRYPT: &str = "\
Example:
  jurat key encrypt keys/try.pem > keys/rules-team.pem

The file that was read is left as it is. Whoever could read it could sign: a new key is better than an old one under a passphrase.";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a pair of keys: NAME.pem, which signs and stays secret, and NAME.pub.pem, which checks
    Gen(GenArguments),
    /// Print the public key that belongs to a private key
    Pub(PubArguments),
    /// Print a private key under a passphrase
    Encrypt(EncryptArguments),
}

#[derive(Args, Debug)]
#[command(after_help = GEN)]
pub(super) struct GenArguments {
    /// Where the keys go, without the ending; nothing is overwritten
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
    /// The private key, in PKCS#8 PEM, which is not encrypted
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A file that holds the passphrase, instead of asking on the terminal; a pipe such as /dev/fd/3 will do
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Gen(arguments) => {
            // What is wrong with the name is said before anybody has to think of a passphrase.
            let pair = KeyPair::new(&arguments.out)?;
            pair.generate(&arguments.protection.choose()?)?;
            Ok(Exit::Fine)
        }
        Command::Pub(arguments) => {
            let key = key_file::read_private(&arguments.file, &mut arguments.passphrases.read()?)?;
            print(&key_file::public_pem(&key.public())?)
        }
        Command::Encrypt(EncryptArguments { file, passphrase_file }) => encrypt(file, passphrase_file.as_deref()),
    }
}

fn encrypt(file: &Path, passphrase_file: Option<&Path>) -> Result<Exit, Failure> {
    let key = key_file::read_plain(file)?;
    let protection = Protection::Passphrase(passphrase::choose_passphrase(passphrase_file)?);
    print(&key_file::private_pem(&key, &protection)?)
}

fn print(pem: &str) -> Result<Exit, Failure> {
    let mut out = output::stdout();
    out.write_all(pem.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}
