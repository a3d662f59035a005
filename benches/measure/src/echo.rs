//! A bare echo: the least that a server on this kernel can do for a datagram, and so the limit for all of them.

use crate::sys::{Batch, Peers, roomy};
use std::io;
use std::net::{SocketAddr, UdpSocket};

/// Datagrams for each call.
const BATCH: usize = 64;
/// The QR bit in the third octet of a DNS header.
const QR: u8 = 0x80;

/// Echoes until the process is killed.
pub(crate) fn run(listen: SocketAddr) -> io::Result<()> {
    let socket = UdpSocket::bind(listen)?;
    roomy(&socket)?;
    let mut batch = Batch::new(BATCH, Peers::Keep);
    loop {
        let count = batch.receive(&socket, BATCH, true)?;
        for i in 0..count {
            let question = batch.received(i);
            if let Some(flags) = question.get_mut(2) {
                *flags |= QR;
            }
            let length = question.len();
            batch.set_length(i, length);
        }
        // What a full buffer leaves unsent is dropped.
        batch.send(&socket, count)?;
    }
}
