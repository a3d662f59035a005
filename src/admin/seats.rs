//! The admin listener's connections: few, and none that sits there in silence.
//!
//! A connection holds a descriptor that a probe may need. Those beyond the bound wait in the system's queue, where they cost
//! us nothing.

use crate::limits::{ADMIN_CONNECTIONS_MAX, ADMIN_IDLE};
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};

/// A listener with so many seats.
pub(super) struct Seats {
    listener: TcpListener,
    free: Arc<Semaphore>,
}

impl Seats {
    pub(super) fn new(listener: TcpListener) -> Self {
        Self { listener, free: Arc::new(Semaphore::new(ADMIN_CONNECTIONS_MAX)) }
    }
}

/// Where a request came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer(pub(super) SocketAddr);

impl Connected<IncomingStream<'_, Seats>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Seats>) -> Self {
        Self(*stream.remote_addr())
    }
}

impl Listener for Seats {
    type Io = Seat;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Seat, SocketAddr) {
        // The semaphore is never closed, so there is always a permit in the end.
        let permit = self.free.clone().acquire_owned().await.ok();
        let (stream, peer) = Listener::accept(&mut self.listener).await;
        (Seat { stream, silence: Box::pin(sleep(ADMIN_IDLE)), _permit: permit }, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends after `ADMIN_IDLE` in which its peer says nothing and takes nothing.
pub(super) struct Seat {
    stream: TcpStream,
    silence: Pin<Box<Sleep>>,
    _permit: Option<OwnedSemaphorePermit>,
}

impl AsyncRead for Seat {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let seat = self.get_mut();
        let read = Pin::new(&mut seat.stream).poll_read(context, octets);
        if read.is_ready() {
            seat.silence.as_mut().reset(Instant::now() + ADMIN_IDLE);
        } else if seat.silence.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Seat {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let seat = self.get_mut();
        let written = Pin::new(&mut seat.stream).poll_write(context, octets);
        if matches!(written, Poll::Ready(Ok(1..))) {
            seat.silence.as_mut().reset(Instant::now() + ADMIN_IDLE);
        }
        written
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
