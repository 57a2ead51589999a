//! `jurat key`: keys for signing.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use jurat::files;
use jurat_model::Bytes;
use jurat_trust::{KeyId, SecretKey};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::output;

/// The longest key file.
const KEY_FILE: Bytes = Bytes::kibi(16);

pub(super) const EXAMPLES: &str = "Example:\n  jurat key gen --out rules-team";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a pair of keys: NAME.pem, which signs and stays secret, and NAME.pub.pem, which checks
    Gen(GenArguments),
    /// Print the public key that belongs to a private key
    Pub(PubArguments),
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  jurat key gen --out keys/rules-team")]
pub(super) struct GenArguments {
    /// Where the keys go, without the ending; nothing is overwritten
    #[arg(long, value_name = "NAME")]
    out: PathBuf,
}

#[derive(Args, Debug)]
#[command(after_help = "Example:\n  jurat key pub keys/rules-team.pem > keys/rules-team.pub.pem")]
pub(super) struct PubArguments {
    /// The private key, in PKCS#8 PEM
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Gen(arguments) => generate(&arguments.out),
        Command::Pub(arguments) => print_public(&arguments.file),
    }
}

fn generate(stem: &Path) -> Result<Exit, Failure> {
    if stem.as_os_str().as_encoded_bytes().ends_with(b"/") || stem.file_name().is_none() {
        let stem = stem.display();
        return Err(Failure::usage(format!(
            "--out: `{stem}` names no file; write a name without an ending, as in `keys/team`"
        )));
    }
    let ending = |ending: &str| {
        let mut name = stem.to_owned().into_os_string();
        name.push(ending);
        PathBuf::from(name)
    };
    let (private, public) = (ending(".pem"), ending(".pub.pem"));
    if let Some(taken) = [&private, &public].into_iter().find(|file| file.symlink_metadata().is_ok()) {
        return Err(Failure::usage(format!("{}: it exists, and keys are never overwritten", taken.display())));
    }
    if let Some(directory) =
        private.parent().filter(|directory| !directory.as_os_str().is_empty() && !directory.is_dir())
    {
        let directory = directory.display();
        return Err(Failure::usage(format!("{directory}: there is no such directory; make it, for your eyes only")));
    }
    let key = SecretKey::generate().map_err(|error| Failure::about(Exit::Host, "no key could be made", &error))?;
    let failed =
        |error: &(dyn std::error::Error + 'static)| Failure::about(Exit::Host, "the key cannot be written", error);
    let private_pem = key.to_pem().map_err(|error| failed(&error))?;
    let public_pem = key.public().to_pem().map_err(|error| failed(&error))?;
    write_new(&private, 0o600, private_pem.as_bytes())?;
    write_new(&public, 0o644, public_pem.as_bytes())?;
    output::progress(&format!("private key  {}  (not encrypted: whoever reads it can sign)", private.display()));
    output::progress(&format!("public key   {}", public.display()));
    output::progress(&format!("key id       {}", KeyId::of(&key.public())));
    Ok(Exit::Fine)
}

fn print_public(file: &Path) -> Result<Exit, Failure> {
    let key = read_private(file)?;
    let pem = key.public().to_pem().map_err(|error| Failure::about(Exit::Usage, file.display(), &error))?;
    let mut out = output::stdout();
    out.write_all(pem.as_bytes()).and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}

/// Reads a private key that nobody else can read.
pub(super) fn read_private(file: &Path) -> Result<SecretKey, Failure> {
    let about = |error: &(dyn std::error::Error + 'static)| Failure::about(Exit::Usage, file.display(), error);
    let pem = Zeroizing::new(files::read_text(file, KEY_FILE.get()).map_err(|error| about(&error))?);
    let key = SecretKey::from_pem(&pem).map_err(|error| about(&error))?;
    let mode = fs::metadata(file).map_err(|error| about(&error))?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Failure::usage(format!(
            "{}: others can read or write this private key (mode {mode:03o}); make it yours alone with `chmod 600`, and a new \
             key if somebody may have read it",
            file.display()
        )));
    }
    Ok(key)
}

/// Writes a file that must not be there yet. The mode holds from the first byte on.
fn write_new(file: &Path, mode: u32, bytes: &[u8]) -> Result<(), Failure> {
    let about = |error: &std::io::Error| Failure::about(Exit::Host, file.display(), error);
    let mut opened =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(file).map_err(|error| about(&error))?;
    opened.write_all(bytes).and_then(|()| opened.sync_all()).map_err(|error| about(&error))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_private_key_is_its_owners_alone_and_is_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let stem = directory.path().join("team");
        generate(&stem).unwrap();
        let private = directory.path().join("team.pem");
        assert_eq!(fs::metadata(&private).unwrap().mode() & 0o777, 0o600);
        let public = jurat::read_public_key(&directory.path().join("team.pub.pem")).unwrap();
        assert_eq!(read_private(&private).unwrap().public(), public);

        let again = generate(&stem).unwrap_err();
        assert!(again.messages()[0].contains("never overwritten"), "{again:?}");

        fs::set_permissions(&private, fs::Permissions::from_mode(0o640)).unwrap();
        let refused = read_private(&private).err().unwrap();
        assert!(refused.messages()[0].contains("mode 640"), "{refused:?}");
    }
}
