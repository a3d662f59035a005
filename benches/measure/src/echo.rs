//! A bare echo: the least that a server on this kernel can do for a datagram, and so the limit for all of them.
//!
//! Its answers can be longer, and it can work for each: what answers of the length that ours have would leave of the limit, and what any
//! work of that time would.

use crate::sys::{Batch, Peers, roomy};
use std::hint::black_box;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

/// Datagrams for each call.
const BATCH: usize = 64;
/// The QR bit in the third octet of a DNS header.
const QR: u8 = 0x80;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Where.
    listen: SocketAddr,
    /// Octets that each answer has more than its question.
    #[arg(long, default_value_t = 0)]
    longer: usize,
    /// Nanoseconds of work for each answer.
    #[arg(long, default_value_t = 0)]
    work: u32,
}

/// Echoes until the process is killed.
pub(crate) fn run(options: &Options) -> io::Result<()> {
    let socket = UdpSocket::bind(options.listen)?;
    roomy(&socket)?;
    let mut batch = Batch::new(BATCH, Peers::Keep);
    let steps = if options.work == 0 { 0 } else { steps_in(Duration::from_nanos(options.work.into())) };
    let mut worked = 1;
    loop {
        let count = batch.receive(&socket, BATCH, true)?;
        for i in 0..count {
            let question = batch.received(i);
            if let Some(flags) = question.get_mut(2) {
                *flags |= QR;
            }
            let length = question.len() + options.longer;
            batch.set_length(i, length);
            worked = work(worked, steps);
        }
        // What a full buffer leaves unsent is dropped.
        batch.send(&socket, count)?;
    }
}

/// Steps of arithmetic of which each waits for the one before, also for those of the last answer; they touch no memory.
fn work(before: u64, steps: u64) -> u64 {
    (0..steps).fold(before, |x, _| black_box(x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1)))
}

/// How many take so long on this core.
fn steps_in(time: Duration) -> u64 {
    const MANY: u64 = 20_000_000;
    let began = Instant::now();
    black_box(work(1, MANY));
    (MANY as f64 * time.as_secs_f64() / began.elapsed().as_secs_f64()) as u64
}
