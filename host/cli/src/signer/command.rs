//! A program that signs.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jurat_trust::{KeyId, PublicKey, Role};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::exit::Failure;
use crate::secret;

/// How long a program may take: long enough to touch a device, or to be asked for a number.
const TIME: Duration = Duration::from_secs(30);

/// How often it is looked whether a program that has said everything has ended.
const LOOK: Duration = Duration::from_millis(5);

/// The longest answer, in bytes. A signature has 88.
const ANSWER: u64 = 1024;

/// A program that signs with the key that belongs to a public one.
#[derive(Debug)]
pub(crate) struct CommandSigner {
    command: String,
    public: PublicKey,
    time: Duration,
}

impl CommandSigner {
    /// A command for `sh`. It is not run yet.
    pub(super) fn new(command: String, public: PublicKey) -> Result<Self, Failure> {
        if command.trim().is_empty() {
            return Err(Failure::usage("--key: no command stands after `exec:`"));
        }
        Ok(Self { command, public, time: TIME })
    }

    /// The key that it should sign with.
    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Has it sign. What it says is not checked here.
    pub(super) fn sign(&self, role: &Role, message: &[u8]) -> Result<[u8; 64], String> {
        secret::no_core_dumps();
        let deadline = Instant::now() + self.time;
        let failed = |error: io::Error| format!("`{}` cannot be run: {error}", self.command);
        let mut child = self.start(role, message).map_err(failed)?;
        let answered = self.answer(&mut child, deadline);
        let ended = match &answered {
            Ok(_) => self.end(&mut child, deadline),
            Err(reason) => Err(reason.clone()),
        };
        if ended.is_err() {
            kill(&mut child);
        }
        let status = ended?;
        if !status.success() {
            return Err(format!("`{}` ended with {status}", self.command));
        }
        decode(&answered?).ok_or_else(|| {
            format!("`{}` did not write a signature: 64 bytes in base64 are expected, and nothing else", self.command)
        })
    }

    fn start(&self, role: &Role, message: &[u8]) -> io::Result<Child> {
        // A file and not a pipe: some programs have to know the length before they read.
        let mut input = tempfile::tempfile()?;
        input.write_all(message)?;
        input.rewind()?;
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.command);
        command.env("ROLE", role.name()).env("KEYID", KeyId::of(&self.public).as_str());
        command.stdin(input).stdout(Stdio::piped()).stderr(Stdio::inherit());
        if !has_terminal() {
            command.process_group(0);
        }
        command.spawn()
    }

    /// What it writes, until it closes its standard output.
    fn answer(&self, child: &mut Child, deadline: Instant) -> Result<Vec<u8>, String> {
        let Some(stdout) = child.stdout.take() else { return Ok(Vec::new()) };
        let (send, receive) = mpsc::channel();
        // It ends when the last of the processes has closed its end, which may be never.
        thread::spawn(move || {
            let mut answer = Vec::new();
            let read = stdout.take(ANSWER + 1).read_to_end(&mut answer);
            // Nobody may be waiting any more.
            let _ = send.send(read.map(|_| answer));
        });
        match receive.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ok(answer)) if answer.len() as u64 <= ANSWER => Ok(answer),
            Ok(Ok(_)) => Err(format!("`{}` writes more than {ANSWER} bytes, but a signature has 88", self.command)),
            Ok(Err(error)) => Err(format!("what `{}` writes cannot be read: {error}", self.command)),
            Err(_) => Err(self.too_slow()),
        }
    }

    fn end(&self, child: &mut Child, deadline: Instant) -> Result<ExitStatus, String> {
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() >= deadline => return Err(self.too_slow()),
                Ok(None) => thread::sleep(LOOK),
                Err(error) => return Err(format!("nothing is known of `{}`: {error}", self.command)),
            }
        }
    }

    fn too_slow(&self) -> String {
        format!("`{}` has not signed within {} seconds", self.command, self.time.as_secs())
    }
}

/// Whether somebody can be asked for a PIN. Processes of a group of their own could not read what is typed.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Ends it; with all that it has started, where these are a group.
fn kill(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // Both may be gone already.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.kill();
    let _ = child.wait();
}

fn decode(answer: &[u8]) -> Option<[u8; 64]> {
    // `base64` breaks lines after 76 characters.
    let text: Vec<u8> = answer.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use jurat_trust::SecretKey;

    use super::*;

    fn signed(command: &str, time: Duration) -> Result<[u8; 64], String> {
        let public = SecretKey::generate().unwrap().public();
        let signer = CommandSigner { command: command.to_owned(), public, time };
        signer.sign(&"t-acme".parse().unwrap(), b"message")
    }

    #[test]
    fn a_program_gets_the_bytes_the_role_and_the_key_id() {
        let command =
            r#"[ "$(cat)" = message ] && [ "$ROLE" = t-acme ] && [ ${#KEYID} = 64 ] && head -c 64 /dev/zero | base64"#;
        assert_eq!(signed(command, TIME), Ok([0; 64]));
    }

    #[test]
    fn what_is_no_signature_is_refused() {
        for (command, reason) in [
            ("true", "did not write a signature"),
            ("head -c 63 /dev/zero | base64", "did not write a signature"),
            ("head -c 64 /dev/zero", "did not write a signature"),
            ("exit 3", "ended with exit status: 3"),
            ("head -c 64 /dev/zero | base64; exit 1", "ended with"),
            ("yes", "more than 1024 bytes"),
            ("surely-no-such-program", "ended with exit status: 127"),
        ] {
            let refused = signed(command, TIME).unwrap_err();
            assert!(refused.contains(reason), "{command}: {refused}");
        }
        let public = SecretKey::generate().unwrap().public();
        assert!(CommandSigner::new(" ".to_owned(), public).is_err());
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        let time = Duration::from_millis(300);
        for command in ["sleep 600", "exec >&-; sleep 600", "sleep 600 & sleep 600"] {
            let refused = signed(command, time).unwrap_err();
            assert!(refused.contains("has not signed within"), "{command}: {refused}");
        }
    }
}
