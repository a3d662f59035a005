//! One conversation: length-prefixed messages in, answers out as they are ready, over any stream of octets (RFC 7766).
//!
//! What can be answered at once is answered in the order in which it was asked. A question for which others must be asked
//! first holds up nothing: its answer is sent when it is there (RFC 7766 section 7). Nothing more is read from a peer that
//! does not take its answers, or for which `STREAM_LATER_MAX` answers are still sought.

use super::told_to_stop;
use crate::lane::HEADER;
use crate::lane::full::{Many, Said};
use crate::limits::{
    STREAM_ANSWERS_MAX, STREAM_FAREWELL, STREAM_LAST_TALK, STREAM_LAST_WORD, STREAM_LATER_MAX, STREAM_MESSAGE,
    STREAM_QUESTIONS_MAX, STREAM_READ, STREAM_STUCK,
};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

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

/// Holds a conversation until it ends, and takes leave. Where `answer` says that silence is the answer, that is the end of a
/// stream; it is told how long the peer may be silent then. `idle` says how long that is now. After `stop`, what was on its way to us is
/// still answered: the conversation ends once nothing has come for `STREAM_LAST_WORD`, or between two messages after
/// `STREAM_LAST_TALK`.
pub(super) async fn hold<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    answer: impl Fn(&[u8], Duration) -> Said,
    idle: impl Fn() -> Duration,
    stop: watch::Receiver<bool>,
) -> End {
    let mut talk = Talk {
        stream,
        answer,
        inbox: Inbox::default(),
        outbox: Vec::new(),
        later: JoinSet::new(),
        since: Instant::now(),
        idle: Duration::ZERO,
        left: STREAM_QUESTIONS_MAX,
        leaving: None,
    };
    let end = match talk.go_on(idle, stop).await {
        Ok(end) => talk.answer_the_rest().await.err().unwrap_or(end),
        Err(end) => end,
    };
    drop(talk);
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
    /// Answers that are still sought; they end with the conversation.
    later: JoinSet<Option<Vec<u8>>>,
    /// Since when we wait for the peer: for the rest of a message, or for the next one.
    since: Instant,
    /// How long the peer may be silent after the next answer; zero where no more is read.
    idle: Duration,
    /// Questions that may still be asked.
    left: usize,
    /// When we were told to stop.
    leaving: Option<Instant>,
}

impl<S: AsyncRead + AsyncWrite + Unpin, A: Fn(&[u8], Duration) -> Said> Talk<'_, S, A> {
    /// Until nothing more is to be read. An error is an end after which nothing can be said either.
    async fn go_on(&mut self, idle: impl Fn() -> Duration, mut stop: watch::Receiver<bool>) -> Result<End, End> {
        loop {
            let idle = if self.leaving.is_some() { STREAM_LAST_WORD } else { idle() };
            self.idle = if *stop.borrow() { Duration::ZERO } else { idle };
            let at_the_end = if self.leaving.is_some() { End::CutShort } else { End::Quiet };
            let (deadline, full, begins) = (self.deadline(idle), self.is_full(), self.inbox.is_empty());
            let go_on = tokio::select! {
                // What is ready goes out before more is read, and what has arrived is answered before a stop is obeyed.
                biased;
                Some(found) = self.later.join_next() => self.take_found(found.ok().flatten(), full).await?,
                more = self.inbox.read(self.stream), if !full => match more {
                    Ok(true) => self.take_read(begins).await?,
                    _ => return Ok(End::Quiet),
                },
                () = told_to_stop(&mut stop), if self.leaving.is_none() => self.begin_to_leave(),
                () = sleep_until(deadline.unwrap_or_else(Instant::now)), if deadline.is_some() => return Ok(at_the_end),
            };
            if !go_on {
                return Ok(End::CutShort);
            }
            self.write().await?;
            let is_late = self.leaving.is_some_and(|since| since.elapsed() >= STREAM_LAST_TALK);
            if is_late && self.inbox.is_empty() && self.later.is_empty() {
                return Ok(End::CutShort);
            }
        }
    }

    /// A question may be on its way to us, and more than that is not waited for.
    fn begin_to_leave(&mut self) -> bool {
        let now = Instant::now();
        self.leaving = Some(now);
        if self.inbox.is_empty() {
            self.since = now;
        }
        true
    }

    /// When we will have waited for the peer for too long; `None` while it waits for us.
    fn deadline(&self, idle: Duration) -> Option<Instant> {
        let patience = match self.inbox.is_empty() {
            _ if self.is_full() => None,
            true => self.later.is_empty().then(|| self.since + idle),
            false => Some(self.since + STREAM_MESSAGE),
        };
        let last = self.leaving.map(|since| since + STREAM_LAST_TALK);
        patience.map(|patience| last.map_or(patience, |last| patience.min(last)))
    }

    fn is_full(&self) -> bool {
        self.later.len() >= STREAM_LATER_MAX
    }

    /// Takes what was read, of which the first octet begins a message where `begins` says so; false where the conversation ends.
    async fn take_read(&mut self, begins: bool) -> Result<bool, End> {
        if begins {
            self.since = Instant::now();
        }
        self.answer_all().await
    }

    /// Answers every whole message while more may be sought; false where the conversation ends.
    async fn answer_all(&mut self) -> Result<bool, End> {
        while !self.is_full() {
            let Some(question) = self.inbox.next() else { break };
            self.left -= 1;
            let idle = if self.left == 0 { Duration::ZERO } else { self.idle };
            let said = (self.answer)(question, idle);
            let goes_on = self.left > 0 && !said.ends_a_stream();
            match said {
                Said::Now(answer) | Said::Last(answer) => frame(&answer, &mut self.outbox),
                Said::Later(answer) => drop(self.later.spawn(answer)),
                Said::Many(messages) => self.say_many(messages).await?,
                Said::Nothing => {}
            }
            if !goes_on {
                return Ok(false);
            }
            self.since = Instant::now();
            if self.outbox.len() >= STREAM_ANSWERS_MAX {
                self.write().await?;
            }
        }
        self.inbox.tidy();
        Ok(true)
    }

    /// Says what is too large for one message. Each is made when the one before it is taken; nothing else is said until the last,
    /// which leaves whoever asks for a zone to ask nothing else meanwhile, as secondaries do.
    async fn say_many(&mut self, messages: Many) -> Result<(), End> {
        for message in messages {
            frame(&message, &mut self.outbox);
            self.write().await?;
        }
        Ok(())
    }

    /// Says an answer that was sought, and takes what waited for its place; false where the conversation ends.
    async fn take_found(&mut self, answer: Option<Vec<u8>>, was_full: bool) -> Result<bool, End> {
        let Some(answer) = answer else { return Ok(false) };
        frame(&answer, &mut self.outbox);
        if was_full || self.inbox.is_empty() {
            self.since = Instant::now();
        }
        self.answer_all().await
    }

    /// Says what is still to be said. An error is the end after which nothing can be.
    async fn answer_the_rest(&mut self) -> Result<(), End> {
        self.write().await?;
        while let Some(found) = self.later.join_next().await {
            found.ok().flatten().iter().for_each(|answer| frame(answer, &mut self.outbox));
            self.write().await?;
        }
        Ok(())
    }

    async fn write(&mut self) -> Result<(), End> {
        if self.outbox.is_empty() {
            return Ok(());
        }
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

/// What was read and not yet answered.
#[derive(Default)]
struct Inbox {
    octets: Vec<u8>,
    /// Where the first message that was not taken begins.
    at: usize,
}

impl Inbox {
    /// Whether nothing waits to be answered or completed.
    fn is_empty(&self) -> bool {
        self.octets.is_empty()
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
