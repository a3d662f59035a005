//! Questions all the time, and a count of those that got no answer.

use super::dns::{RecordType, question, receive};
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

/// A datagram over loopback comes at once; a machine that is busy with other tests may take seconds.
const LOST_AFTER: Duration = Duration::from_secs(5);
/// Between two questions of one client: what is tried beside it needs the processor too.
const PAUSE: Duration = Duration::from_micros(200);
/// Questions of one UDP client that wait for their answers at any time.
const WINDOW: usize = 8;
/// Questions that a client asks on one connection.
const ON_ONE_CONNECTION: usize = 20;

/// Clients at work.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
    clients: Vec<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    lost: AtomicU64,
}

/// What became of all questions.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Those that were answered.
    pub(crate) answered: u64,
    /// Datagrams without an answer, and connections that ended before theirs.
    pub(crate) lost: u64,
}

impl Load {
    /// So many UDP clients, and as many TCP clients of which each asks on one connection after the other.
    pub(crate) fn start(server: SocketAddr, name: &str, udp: usize, tcp: usize) -> Self {
        let (stop, counts) = (Arc::<AtomicBool>::default(), Arc::<Counts>::default());
        let kinds = [(udp, datagrams as fn(&Client) -> io::Result<()>), (tcp, connection)];
        let clients = kinds.into_iter().flat_map(|(count, work)| (0..count).map(move |_| work)).map(|work| {
            let octets = question(name, RecordType::A).to_vec().unwrap();
            let client = Client { server, octets, stop: stop.clone(), counts: counts.clone() };
            std::thread::spawn(move || {
                while !client.stop.load(Relaxed) {
                    if let Err(error) = work(&client) {
                        eprintln!("a question was lost: {error}");
                        client.counts.lost.fetch_add(1, Relaxed);
                    }
                }
            })
        });
        let clients = clients.collect();
        Self { stop, counts, clients }
    }

    /// Questions answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.counts.answered.load(Relaxed)
    }

    /// Ends the questions, waits for the last answers and counts.
    pub(crate) fn end(self) -> Asked {
        self.stop.store(true, Relaxed);
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        Asked { answered: self.counts.answered.load(Relaxed), lost: self.counts.lost.load(Relaxed) }
    }
}

struct Client {
    server: SocketAddr,
    octets: Vec<u8>,
    stop: Arc<AtomicBool>,
    counts: Arc<Counts>,
}

impl Client {
    /// The question under another id.
    fn numbered(&self, id: u16) -> Vec<u8> {
        [&id.to_be_bytes(), &self.octets[2..]].concat()
    }

    fn is_answer(answer: &[u8], id: u16) -> bool {
        answer[..2] == id.to_be_bytes() && answer[3] & 0x0f == 0
    }
}

/// A window of questions over UDP, as a resolver has: a lost one is an error.
fn datagrams(client: &Client) -> io::Result<()> {
    let socket = UdpSocket::bind((client.server.ip(), 0))?;
    socket.connect(client.server)?;
    socket.set_read_timeout(Some(LOST_AFTER))?;
    let mut waiting: Vec<u16> = Vec::new();
    for id in 0..u16::MAX {
        while !client.stop.load(Relaxed) && waiting.len() < WINDOW {
            let id = id.wrapping_add(waiting.len() as u16);
            // Each id is asked once.
            waiting.push(id);
            socket.send(&client.numbered(id))?;
        }
        if waiting.is_empty() {
            break;
        }
        let answer = receive(&socket)?;
        std::thread::sleep(PAUSE);
        let place = waiting.iter().position(|&id| Client::is_answer(&answer, id));
        waiting.swap_remove(place.ok_or_else(|| io::Error::other("an answer to nothing that was asked"))?);
        client.counts.answered.fetch_add(1, Relaxed);
    }
    Ok(())
}

/// Questions on one connection, one after the other. The server may end it between two of them, and then it is left;
/// a question that was sent must be answered.
fn connection(client: &Client) -> io::Result<()> {
    let mut stream = TcpStream::connect(client.server)?;
    stream.set_read_timeout(Some(LOST_AFTER))?;
    for id in 0..ON_ONE_CONNECTION as u16 {
        let question = client.numbered(id);
        stream.write_all(&[&(question.len() as u16).to_be_bytes()[..], &question].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut answer)?;
        if !Client::is_answer(&answer, id) {
            return Err(io::Error::other("not the answer to what was asked"));
        }
        client.counts.answered.fetch_add(1, Relaxed);
        std::thread::sleep(PAUSE);
        if client.stop.load(Relaxed) {
            break;
        }
    }
    Ok(())
}
