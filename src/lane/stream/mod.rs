//! DNS over TCP (RFC 7766) and TLS (RFC 7858) on an accept loop of our own.
//!
//! Here: the loop (`accept`), who holds a seat and who gives way (`seats`), one conversation over any stream of octets
//! (`conversation`), certificates (`tls`). Not here: what a message gets (`full`). It always holds that a connection costs
//! no more than what has arrived on it, that nothing is read while answers wait to be taken, and that every wait ends.

use super::full::Full;
use super::{Peer, Tally, Transport};
use crate::limits::STREAM_IDLE;
use seats::Seats;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

mod accept;
mod conversation;
mod seats;
mod tls;

pub(super) use tls::Certificate;

/// Running listeners. Dropping it closes their connections at once; `stop` ends them in order.
#[derive(Debug)]
pub(super) struct Streams {
    full: Full,
    tally: Tally,
    most: usize,
    accepting: Vec<JoinHandle<()>>,
    stop: watch::Sender<bool>,
}

/// What the connections of one transport have in common.
struct Service {
    full: Full,
    tally: Tally,
    transport: Transport,
    seats: Arc<Seats>,
    tls: Option<TlsAcceptor>,
}

impl Streams {
    /// No listeners yet; at most `most` connections over each transport.
    pub(super) fn new(full: Full, tally: Tally, most: usize) -> Self {
        Self { full, tally, most, accepting: Vec::new(), stop: watch::Sender::new(false) }
    }

    /// Accepts TCP on these.
    pub(super) fn tcp(&mut self, listeners: Vec<TcpListener>) {
        self.accept(listeners, Transport::Tcp, None);
    }

    /// Accepts TLS on these.
    pub(super) fn tls(&mut self, listeners: Vec<TcpListener>, certificate: Arc<Certificate>) {
        self.accept(listeners, Transport::Tls, Some(tls::acceptor(certificate)));
    }

    fn accept(&mut self, listeners: Vec<TcpListener>, transport: Transport, tls: Option<TlsAcceptor>) {
        let (full, tally) = (self.full.clone(), self.tally.clone());
        let seats = Seats::new(self.most, transport, tally.clone());
        let service = Arc::new(Service { full, tally, transport, seats, tls });
        let run = |listener| tokio::spawn(accept::run(listener, service.clone(), self.stop.subscribe()));
        self.accepting.extend(listeners.into_iter().map(run));
    }

    /// Accepts no more connections, answers what was read, and ends those there are within `STREAM_DRAIN`.
    pub(super) async fn stop(&mut self) {
        self.stop.send_replace(true);
        for accepting in self.accepting.drain(..) {
            // A loop that panicked has ended too.
            let _ = accepting.await;
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        self.accepting.iter().for_each(JoinHandle::abort);
    }
}

/// One conversation over a stream that is no connection, until it ends.
pub(super) async fn converse<S>(full: &Full, stream: &mut S, address: SocketAddr, transport: Transport)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // Kept to the end: nobody says stop.
    let (_nobody, stop) = watch::channel(false);
    let answer = |question: &[u8], idle| full.message(question, &Peer { address, transport, idle, over: false });
    conversation::hold(stream, answer, || STREAM_IDLE, stop).await;
}

/// Waits until connections are to end.
async fn told_to_stop(stop: &mut watch::Receiver<bool>) {
    // An error means that nobody is left who could say so.
    let _ = stop.wait_for(|stop| *stop).await;
}
