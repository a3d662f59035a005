//! A resolver that does as its script says: what it answers depends on the first label that is asked.

use super::common::{free_port, fresh_ip};
use super::{read, write};
use hickory_proto::op::{Message, MessageType, OpCode, ResponseCode};
use hickory_proto::rr::rdata::{A, CNAME, NS, NULL, SOA, SRV, TXT};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What an upstream was asked: by which transport, what, and whether anything of the client came with it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heard {
    pub(crate) tcp: bool,
    pub(crate) name: String,
    pub(crate) kind: RecordType,
    pub(crate) options: usize,
    pub(crate) recursion: bool,
}

/// An upstream at work for as long as the process lives; it sleeps unless it is asked.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Upstream {
    /// On an address of its own.
    pub(crate) fn start() -> Self {
        let ip = fresh_ip();
        let address = SocketAddr::new(ip, free_port(ip));
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (udp, tcp) = (UdpSocket::bind(address).unwrap(), TcpListener::bind(address).unwrap());
        let ears = heard.clone();
        thread::spawn(move || over_udp(&udp, &ears));
        let ears = heard.clone();
        thread::spawn(move || over_tcp(&tcp, &ears));
        Self { address, heard }
    }

    /// What it was asked that begins with this label.
    pub(crate) fn heard(&self, label: &str) -> Vec<Heard> {
        let prefix = format!("{label}.");
        self.heard.lock().unwrap().iter().filter(|heard| heard.name.starts_with(&prefix)).cloned().collect()
    }
}

fn over_udp(socket: &UdpSocket, heard: &Arc<Mutex<Vec<Heard>>>) {
    let mut octets = [0; 4096];
    while let Ok((length, client)) = socket.recv_from(&mut octets) {
        let question = Message::from_vec(&octets[..length]).unwrap();
        let (socket, heard) = (socket.try_clone().unwrap(), heard.clone());
        thread::spawn(move || {
            if let Some(answer) = answer(&question, false, &heard) {
                socket.send_to(&answer.to_vec().unwrap(), client).unwrap();
            }
        });
    }
}

fn over_tcp(listener: &TcpListener, heard: &Arc<Mutex<Vec<Heard>>>) {
    while let Ok((mut stream, _)) = listener.accept() {
        let heard = heard.clone();
        thread::spawn(move || {
            stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
            let mut peek = [0];
            while stream.peek(&mut peek).is_ok_and(|octets| octets > 0) {
                let question = Message::from_vec(&read(&mut stream)).unwrap();
                answer(&question, true, &heard).iter().for_each(|answer| write(&mut stream, answer));
            }
        });
    }
}

fn answer(question: &Message, tcp: bool, heard: &Mutex<Vec<Heard>>) -> Option<Message> {
    let query = &question.queries[0];
    let (name, kind) = (query.name().clone(), query.query_type());
    heard.lock().unwrap().push(Heard {
        tcp,
        name: name.to_string().to_lowercase(),
        kind,
        options: question.edns.as_ref().map_or(0, |edns| edns.options().as_ref().len()),
        recursion: question.metadata.recursion_desired,
    });
    let mut answer = Message::new(question.metadata.id, MessageType::Response, OpCode::Query);
    answer.metadata.recursion_desired = true;
    answer.metadata.recursion_available = true;
    // What it claims must not be passed on.
    answer.metadata.authentic_data = true;
    answer.add_query(query.clone());
    let record = |data| Record::from_rdata(name.clone(), 300, data);
    let address = |last| record(RData::A(A::new(203, 0, 113, last)));
    let label = String::from_utf8(name.iter().next().unwrap_or_default().to_ascii_lowercase()).unwrap();
    match (label.as_str(), kind) {
        ("silent", _) => return None,
        ("slow", _) => {
            thread::sleep(Duration::from_millis(1500));
            answer.add_answer(address(7));
        }
        ("nx", _) => {
            answer.metadata.response_code = ResponseCode::NXDomain;
            answer.add_authority(soa());
        }
        ("servfail", _) => answer.metadata.response_code = ResponseCode::ServFail,
        ("refused", _) => answer.metadata.response_code = ResponseCode::Refused,
        ("lame", _) => {
            let ns = RData::NS(NS(Name::from_ascii("ns.example.").unwrap()));
            answer.add_authority(Record::from_rdata(Name::from_ascii("example.").unwrap(), 300, ns));
        }
        ("liar", _) => answer.metadata.truncation = true,
        ("big", RecordType::TXT) if !tcp => answer.metadata.truncation = true,
        ("big", RecordType::TXT) => {
            answer.add_answers((0..20).map(|i| record(RData::TXT(TXT::new(vec![format!("{i:0>200}")])))));
        }
        ("alias", RecordType::A) => {
            let target = Name::from_ascii("target.example.").unwrap();
            answer.add_answer(record(RData::CNAME(CNAME(target.clone()))));
            answer.add_answer(Record::from_rdata(target, 200, RData::A(A::new(203, 0, 113, 9))));
        }
        ("odd", RecordType::Unknown(code)) => {
            let data = RData::Unknown { code: RecordType::Unknown(code), rdata: NULL::with(vec![1, 2, 3]) };
            answer.add_answer(record(data));
        }
        (_, RecordType::SRV) => {
            let target = Name::from_ascii("sip.partner.example.").unwrap();
            answer.add_answer(record(RData::SRV(SRV::new(0, 0, 5061, target))));
        }
        (_, RecordType::A) => {
            answer.add_answer(address(7));
        }
        _ => {
            answer.add_authority(soa());
        }
    }
    Some(answer)
}

fn soa() -> Record {
    let name = |text| Name::from_ascii(text).unwrap();
    let data = SOA::new(name("ns.example."), name("hostmaster.example."), 1, 7200, 900, 1_209_600, 60);
    Record::from_rdata(name("example."), 900, RData::SOA(data))
}
