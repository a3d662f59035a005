//! One conversation: length-prefixed messages in, answers out in their order, over any stream of octets (RFC 7766).
//!
//! Answers are computed as fast as they are read, so there is nothing to do side by side: read until a whole message is
//! there, answer every whole message, write, read on. While a peer does not take its answers, nothing more is read from it.

use super::told_to_stop;
use crate::lane::HEADER;
use crate::limits::{
    STREAM_ANSWERS_MAX, STREAM_FAREWELL, STREAM_MESSAGE, STREAM_QUESTIONS_MAX, STREAM_READ, STREAM_STUCK,
};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::time::timeout;

/// Octets of the length before each message (RFC 1035 section 4.2.2).
const PREFIX: usize = 2;

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Between messages, or by the peer: nothing is on its way to us.
    Quiet,
    /// By us, while the peer may still be sending.
    CutShort,
    /// The peer does not take its answers.
    Stuck,
}

/// Holds a conversation until it ends, and takes leave. `answer` gives `None` where silence is the answer, which on a stream
/// is its end; `idle` says how long the peer may now be silent; `stop` ends it before the next message.
pub(super) async fn hold<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    answer: impl Fn(&[u8]) -> Option<Vec<u8>>,
    idle: impl Fn() -> Duration,
    stop: watch::Receiver<bool>,
) -> End {
    let mut talk = Talk { stream, answer, inbox: Inbox::default(), outbox: Vec::new(), left: STREAM_QUESTIONS_MAX };
    let end = talk.go_on(idle, stop).await;
    match end {
        // Over TLS it may have to wait for room to say so.
        End::Quiet => drop(timeout(STREAM_FAREWELL, stream.shutdown()).await),
        End::CutShort => drop(timeout(STREAM_FAREWELL, farewell(stream)).await),
        End::Stuck => {}
    }
    end
}

/// Ends our side and reads what is on its way: closed with octets unread, the system would reset the connection, and the
/// peer lose the answers that it has not read yet.
async fn farewell<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> io::Result<()> {
    stream.shutdown().await?;
    let mut unread = [0; 512];
    while stream.read(&mut unread).await? > 0 {}
    Ok(())
}

struct Talk<'s, S, A> {
    stream: &'s mut S,
    answer: A,
    inbox: Inbox,
    /// Answers with their lengths, each whole.
    outbox: Vec<u8>,
    /// Questions that may still be asked.
    left: usize,
}

impl<S: AsyncRead + AsyncWrite + Unpin, A: Fn(&[u8]) -> Option<Vec<u8>>> Talk<'_, S, A> {
    async fn go_on(&mut self, idle: impl Fn() -> Duration, mut stop: watch::Receiver<bool>) -> End {
        loop {
            let there_is_more = tokio::select! {
                // What has arrived is answered before a stop is obeyed.
                biased;
                more = self.inbox.fill(self.stream, idle()) => more.unwrap_or(false),
                () = told_to_stop(&mut stop) => false,
            };
            if !there_is_more {
                return End::Quiet;
            }
            if let Err(end) = self.answer_all().await {
                return end;
            }
        }
    }

    /// Answers every whole message.
    async fn answer_all(&mut self) -> Result<(), End> {
        while let Some(question) = self.inbox.next() {
            self.left -= 1;
            let answer = (self.answer)(question);
            let goes_on = self.left > 0 && answer.as_ref().is_some_and(|answer| !is_formerr(answer));
            if let Some(answer) = &answer {
                frame(answer, &mut self.outbox);
            }
            if !goes_on {
                self.write().await?;
                return Err(End::CutShort);
            }
            if self.outbox.len() >= STREAM_ANSWERS_MAX {
                self.write().await?;
            }
        }
        self.inbox.tidy();
        self.write().await
    }

    async fn write(&mut self) -> Result<(), End> {
        let written = async {
            self.stream.write_all(&self.outbox).await?;
            self.stream.flush().await
        };
        match timeout(STREAM_STUCK, written).await {
            Ok(Ok(())) => {
                self.outbox = Vec::new();
                Ok(())
            }
            Ok(Err(_)) => Err(End::Quiet),
            Err(_) => Err(End::Stuck),
        }
    }
}

/// Length and message in one piece: two writes would be two segments (RFC 7766 section 8).
fn frame(answer: &[u8], outbox: &mut Vec<u8>) {
    // An answer is encoded within 64 KiB; one that were not could not be framed.
    let Ok(length) = u16::try_from(answer.len()) else { return };
    outbox.extend_from_slice(&length.to_be_bytes());
    outbox.extend_from_slice(answer);
}

/// A peer that was not understood once is not believed to have said where its next message begins.
fn is_formerr(answer: &[u8]) -> bool {
    answer.get(3).is_some_and(|flags| flags & 0x0f == 1)
}

/// What was read and not yet answered.
#[derive(Default)]
struct Inbox {
    octets: Vec<u8>,
    /// Where the first message that was not taken begins.
    at: usize,
}

impl Inbox {
    /// Reads until a whole message is there; false where the peer ends instead, or where it takes too long.
    async fn fill<S: AsyncRead + Unpin>(&mut self, stream: &mut S, idle: Duration) -> io::Result<bool> {
        if self.octets.is_empty() && !timeout(idle, self.read(stream)).await?? {
            return Ok(false);
        }
        let rest = async {
            while self.end().is_none() {
                if !self.read(stream).await? {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        timeout(STREAM_MESSAGE, rest).await?
    }

    /// Reads what there is; false at the end. Nothing is lost where it is dropped while it waits.
    async fn read<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> io::Result<bool> {
        self.octets.reserve(STREAM_READ);
        Ok(stream.read_buf(&mut self.octets).await? > 0)
    }

    /// The next whole message. One that is announced shorter than any header is empty, whatever follows.
    fn next(&mut self) -> Option<&[u8]> {
        let (start, end) = (self.at + PREFIX, self.end()?);
        self.at = end;
        Some(&self.octets[start..end])
    }

    /// Where the next message ends, if it is whole.
    fn end(&self) -> Option<usize> {
        let start = self.at + PREFIX;
        let prefix = self.octets.get(self.at..start)?;
        let length = usize::from(u16::from_be_bytes([prefix[0], prefix[1]]));
        let end = if length < HEADER { start } else { start + length };
        (end <= self.octets.len()).then_some(end)
    }

    /// Forgets what was taken, and the room that it needed.
    fn tidy(&mut self) {
        if self.at == self.octets.len() {
            self.octets = Vec::new();
        } else {
            self.octets.drain(..self.at);
        }
        self.at = 0;
    }
}

#[cfg(test)]
mod tests;
