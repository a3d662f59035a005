//! `edgesteer healthcheck`: whether the server on this machine does its work, for those who start it again where it does not.

use super::reach::Reach;
use super::{complain, say};
use crate::config::{self, Style};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// What `edgesteer healthcheck` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The server's configuration file: its admin address is asked, and DNS itself on its first address.
    #[arg(short, long, value_name = "FILE", conflicts_with = "admin")]
    config: Option<PathBuf>,
    /// The server's admin address, to ask that alone.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9153")]
    admin: SocketAddr,
}

/// How often DNS is asked, and how long each time: a datagram may be lost.
const TRIES: u32 = 3;
const PATIENCE: Duration = Duration::from_secs(1);
/// Head of a DNS message: id, flags, four counts (RFC 1035, 4.1.1).
const HEAD: usize = 12;

pub(super) fn run(args: &Args) -> ExitCode {
    let (admin, is_tls, dns) = match args.config.as_deref().map(config::sockets) {
        None => (args.admin, false, None),
        Some(Ok(sockets)) => (sockets.admin, sockets.is_admin_tls, sockets.listen.first().copied()),
        Some(Err(unreadable)) => {
            complain(&unreadable.render(Style::Plain));
            return ExitCode::FAILURE;
        }
    };
    if let Err(why) = ready(here(admin), is_tls) {
        complain(&format!("error: {why}"));
        return ExitCode::FAILURE;
    }
    let Some(dns) = dns.map(here) else {
        say("ready");
        return ExitCode::SUCCESS;
    };
    match answers(dns) {
        Ok(()) => {
            say(&format!("ready, and DNS is answered on {dns}"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("error: the server says that it is ready, but DNS is not answered on {dns}: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// An address of a server on this machine as a client names it: one that listens everywhere is asked on loopback.
fn here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Whether `/readyz` says so; else why not. Whoever answers is believed, and shown no token: a running server has the certificate, and
/// the way to speak, that its file had when it was read.
fn ready(admin: SocketAddr, is_tls: bool) -> Result<(), String> {
    let ask = |is_tls| Reach::whoever(admin, is_tls).request("GET", "/readyz", "");
    let is_of_the_other_way = |error: &io::Error| error.kind() == io::ErrorKind::InvalidInput;
    match ask(is_tls).or_else(|error| if is_of_the_other_way(&error) { ask(!is_tls) } else { Err(error) }) {
        Ok((200, _)) => Ok(()),
        Ok((_, body)) => Err(format!("{admin} says: {}", body.lines().collect::<Vec<_>>().join("; "))),
        Err(error) => Err(format!("no server answers on {admin}: {error}")),
    }
}

/// Asks for what no zone of ours has: any answer but a failure shows that somebody reads that socket and decides. Few octets are
/// needed for it: id, no flags, one question, for the root's NS in the class IN.
fn answers(dns: SocketAddr) -> io::Result<()> {
    let id = (std::process::id() as u16).to_be_bytes();
    let question = [id[0], id[1], 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1];
    let any: IpAddr = if dns.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    socket.connect(dns)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut failed = io::Error::from(io::ErrorKind::TimedOut);
    for _ in 0..TRIES {
        match socket.send(&question).and_then(|_| heard(&socket, id)) {
            Ok(()) => return Ok(()),
            Err(error) => failed = error,
        }
    }
    Err(match failed.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => io::Error::other(format!("{TRIES} questions in vain")),
        _ => failed,
    })
}

/// Waits for the answer.
fn heard(socket: &UdpSocket, id: [u8; 2]) -> io::Result<()> {
    let mut answer = [0; 512];
    let length = socket.recv(&mut answer)?;
    match &answer[..length] {
        it if it.len() < HEAD || it[..2] != id || it[2] & 0x80 == 0 => Err(io::Error::other("that is no DNS answer")),
        it if it[3] & 0x0f == SERVFAIL => Err(io::Error::other("it says SERVFAIL")),
        _ => Ok(()),
    }
}

/// The server's own failure (RFC 1035, 4.1.1).
const SERVFAIL: u8 = 2;

#[cfg(test)]
mod tests;
