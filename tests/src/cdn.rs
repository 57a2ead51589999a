//! A CDN as a host sees it: a directory over https on this machine, which misbehaves on command.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What it does instead of giving a file.
#[derive(Clone, Debug)]
pub enum Trick {
    /// Answers with another status.
    Status(u16),
    /// Gives other bytes.
    Bytes(Vec<u8>),
    /// Gives the file, and never stops giving.
    Endless,
    /// Gives a byte now and then; it breaks off when no file has this trick any more.
    Slow,
    /// Gives the file compressed, without a request for that.
    Packed(Vec<u8>),
    /// Redirects to another URL.
    Redirect(String),
    /// Gives this number of bytes of the file, and then nothing more.
    BreakOff(usize),
}

/// A running server; it ends with this.
pub struct Cdn {
    address: SocketAddr,
    authority: String,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
}

struct State {
    root: PathBuf,
    tricks: BTreeMap<String, Trick>,
    answers: Vec<(String, u16)>,
    is_down: bool,
    has_ended: bool,
}

impl Cdn {
    /// Serves a directory.
    #[must_use]
    pub fn serve(root: impl Into<PathBuf>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (config, authority) = tls();
        let state =
            State { root: root.into(), tricks: BTreeMap::new(), answers: Vec::new(), is_down: false, has_ended: false };
        let shared = Arc::new(Shared { state: Mutex::new(state) });
        let serving = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.state().has_ended {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (serving, config) = (Arc::clone(&serving), Arc::clone(&config));
                thread::spawn(move || {
                    // Clients may go away.
                    let _ = serve(&serving, stream, config);
                });
            }
        });
        Self { address, authority, shared }
    }

    /// Where the directory is, for clients.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://localhost:{}/", self.address.port())
    }

    /// The certificate that vouches for it, in PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// From now on this happens with a file; `*` stands for all that have no trick of their own.
    pub fn play(&self, file: &str, trick: Trick) {
        self.shared.state().tricks.insert(file.to_owned(), trick);
    }

    /// No more tricks.
    pub fn behave(&self) {
        let mut state = self.shared.state();
        state.tricks.clear();
        state.is_down = false;
    }

    /// Drops every connection, those that are open included.
    pub fn go_down(&self) {
        self.shared.state().is_down = true;
    }

    /// Serves another directory.
    pub fn move_to(&self, root: impl Into<PathBuf>) {
        self.shared.state().root = root.into();
    }

    /// The files that were asked for since the last time that this was, and the status of each answer.
    #[must_use]
    pub fn answers(&self) -> Vec<(String, u16)> {
        std::mem::take(&mut self.shared.state().answers)
    }
}

impl Drop for Cdn {
    fn drop(&mut self) {
        self.shared.state().has_ended = true;
        // A connection wakes the accepting thread.
        let _ = TcpStream::connect(self.address);
    }
}

impl fmt::Debug for Cdn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Cdn({})", self.address)
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

/// A request, as far as it matters.
struct Asked {
    file: String,
    known: Option<String>,
    from: Option<usize>,
}

fn serve(shared: &Shared, stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    if shared.state().is_down {
        return stream.shutdown(Shutdown::Both);
    }
    stream.set_nodelay(true)?;
    let raw = stream.try_clone()?;
    let mut stream = BufReader::new(StreamOwned::new(ServerConnection::new(config).unwrap(), stream));
    while let Some(asked) = read(&mut stream)? {
        let (root, trick) = {
            let state = shared.state();
            if state.is_down {
                return raw.shutdown(Shutdown::Both);
            }
            let trick = state.tricks.get(&asked.file).or_else(|| state.tricks.get("*")).cloned();
            (state.root.clone(), trick)
        };
        let found = fs::read(root.join(&asked.file)).ok();
        let status = status(&asked, trick.as_ref(), found.as_deref());
        // Before anything is sent, so that a test finds it as soon as it has the answer.
        shared.state().answers.push((asked.file.clone(), status));
        let is_slow = || shared.state().tricks.values().any(|trick| matches!(trick, Trick::Slow));
        if !answer(stream.get_mut(), status, &asked, trick, found, &is_slow)? {
            return raw.shutdown(Shutdown::Both);
        }
    }
    Ok(())
}

fn read(stream: &mut impl BufRead) -> io::Result<Option<Asked>> {
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let file = line.split(' ').nth(1).unwrap_or("/").trim_start_matches('/').to_owned();
    let mut asked = Asked { file, known: None, from: None };
    loop {
        let mut header = String::new();
        if stream.read_line(&mut header)? == 0 || header.trim_end().is_empty() {
            return Ok(Some(asked));
        }
        let Some((name, value)) = header.trim_end().split_once(": ") else { continue };
        match name.to_ascii_lowercase().as_str() {
            "if-none-match" => asked.known = Some(value.to_owned()),
            "range" => {
                asked.from = value.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')?.parse().ok());
            }
            _ => {}
        }
    }
}

/// The status of the answer.
fn status(asked: &Asked, trick: Option<&Trick>, found: Option<&[u8]>) -> u16 {
    let of = |bytes: &[u8]| match asked.from {
        _ if asked.known.as_ref() == Some(&tag(bytes)) => 304,
        Some(from) if from < bytes.len() => 206,
        _ => 200,
    };
    match (trick, found) {
        (Some(Trick::Status(status)), _) => *status,
        (Some(Trick::Redirect(_)), _) => 302,
        (Some(Trick::Packed(_) | Trick::Endless), _) | (Some(Trick::Slow), Some(_)) => 200,
        (Some(Trick::Bytes(bytes)), _) => of(bytes),
        (Some(Trick::BreakOff(_)) | None, Some(bytes)) => of(bytes),
        (_, None) => 404,
    }
}

/// Answers; whether the connection can go on.
fn answer(
    out: &mut impl Write,
    status: u16,
    asked: &Asked,
    trick: Option<Trick>,
    found: Option<Vec<u8>>,
    is_slow: &dyn Fn() -> bool,
) -> io::Result<bool> {
    match (trick, found) {
        (Some(Trick::Status(_)), _) => {
            write!(out, "HTTP/1.1 {status} Trick\r\nContent-Length: 0\r\nRetry-After: 0\r\n\r\n")?;
        }
        (Some(Trick::Redirect(to)), _) => {
            write!(out, "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n")?;
        }
        (Some(Trick::Packed(bytes)), _) => {
            write!(out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", bytes.len())?;
            out.write_all(&bytes)?;
        }
        (Some(Trick::Endless), found) => {
            write!(out, "HTTP/1.1 200 OK\r\n\r\n")?;
            out.write_all(&found.unwrap_or_default())?;
            let more = vec![b' '; 64 << 10];
            loop {
                out.write_all(&more)?;
            }
        }
        (Some(Trick::Slow), Some(bytes)) => {
            write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", bytes.len())?;
            for byte in bytes {
                out.write_all(&[byte])?;
                out.flush()?;
                // Tests wait for the slowness, not for the end of it.
                thread::sleep(Duration::from_millis(200));
                if !is_slow() {
                    return Ok(false);
                }
            }
        }
        (Some(Trick::BreakOff(after)), Some(bytes)) => {
            file(out, status, asked, &bytes, after)?;
            out.flush()?;
            return Ok(false);
        }
        (Some(Trick::Bytes(bytes)), _) | (None, Some(bytes)) => file(out, status, asked, &bytes, usize::MAX)?,
        (_, None) => write!(out, "HTTP/1.1 404 Not Found\r\nCache-Control: max-age=30\r\nContent-Length: 0\r\n\r\n")?,
    }
    out.flush()?;
    Ok(true)
}

/// A file, or the rest of it, or the answer that it has not changed; at most `most` bytes of it.
fn file(out: &mut impl Write, status: u16, asked: &Asked, bytes: &[u8], most: usize) -> io::Result<()> {
    let caching = match asked.file.as_str() {
        "metadata/timestamp.json" => "max-age=10",
        _ => "public, max-age=31536000, immutable",
    };
    let head = format!("ETag: {}\r\nCache-Control: {caching}\r\nAccept-Ranges: bytes\r\n", tag(bytes));
    let rest = match (status, asked.from) {
        (304, _) => return write!(out, "HTTP/1.1 304 Not Modified\r\n{head}\r\n"),
        (206, Some(from)) => {
            let length = bytes.len();
            write!(
                out,
                "HTTP/1.1 206 Partial Content\r\n{head}Content-Range: bytes {from}-{}/{length}\r\n",
                length - 1
            )?;
            &bytes[from..]
        }
        _ => {
            write!(out, "HTTP/1.1 200 OK\r\n{head}")?;
            bytes
        }
    };
    write!(out, "Content-Length: {}\r\n\r\n", rest.len())?;
    out.write_all(&rest[..most.min(rest.len())])
}

/// The mark of a version.
fn tag(bytes: &[u8]) -> String {
    format!("\"{}\"", jurat_trust::Digest::of(bytes))
}

/// What the server shows, and the certificate that vouches for it.
fn tls() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    (Arc::new(config), authority.pem())
}
