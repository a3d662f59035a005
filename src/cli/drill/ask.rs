//! What DNS says meanwhile: one question asked again and again over UDP, as its clients ask it.
//!
//! Here: the question, what its answers say of one pool, and a thread that tells when that changes. Not here: what follows.

use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::rdata::opt::{ClientSubnet, EdnsOption};
use hickory_proto::rr::{Name, RData, RecordType};
use std::collections::HashSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::str::FromStr as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Between two questions: what is measured is exact to this.
const PAUSE: Duration = Duration::from_millis(10);
/// For an answer of a server near by.
const PATIENCE: Duration = Duration::from_secs(1);
/// What we say that we take over UDP.
const DATAGRAM: u16 = 1232;

/// What is asked, and how a pool is known in the answers.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) dns: SocketAddr,
    pub(super) name: String,
    pub(super) kind: RecordType,
    /// On behalf of whom, as a prefix.
    pub(super) client: Option<(IpAddr, u8)>,
    /// The pool's addresses and its own name.
    pub(super) addresses: HashSet<IpAddr>,
    pub(super) fqdn: Option<String>,
}

/// One answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sight {
    pub(super) at: Instant,
    /// Whether it names the pool.
    pub(super) names_pool: bool,
    /// How long whoever got it keeps it.
    pub(super) ttl: Duration,
}

impl Question {
    /// Asks once.
    pub(super) fn ask(&self) -> io::Result<Sight> {
        self.ask_on(&self.socket()?)
    }

    fn socket(&self) -> io::Result<UdpSocket> {
        let any: IpAddr = if self.dns.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
        socket.connect(self.dns)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(socket)
    }

    fn ask_on(&self, socket: &UdpSocket) -> io::Result<Sight> {
        let mut question = Message::query();
        let mut name = Name::from_str(&self.name).map_err(io::Error::other)?;
        name.set_fqdn(true);
        question.add_query(Query::query(name, self.kind));
        let mut edns = Edns::new();
        edns.set_max_payload(DATAGRAM).set_version(0);
        if let Some((address, length)) = self.client {
            edns.options_mut().insert(EdnsOption::Subnet(ClientSubnet::new(address, length, 0)));
        }
        question.set_edns(edns);
        socket.send(&question.to_vec().map_err(io::Error::other)?)?;
        let mut answer = [0; DATAGRAM as usize];
        loop {
            let length = socket.recv(&mut answer)?;
            let read = Message::from_vec(&answer[..length]).map_err(io::Error::other)?;
            // An answer that came too late for the question before is not this one's.
            if read.metadata.id == question.metadata.id {
                return Ok(self.sight(&read));
            }
        }
    }

    fn sight(&self, answer: &Message) -> Sight {
        let is_pool = |data: &RData| match data {
            RData::A(a) => self.addresses.contains(&IpAddr::V4(a.0)),
            RData::AAAA(aaaa) => self.addresses.contains(&IpAddr::V6(aaaa.0)),
            RData::SRV(srv) => {
                let target = srv.target.to_ascii();
                self.fqdn.as_deref().is_some_and(|fqdn| target.trim_end_matches('.').eq_ignore_ascii_case(fqdn))
            }
            _ => false,
        };
        // Clients take the first of what is answered; addresses beside an SRV are those of its target.
        let first = answer.answers.first().into_iter().chain(&answer.additionals);
        let ttl = answer.answers.iter().map(|record| record.ttl).max().unwrap_or(0);
        Sight {
            at: Instant::now(),
            names_pool: first.map(|record| &record.data).any(is_pool),
            ttl: Duration::from_secs(ttl.into()),
        }
    }
}

/// A thread that asks until it is dropped.
pub(super) struct Watch {
    changes: Receiver<Change>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The answers turned: the last of the old kind, and the first of the new.
#[derive(Clone, Copy, Debug)]
pub(super) struct Change {
    pub(super) last: Sight,
    pub(super) first: Sight,
}

impl Watch {
    /// Begins with this answer. A question in vain is asked again.
    pub(super) fn start(question: Question, mut last: Sight) -> io::Result<Self> {
        let socket = question.socket()?;
        let (told, changes) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = stop.clone();
        let thread = std::thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                if let Ok(sight) = question.ask_on(&socket) {
                    let change = Change { last, first: sight };
                    last = sight;
                    if change.last.names_pool != sight.names_pool && told.send(change).is_err() {
                        return;
                    }
                }
                std::thread::sleep(PAUSE);
            }
        });
        Ok(Self { changes, stop, thread: Some(thread) })
    }

    /// The next change within so long.
    pub(super) fn change(&self, patience: Duration) -> Option<Change> {
        self.changes.recv_timeout(patience).ok()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // It panics nowhere; where it did, that was reported.
            let _ = thread.join();
        }
    }
}
