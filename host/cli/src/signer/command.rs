//! A signer that is a program.

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

use crate::exit::CommandError;
use crate::secret;

/// The time limit of a program: enough to touch a device or to enter a PIN.
const TIME: Duration = Duration::from_secs(30);

/// The interval of checks whether the program has ended.
const POLL: Duration = Duration::from_millis(5);

/// The longest output, in bytes. A signature has 88.
const ANSWER: u64 = 1024;

/// A program that signs with the private key of a public key.
#[derive(Debug)]
pub(crate) struct CommandSigner {
    command: String,
    public: PublicKey,
    time: Duration,
}

impl CommandSigner {
    /// A command for `sh`. It does not run yet.
    pub(super) fn new(command: String, public: PublicKey) -> Result<Self, CommandError> {
        if command.trim().is_empty() {
            return Err(CommandError::usage("--key: `exec:` without a command"));
        }
        Ok(Self { command, public, time: TIME })
    }

    /// The public key.
    pub(super) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Runs the program. Its signature is not verified here.
    pub(super) fn sign(&self, role: &Role, message: &[u8]) -> Result<[u8; 64], String> {
        secret::no_core_dumps();
        let deadline = Instant::now() + self.time;
        let failed = |error: io::Error| format!("`{}` cannot be run: {error}", self.command);
        let mut child = self.start(role, message).map_err(failed)?;
        let output = self.output(&mut child, deadline);
        let ended = match &output {
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
        decode(&output?).ok_or_else(|| {
            format!("`{}` did not write a signature: expected 64 bytes in base64, and nothing else", self.command)
        })
    }

    fn start(&self, role: &Role, message: &[u8]) -> io::Result<Child> {
        // A file and not a pipe: some programs need the length in advance.
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

    /// The output of the program, until it closes its standard output.
    fn output(&self, child: &mut Child, deadline: Instant) -> Result<Vec<u8>, String> {
        let Some(stdout) = child.stdout.take() else {
            return Err(format!("`{}` has no standard output", self.command));
        };
        let (send, receive) = mpsc::channel();
        // Ends when the last process has closed its end of the pipe, which may never happen.
        thread::spawn(move || {
            let mut answer = Vec::new();
            let read = stdout.take(ANSWER + 1).read_to_end(&mut answer);
            // The receiver may have timed out.
            let _ = send.send(read.map(|_| answer));
        });
        match receive.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Ok(answer)) if answer.len() as u64 <= ANSWER => Ok(answer),
            Ok(Ok(_)) => Err(format!("`{}` wrote more than {ANSWER} bytes, but a signature has 88", self.command)),
            Ok(Err(error)) => Err(format!("the output of `{}` cannot be read: {error}", self.command)),
            Err(_) => Err(self.too_slow()),
        }
    }

    fn end(&self, child: &mut Child, deadline: Instant) -> Result<ExitStatus, String> {
        loop {
            match child.try_wait() {
                Ok(Some(status)) => return Ok(status),
                Ok(None) if Instant::now() >= deadline => return Err(self.too_slow()),
                Ok(None) => thread::sleep(POLL),
                Err(error) => return Err(format!("the status of `{}` is unknown: {error}", self.command)),
            }
        }
    }

    fn too_slow(&self) -> String {
        format!("`{}` did not sign within {} seconds", self.command, self.time.as_secs())
    }
}

/// Whether a terminal is available, on which the program can ask for a PIN. A process group of its own could not read from it.
fn has_terminal() -> bool {
    File::open("/dev/tty").is_ok()
}

/// Kills the program, with its child processes if it has its own process group.
fn kill(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // They may have ended already.
    let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    let _ = child.kill();
    let _ = child.wait();
}

fn decode(answer: &[u8]) -> Option<[u8; 64]> {
    // `base64` wraps lines after 76 characters.
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
    fn other_output_than_a_signature_is_refused() {
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
    fn a_program_that_does_not_end_is_killed() {
        let time = Duration::from_millis(300);
        for command in ["sleep 600", "exec >&-; sleep 600", "sleep 600 & sleep 600"] {
            let refused = signed(command, time).unwrap_err();
            assert!(refused.contains("did not sign within"), "{command}: {refused}");
        }
    }
}
