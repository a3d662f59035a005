//! The admin listener's connections: few, and none that sits there in silence or asks without end.
//!
//! A connection holds a descriptor that a probe may need. Those beyond the bound wait in the system's queue, where they cost
//! us nothing. Where there is TLS, a connection shakes hands when it is first read, so that nobody's handshake holds up another.

use super::guard::Guard;
use super::tls::{Tls, refusal};
use crate::limits::{ADMIN_CONNECTIONS_MAX, ADMIN_IDLE};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tokio_rustls::Accept;
use tokio_rustls::server::TlsStream;

/// A listener with so many seats.
pub(super) struct Seats {
    listener: TcpListener,
    free: Arc<Semaphore>,
    /// With who is told of handshakes that fail.
    tls: Option<(Tls, Arc<Guard>)>,
}

impl Seats {
    /// Over TLS, if there is some; the guard beside it is told of handshakes that fail.
    pub(super) fn new(listener: TcpListener, tls: Option<(Tls, Arc<Guard>)>) -> Self {
        Self { listener, free: Arc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX)), tls }
    }
}

/// Where a request came from.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    pub(super) address: SocketAddr,
    /// Set once a handshake has shown a client's certificate that holds.
    certified: Arc<AtomicBool>,
}

impl Peer {
    /// One that has shown no certificate yet.
    pub(super) fn at(address: SocketAddr) -> Self {
        Self { address, certified: Arc::default() }
    }

    /// Whether it has shown a certificate of an authority that we ask for.
    pub(super) fn is_certified(&self) -> bool {
        self.certified.load(Ordering::Relaxed)
    }
}

impl Connected<IncomingStream<'_, Seats>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Seats>) -> Self {
        Self { certified: stream.io().certified.clone(), ..Self::at(*stream.remote_addr()) }
    }
}

impl Listener for Seats {
    type Io = Seat;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Seat, SocketAddr) {
        // The semaphore is never closed, so there is always a permit in the end.
        let permit = self.free.clone().acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        let stream = match &self.tls {
            Some((tls, guard)) => Stream::Greeting(Box::new(tls.accept(stream)), guard.clone(), peer),
            None => Stream::Plain(stream),
        };
        (Seat::new(stream, permit), peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends after `ADMIN_IDLE` in which its peer takes nothing. What it says begins that time anew once until it is
/// told something: otherwise an octet now and then would hold a seat for ever.
pub(super) struct Seat<S = TcpStream> {
    stream: Stream<S>,
    certified: Arc<AtomicBool>,
    silence: Pin<Box<Sleep>>,
    /// Whether it has said something since it was told something last.
    is_asking: bool,
    _permit: Option<OwnedSemaphorePermit>,
}

/// What a connection is made of.
enum Stream<S> {
    Plain(S),
    /// A handshake under way.
    Greeting(Box<Accept<S>>, Arc<Guard>, SocketAddr),
    Tls(Box<TlsStream<S>>),
}

impl<S: Duplex> Seat<S> {
    fn new(stream: Stream<S>, permit: Option<OwnedSemaphorePermit>) -> Self {
        let silence = Box::pin(sleep(ADMIN_IDLE));
        Self { stream, certified: Arc::default(), silence, is_asking: false, _permit: permit }
    }

    /// The octets within, once a handshake is through.
    fn poll_through(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        if let Stream::Greeting(greeting, guard, peer) = &mut self.stream {
            match ready!(Pin::new(greeting).poll(context)) {
                Ok(stream) => {
                    let is_certified = stream.get_ref().1.peer_certificates().is_some();
                    self.certified.store(is_certified, Ordering::Relaxed);
                    self.stream = Stream::Tls(Box::new(stream));
                }
                Err(error) => {
                    refusal(&error).into_iter().for_each(|why| guard.tell_handshake(*peer, &why));
                    return Poll::Ready(Err(error));
                }
            }
        }
        match &mut self.stream {
            Stream::Plain(stream) => Poll::Ready(Ok(Pin::new(stream))),
            Stream::Tls(stream) => Poll::Ready(Ok(Pin::new(&mut **stream))),
            Stream::Greeting(..) => Poll::Pending,
        }
    }
}

/// What octets come and go through.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Duplex for S {}

impl<S: Duplex> AsyncRead for Seat<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let seat = self.get_mut();
        let read = match seat.poll_through(context) {
            Poll::Ready(Ok(stream)) => stream.poll_read(context, octets),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        if read.is_ready() {
            if !std::mem::replace(&mut seat.is_asking, true) {
                seat.silence.as_mut().reset(Instant::now() + ADMIN_IDLE);
            }
        } else if seat.silence.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: Duplex> AsyncWrite for Seat<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let seat = self.get_mut();
        let written = ready!(seat.poll_through(context))?.poll_write(context, octets);
        if matches!(written, Poll::Ready(Ok(1..))) {
            seat.is_asking = false;
            seat.silence.as_mut().reset(Instant::now() + ADMIN_IDLE);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().poll_through(context))?.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.get_mut().poll_through(context))?.poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests;
