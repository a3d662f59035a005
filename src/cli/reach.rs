//! How a running server is reached: its admin address, over TLS where it has some, and a token for it.

use super::complain;
use super::progress::Progress;
use crate::admin;
use clap::Args;
use serde_json::Value;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

mod tls;

/// How long a running server may take to answer: longer than it waits for a slow disk.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(10);
/// The environment's variable with a token.
const TOKEN: &str = "EDGESTEER_TOKEN";
/// The admin listener's port where none is said.
const PORT: u16 = 9153;

/// A running server.
#[derive(Debug, Args)]
#[group(id = "reach")]
pub(super) struct Reach {
    /// The server's admin address: IP:PORT, or https://HOST:PORT where it has TLS.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9153")]
    pub(super) admin: Address,
    /// A file with a token for it. Default: what EDGESTEER_TOKEN says, else the token of this machine.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Whether it does not matter who answers.
    #[arg(skip)]
    is_anybody: bool,
    /// How long connecting may take, and each piece of an answer.
    #[arg(skip = ADMIN_TIMEOUT)]
    timeout: Duration,
    #[command(flatten)]
    tls: tls::Files,
}

/// Where an admin listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    is_https: bool,
    host: String,
    port: u16,
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WRONG: &str = "write IP:PORT, HOST:PORT or https://HOST:PORT";
        let (is_https, rest) = match text.split_once("://") {
            Some(("https", rest)) => (true, rest),
            Some(("http", rest)) => (false, rest),
            Some(_) => return Err(WRONG),
            None => (false, text),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if let Ok(ip) = rest.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
            return Ok(Self { is_https, host: ip.to_string(), port: PORT });
        }
        if let Ok(address) = rest.parse::<SocketAddr>() {
            return Ok(Self { is_https, host: address.ip().to_string(), port: address.port() });
        }
        let (host, port) = rest.split_once(':').map_or((rest, Ok(PORT)), |(host, port)| (host, port.parse()));
        let is_name = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
        match port {
            Ok(port) if is_name => Ok(Self { is_https, host: host.to_owned(), port }),
            _ => Err(WRONG),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.parse::<IpAddr>() {
            Ok(ip) => write!(f, "{}", SocketAddr::new(ip, self.port)),
            Err(_) => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl Address {
    /// The addresses behind it, the first to try first.
    #[allow(clippy::disallowed_methods, reason = "an operator's command asks for a name that he gave; no probe does")]
    fn resolve(&self) -> io::Result<Vec<SocketAddr>> {
        Ok((self.host.as_str(), self.port).to_socket_addrs()?.collect())
    }
}

impl Reach {
    /// Whoever answers at that admin address, over TLS with whatever certificate or without TLS: he is shown no token.
    pub(super) fn whoever(admin: SocketAddr, is_https: bool) -> Self {
        let admin = Address { is_https, host: admin.ip().to_string(), port: admin.port() };
        Self { admin, token_file: None, is_anybody: true, timeout: ADMIN_TIMEOUT, tls: tls::Files::default() }
    }

    /// The same for who asks again and again, and waits so long each time.
    pub(super) fn within(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// What the server tells at a path, as JSON; otherwise why not was said, and this is the exit code.
    pub(super) fn json(&self, path: &str) -> Result<Value, ExitCode> {
        self.told("GET", path, "")
    }

    /// What it answers to a request, as JSON.
    pub(super) fn told(&self, method: &str, path: &str, body: &str) -> Result<Value, ExitCode> {
        self.ask(method, path, body).map_err(|failure| self.failed(failure))
    }

    /// The same without a word where there is none: [`Self::failed`] says it.
    pub(super) fn ask(&self, method: &str, path: &str, body: &str) -> Result<Value, Failure> {
        match self.request(method, path, body) {
            Ok((200, body)) => serde_json::from_str(&body).map_err(|error| {
                Err(ours(
                    format!("what answers on {} is no edgesteer: {error}", self.admin),
                    "name its admin address with --admin",
                ))
            }),
            other => Err(other),
        }
    }

    /// What it tells at a path in words for people.
    pub(super) fn text(&self, path: &str) -> Result<String, ExitCode> {
        match self.exchange("GET", path, "Accept: text/plain\r\n", "") {
            Ok(Answer { status: 200, head, body }) if head.contains("text/plain") => Ok(body),
            Ok(Answer { status: 200, .. }) => {
                complain(&format!("error: what answers on {} is no edgesteer: it has no words for people", self.admin));
                complain("help: name its admin address with --admin");
                Err(ExitCode::FAILURE)
            }
            Ok(Answer { status, body, .. }) => Err(self.failed(Ok((status, body)))),
            Err(error) => Err(self.failed(Err(error))),
        }
    }

    /// One HTTP request; returns the status and the body.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        let answer = self.exchange(method, path, "Content-Type: application/json\r\n", body)?;
        Ok((answer.status, answer.body))
    }

    fn exchange(&self, method: &str, path: &str, fields: &str, body: &str) -> io::Result<Answer> {
        let (admin, length, is_https) = (&self.admin, body.len(), self.is_https());
        let _shown = Progress::of(format!("waiting for {admin}"));
        let stream = self.connect()?;
        let peer = stream.peer_addr()?;
        let token = match self.token(peer)? {
            Some(_) if !is_https && !peer.ip().is_loopback() => {
                return Err(ours(
                    "a token is not sent in the clear to another machine",
                    "say https:// in front of ADDR",
                ));
            }
            Some(token) => format!("Authorization: Bearer {token}\r\n"),
            None => String::new(),
        };
        let head = format!("{method} {path} HTTP/1.0\r\nHost: {admin}\r\n{token}Connection: close\r\n");
        let request = format!("{head}{fields}Content-Length: {length}\r\n\r\n{body}");
        let answer = match (is_https, self.is_anybody) {
            (false, _) => speak(stream, &request),
            (true, false) => self.tls.speak(&admin.host, stream, &request),
            (true, true) => tls::speak_to_anybody(&admin.host, stream, &request),
        };
        Answer::read(&answer?).unwrap_or_else(|| Err(io::Error::other("that is no HTTP answer")))
    }

    fn is_https(&self) -> bool {
        self.admin.is_https || self.tls.are_given()
    }

    fn connect(&self) -> io::Result<TcpStream> {
        let mut failed = io::Error::other("the name has no address");
        for address in self.admin.resolve()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(self.timeout))?;
                    return Ok(stream);
                }
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// Tells why there was no good answer, and what to do.
    pub(super) fn failed(&self, answer: Failure) -> ExitCode {
        match answer {
            Ok((status, body)) => {
                let refused: Value = serde_json::from_str(&body).unwrap_or_default();
                complain(&format!("error: {} (HTTP {status})", refused["detail"].as_str().unwrap_or(body.trim_end())));
                let is_of_token = refused["code"].as_str().is_some_and(|code| code.starts_with("token"));
                match (is_of_token, refused["next"].as_str()) {
                    (true, Some(next)) => complain(&format!("help: {next}; name it by --token-file or {TOKEN}")),
                    (_, Some(next)) => complain(&format!("help: {next}")),
                    (_, None) => {
                        complain(&format!("help: if {} is no edgesteer, name its address with --admin", self.admin))
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => complain(&format!("error: {error}")),
            Err(error) => {
                complain(&format!("error: no server answers on {}: {}", self.admin, said(&error)));
                complain(
                    "help: start one with `edgesteer serve`, or name its admin address with --admin; `admin` under [server] \
                     of its configuration says it, and so does its log",
                );
            }
        }
        ExitCode::FAILURE
    }

    /// The token to show whoever answers at that address.
    fn token(&self, peer: SocketAddr) -> io::Result<Option<String>> {
        if self.is_anybody {
            return Ok(None);
        }
        if let Some(file) = &self.token_file {
            let token = std::fs::read_to_string(file);
            let next = "name a file with a token that you may read; `edgesteer token new NAME` makes one";
            let token = token.map_err(|error| ours(format!("--token-file {}: {error}", file.display()), next))?;
            return Ok(Some(token.trim().to_owned()));
        }
        #[allow(clippy::disallowed_methods, reason = "a command line is seen by every user of the host")]
        let given = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        Ok(given.or_else(|| admin::local_token(peer)).filter(|token| token.chars().all(|c| c.is_ascii_graphic())))
    }
}

/// Why there is no good answer: a status and a body that are none, or no answer at all.
pub(super) type Failure = io::Result<(u16, String)>;

/// A failure in one line.
pub(super) fn in_short(failure: &Failure) -> String {
    match failure {
        Ok((status, body)) => {
            let refused: Value = serde_json::from_str(body).unwrap_or_default();
            format!("{} (HTTP {status})", refused["detail"].as_str().unwrap_or("refused"))
        }
        Err(error) => said(error).lines().next().unwrap_or_default().to_owned(),
    }
}

/// The first octet of what a TLS server says to those who do not speak TLS (RFC 8446 section 5.1).
const TLS_ALERT: u8 = 21;

/// An error of whoever gave the order, and what to do next.
fn ours(what: impl fmt::Display, next: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("{what}\nhelp: {next}"))
}

/// What came back.
struct Answer {
    status: u16,
    /// In lower case.
    head: String,
    body: String,
}

impl Answer {
    /// `None` where it is no HTTP.
    fn read(octets: &[u8]) -> Option<io::Result<Self>> {
        if octets.first() == Some(&TLS_ALERT) {
            let next = "say https:// in front of ADDR, with --ca FILE for an authority of yours";
            return Some(Err(ours("that server speaks TLS", next)));
        }
        let text = std::str::from_utf8(octets).ok()?;
        let (head, body) = text.split_once("\r\n\r\n")?;
        let status = head.strip_prefix("HTTP/")?.split(' ').nth(1)?.parse().ok()?;
        Some(Ok(Self { status, head: head.to_lowercase(), body: body.to_owned() }))
    }
}

fn speak(mut stream: impl io::Read + io::Write, request: &str) -> io::Result<Vec<u8>> {
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // What came before the connection broke may tell why.
        Err(_) if !answer.is_empty() => Ok(answer),
        other => other.map(|_| answer),
    }
}

/// The system's words, where they are better than its number for a pause that was too long.
fn said(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "it takes too long".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests;
