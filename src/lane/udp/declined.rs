//! What the fast lanes decline: a queue, and the task that has the full lane answer it.
//!
//! The queue is bounded, and what others must be asked for is bounded by who asks them. Answers go out by the socket on which the
//! question came, from the address that was asked. When the lanes have ended, the task answers what is left and ends too.

use crate::lane::Peer;
use crate::lane::envelope::Envelope;
use crate::lane::full::{Full, Said};
use crate::lane::mmsg;
use crate::limits::STREAM_DRAIN;
use std::iter;
use std::net::UdpSocket;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// A question, and the way back to who asked.
#[derive(Debug)]
pub(in crate::lane) struct Declined {
    socket: Arc<UdpSocket>,
    envelope: Envelope,
    question: Vec<u8>,
    /// Whether its client is over its limit.
    over: bool,
}

impl Declined {
    pub(super) fn new(socket: Arc<UdpSocket>, envelope: Envelope, question: &[u8], over: bool) -> Self {
        Self { socket, envelope, question: question.to_vec(), over }
    }

    fn send(&self, answer: &[u8]) {
        // That it cannot be sent concerns this client alone.
        let _ = mmsg::send(&self.socket, iter::once((&self.envelope, answer)));
    }
}

/// Answers what is declined until every lane has ended.
pub(in crate::lane) async fn serve(mut queue: mpsc::Receiver<Declined>, full: Full) {
    let mut later = JoinSet::new();
    while let Some(declined) = queue.recv().await {
        let Some(client) = declined.envelope.client() else { continue };
        match full.message(&declined.question, &Peer { over: declined.over, ..Peer::datagram(client) }) {
            Said::Now(answer) | Said::Last(answer) => declined.send(&answer),
            Said::Later(answer) => {
                later.spawn(async move {
                    if let Some(answer) = answer.await {
                        declined.send(&answer);
                    }
                });
                while later.try_join_next().is_some() {}
            }
            // Over UDP no zone is transferred.
            Said::Many(_) | Said::Nothing => {}
        }
    }
    let all = async { while later.join_next().await.is_some() {} };
    // What is not there by then is given up.
    let _ = tokio::time::timeout(STREAM_DRAIN, all).await;
}
