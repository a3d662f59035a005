//! Clients that ask over TCP and TLS all the time, each in its manner, while servers come and go beneath them.
//!
//! What a client does when a connection is closed between its questions is its own business. What must not happen is said in
//! `Talked::wrong`: no connection, no handshake, a reset, a question that was sent and not answered.

use crate::common::GENEROUS;
use crate::common::dns::{RecordType, question, with_edns};
use crate::common::tls::{self, shake};
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::opt::{EdnsCode, EdnsOption};
use rustls::ClientConfig;
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two questions of a client that keeps its connection.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two answers that are taken: the servers need the processor too.
const BREATH: Duration = Duration::from_millis(2);
/// Questions on the way at any time.
const WINDOW: usize = 8;
/// Questions on a short connection.
const FEW: u16 = 5;
/// edns-tcp-keepalive (RFC 7828).
const KEEPALIVE: u16 = 11;

/// Where a client connects.
#[derive(Clone)]
pub(crate) enum Way {
    Tcp(SocketAddr),
    Tls(SocketAddr, Arc<ClientConfig>),
}

/// How a client uses a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// A few questions one after the other, then the next connection.
    Brief,
    /// A question now and then, for as long as the server keeps the connection. Looks whether it was closed before it asks.
    Lasting,
    /// Many questions on the way, until the server says that it will not wait for more.
    Window,
}

/// Clients at work.
pub(crate) struct Talkers {
    stop: Arc<AtomicBool>,
    talkers: Vec<(Manner, JoinHandle<Talked>)>,
}

/// What became of it.
#[derive(Debug, Default)]
pub(crate) struct Talked {
    pub(crate) answered: u64,
    /// Connections that the server ended, in order, or asked us to end.
    pub(crate) ended: u64,
    pub(crate) wrong: Vec<String>,
}

impl Talkers {
    /// One client of each manner.
    pub(crate) fn start(way: &Way) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let talkers = [Manner::Brief, Manner::Lasting, Manner::Window].map(|manner| {
            let talker = Talker { way: way.clone(), manner, stop: stop.clone() };
            (manner, std::thread::spawn(move || talker.talk()))
        });
        Self { stop, talkers: talkers.into() }
    }

    /// Ends them.
    pub(crate) fn end(self) -> Vec<(Manner, Talked)> {
        self.stop.store(true, Relaxed);
        self.talkers.into_iter().map(|(manner, talker)| (manner, talker.join().unwrap())).collect()
    }
}

struct Talker {
    way: Way,
    manner: Manner,
    stop: Arc<AtomicBool>,
}

impl Talker {
    fn talk(&self) -> Talked {
        let mut talked = Talked::default();
        let manner = match self.manner {
            Manner::Brief => Self::brief,
            Manner::Lasting => Self::lasting,
            Manner::Window => Self::window,
        };
        while !self.stop.load(Relaxed) {
            let done = self.way.open().and_then(|mut line| manner(self, &mut line, &mut talked));
            talked.wrong.extend(done.err().map(|error| error.to_string()));
        }
        talked
    }

    fn brief(&self, line: &mut Line, talked: &mut Talked) -> io::Result<()> {
        for id in 0..FEW {
            line.ask(id)?;
            line.answer_to(id)?;
            talked.answered += 1;
            std::thread::sleep(BREATH);
        }
        Ok(())
    }

    fn lasting(&self, line: &mut Line, talked: &mut Talked) -> io::Result<()> {
        while !self.stop.load(Relaxed) {
            if line.was_closed(PAUSE)? {
                talked.ended += 1;
                break;
            }
            line.ask(1)?;
            line.answer_to(1)?;
            talked.answered += 1;
        }
        Ok(())
    }

    fn window(&self, line: &mut Line, talked: &mut Talked) -> io::Result<()> {
        let (mut waiting, mut next, mut is_leaving) = (BTreeSet::new(), 0, false);
        loop {
            while !is_leaving && !self.stop.load(Relaxed) && waiting.len() < WINDOW {
                line.ask(next)?;
                waiting.insert(next);
                next = next.wrapping_add(1);
            }
            if waiting.is_empty() {
                return Ok(());
            }
            let answer = line.answer()?;
            if !waiting.remove(&answer.metadata.id) {
                return Err(io::Error::other("an answer to nothing that was asked"));
            }
            talked.answered += 1;
            if !is_leaving && is_told_to_leave(&answer) {
                (is_leaving, talked.ended) = (true, talked.ended + 1);
            }
            std::thread::sleep(BREATH);
        }
    }
}

impl Way {
    /// A connection, over TLS after its handshake.
    pub(crate) fn open(&self) -> io::Result<Line> {
        match self {
            Self::Tcp(server) => {
                let stream = TcpStream::connect_timeout(server, GENEROUS)?;
                stream.set_read_timeout(Some(GENEROUS))?;
                Ok(Line::Tcp(stream))
            }
            Self::Tls(server, client) => {
                let mut stream = tls::open(client, *server)?;
                shake(&mut stream)?;
                Ok(Line::Tls(Box::new(stream)))
            }
        }
    }
}

/// A connection over which questions can be asked.
pub(crate) enum Line {
    Tcp(TcpStream),
    Tls(Box<tls::Stream>),
}

impl Line {
    /// Sends a question.
    pub(crate) fn ask(&mut self, id: u16) -> io::Result<()> {
        self.write_all(&asked(id))?;
        self.flush()
    }

    /// The next answer; where the connection ends instead, that is an error.
    pub(crate) fn answer(&mut self) -> io::Result<Message> {
        let mut length = [0; 2];
        self.read_exact(&mut length)?;
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        self.read_exact(&mut answer)?;
        Message::from_vec(&answer).map_err(io::Error::other)
    }

    /// The next answer, which must be to this question and name an address.
    pub(crate) fn answer_to(&mut self, id: u16) -> io::Result<()> {
        let answer = self.answer()?;
        let is_it = answer.metadata.id == id && answer.answers.len() == 1;
        if is_it { Ok(()) } else { Err(io::Error::other(format!("not the answer to {id}: {answer:?}"))) }
    }

    /// Whether the server ends the connection, in order, within that time.
    pub(crate) fn was_closed(&mut self, within: Duration) -> io::Result<bool> {
        self.socket().set_read_timeout(Some(within))?;
        let read = self.read(&mut [0]);
        self.socket().set_read_timeout(Some(GENEROUS))?;
        match read {
            Ok(0) => Ok(true),
            Ok(_) => Err(io::Error::other("an answer to nothing that was asked")),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn socket(&self) -> &TcpStream {
        match self {
            Self::Tcp(stream) => stream,
            Self::Tls(stream) => &stream.sock,
        }
    }
}

impl Read for Line {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(octets),
            Self::Tls(stream) => stream.read(octets),
        }
    }
}

impl Write for Line {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(octets),
            Self::Tls(stream) => stream.write(octets),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

/// A question with its length, by a client that wants to be told how long it may be silent.
pub(crate) fn asked(id: u16) -> Vec<u8> {
    let mut message = with_edns(question("sip.contoso.com", RecordType::A), 1232);
    message.metadata.id = id;
    message.edns.as_mut().unwrap().options_mut().insert(EdnsOption::Unknown(KEEPALIVE, Vec::new()));
    let octets = message.to_vec().unwrap();
    [&u16::try_from(octets.len()).unwrap().to_be_bytes()[..], &octets].concat()
}

/// Whether the server says that it waits for no more questions (RFC 7828 section 3.2.2: a timeout of zero).
fn is_told_to_leave(answer: &Message) -> bool {
    let option = answer.edns.as_ref().and_then(|edns| edns.option(EdnsCode::from(KEEPALIVE)));
    matches!(option, Some(EdnsOption::Unknown(_, octets)) if octets.iter().all(|&octet| octet == 0))
}
