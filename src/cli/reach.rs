//! How a running server is reached: its admin address, and a token for it.

use super::complain;
use crate::admin;
use clap::Args;
use serde_json::Value;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How long a running server may take to answer: longer than it waits for a slow disk.
const ADMIN_TIMEOUT: Duration = Duration::from_secs(10);
/// The environment's variable with a token.
const TOKEN: &str = "EDGESTEER_TOKEN";

/// A running server.
#[derive(Debug, Args)]
pub(super) struct Reach {
    /// The server's admin address.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9153")]
    pub(super) admin: SocketAddr,
    /// A file with a token for it. Default: what EDGESTEER_TOKEN says, else the token of this machine.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Reach {
    /// The server at that admin address, with whatever token is at hand.
    pub(super) fn to(admin: SocketAddr) -> Self {
        Self { admin, token_file: None }
    }

    /// One HTTP request; returns the status and the body.
    pub(super) fn request(&self, method: &str, path: &str, body: &str) -> io::Result<(u16, String)> {
        let (admin, length) = (self.admin, body.len());
        let token = self.token()?.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
        let mut stream = TcpStream::connect_timeout(&admin, ADMIN_TIMEOUT)?;
        stream.set_read_timeout(Some(ADMIN_TIMEOUT))?;
        let head = format!("{method} {path} HTTP/1.0\r\nHost: {admin}\r\n{token}Connection: close\r\n");
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        status.map(|status| (status, body.to_owned())).ok_or_else(|| io::Error::other("that is no HTTP answer"))
    }

    /// Tells why there was no good answer, and what to do.
    pub(super) fn failed(&self, answer: io::Result<(u16, String)>) -> ExitCode {
        match answer {
            Ok((status, body)) => {
                let refused: Value = serde_json::from_str(&body).unwrap_or_default();
                complain(&format!("error: {} (HTTP {status})", refused["detail"].as_str().unwrap_or(body.trim_end())));
                if let (401 | 403, Some(next)) = (status, refused["next"].as_str()) {
                    complain(&format!("help: {next}; name it by --token-file or {TOKEN}"));
                }
            }
            Err(error) => complain(&format!(
                "error: no server answers on {}: {error}; name its admin address with --admin",
                self.admin
            )),
        }
        ExitCode::FAILURE
    }

    fn token(&self) -> io::Result<Option<String>> {
        if let Some(file) = &self.token_file {
            let token = std::fs::read_to_string(file);
            let token = token.map_err(|error| io::Error::other(format!("--token-file {}: {error}", file.display())))?;
            return Ok(Some(token.trim().to_owned()));
        }
        #[allow(clippy::disallowed_methods, reason = "a command line is seen by every user of the host")]
        let given = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
        Ok(given.or_else(|| admin::local_token(self.admin)).filter(|token| token.chars().all(|c| c.is_ascii_graphic())))
    }
}
