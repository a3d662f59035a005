//! The accept loop, and a connection from its first octet to its end.
//!
//! It never ends by itself and never spins: an error that belongs to one peer is skipped, any other is waited out.

use super::conversation::{self, End};
use super::seats::Guest;
use super::{Service, told_to_stop};
use crate::lane::Peer;
use crate::lane::full::Said;
use crate::lane::tally::Refused;
use crate::limits::{ACCEPT_LOG, ACCEPT_PAUSE, STREAM_DRAIN, TLS_HANDSHAKE};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// Accepts until it is told to stop, then waits for the connections for at most `STREAM_DRAIN`.
pub(super) async fn run(listener: TcpListener, service: Arc<Service>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut trouble = Trouble { service: service.clone(), logged: None };
    loop {
        tokio::select! {
            () = told_to_stop(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => {
                    let guest = service.seats.admit(client.ip());
                    connections.spawn(attend(stream, client, guest, service.clone(), stop.clone()));
                }
                Err(error) if is_the_peers(&error) => {}
                Err(error) => trouble.wait_out(&error).await,
            }
        }
    }
    drop(listener);
    // Those that are left are closed with the set.
    let _ = timeout(STREAM_DRAIN, async { while connections.join_next().await.is_some() {} }).await;
}

/// Whether accept() reports what became of one connection while it waited (accept(2), "Error handling").
fn is_the_peers(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | Interrupted)
}

/// What the loop remembers of a system that has no more files or memory.
struct Trouble {
    service: Arc<Service>,
    logged: Option<Instant>,
}

impl Trouble {
    /// Frees our idlest connection, for it may be us who hold what is lacking, and waits: the next try would fail at once.
    async fn wait_out(&mut self, error: &io::Error) {
        let Service { tally, seats, transport, .. } = &*self.service;
        tally.refused(*transport, Refused::Accept);
        let now = Instant::now();
        if self.logged.is_none_or(|logged| now.duration_since(logged) >= ACCEPT_LOG) {
            self.logged = Some(now);
            tracing::warn!(transport = transport.word(), "connections cannot be accepted: {error}");
        }
        seats.dismiss_idlest();
        sleep(ACCEPT_PAUSE).await;
    }
}

/// A connection until it ends or its seat is given to another.
async fn attend(
    stream: TcpStream,
    client: SocketAddr,
    guest: Guest,
    service: Arc<Service>,
    stop: watch::Receiver<bool>,
) {
    // Answers are written whole, so waiting for more to send would only delay them.
    let _ = stream.set_nodelay(true);
    let connection = Connection { client, guest: &guest, service: &service, stop };
    tokio::select! {
        () = guest.dismissed() => {}
        () = connection.hold(stream) => {}
    }
}

struct Connection<'a> {
    client: SocketAddr,
    guest: &'a Guest,
    service: &'a Service,
    stop: watch::Receiver<bool>,
}

impl Connection<'_> {
    async fn hold(self, mut stream: TcpStream) {
        let Some(tls) = &self.service.tls else {
            let end = self.converse(&mut stream).await;
            return reset_if_stuck(end, &stream);
        };
        match timeout(TLS_HANDSHAKE, tls.accept(stream)).await {
            Ok(Ok(mut stream)) => {
                let end = self.converse(&mut stream).await;
                reset_if_stuck(end, stream.get_ref().0);
            }
            Ok(Err(_)) | Err(_) => self.service.tally.refused(self.service.transport, Refused::Handshake),
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(self, stream: &mut S) -> End {
        let Service { full, transport, seats, .. } = self.service;
        let answer = |question: &[u8], idle| {
            self.guest.mark_active();
            match full.message(question, &Peer { address: self.client, transport: *transport, idle, over: false }) {
                // Who takes a zone is not idle.
                Said::Many(messages) => {
                    let mark = self.guest.marks();
                    Said::Many(Box::new(messages.inspect(move |_| mark())))
                }
                said => said,
            }
        };
        conversation::hold(stream, answer, || seats.idle(), self.stop).await
    }
}

/// Closed in order, the system would go on offering the peer what it does not take.
fn reset_if_stuck(end: End, stream: &TcpStream) {
    if end == End::Stuck {
        let _ = stream.set_zero_linger();
    }
}

#[cfg(test)]
mod tests;
