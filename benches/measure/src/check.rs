//! Whether a server's answers are right in full: asked for a few domains and client networks before it is measured and after.

use crate::answer::Answer;
use crate::mix::{A, AAAA, SOA, SRV, Template};
use crate::pools::{DUBLIN, SEOUL, V6};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

/// Client networks and the pool nearest to each, by the built-in country database.
const CLIENTS: [([u8; 3], Ipv4Addr); 2] = [([168, 126, 63], SEOUL), ([87, 32, 0], DUBLIN)];

/// Asks everything; the first thing that is wrong is told.
pub(crate) fn all(server: SocketAddr, templates: &[Template], domains: u32, is_geo: bool) -> Result<(), String> {
    let socket = connect(server).map_err(|error| error.to_string())?;
    let places = [0, domains / 2, domains - 1];
    for (i, (template, domain)) in templates.iter().flat_map(|t| places.map(|place| (t, place))).enumerate() {
        for (network, nearest) in CLIENTS {
            let question = template.fixed(i as u16, domain, network);
            let answer = ask(&socket, &question).map_err(|error| format!("no answer: {error}"))?;
            // Without a client network everyone is where nobody knows, and gets the first pool.
            let pool = match (is_geo, template.tells_network()) {
                (true, true) => Some(nearest),
                (true, false) => Some(SEOUL),
                (false, _) => None,
            };
            judge(template, &question, &answer, pool).map_err(|why| format!("{why}: {answer:?} to {question:x?}"))?;
        }
    }
    Ok(())
}

/// Asks one question for one domain.
pub(crate) fn one(server: SocketAddr, template: &Template, domain: u32) -> Result<(), String> {
    let (network, nearest) = CLIENTS[0];
    let question = template.fixed(0, domain, network);
    let answer = connect(server).and_then(|socket| ask(&socket, &question)).map_err(|error| error.to_string())?;
    judge(template, &question, &answer, Some(nearest)).map_err(str::to_owned)
}

fn connect(server: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(SocketAddr::new(server.ip(), 0))?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(Duration::from_millis(500)))?;
    Ok(socket)
}

fn ask(socket: &UdpSocket, question: &[u8]) -> io::Result<Answer> {
    socket.send(question)?;
    let mut octets = [0; 4096];
    loop {
        let length = socket.recv(&mut octets)?;
        // Others are late answers.
        if length > 2 && octets[..2] == question[..2] {
            return Answer::read(&octets[..length]).ok_or_else(|| io::Error::other("it cannot be read"));
        }
    }
}

fn judge(template: &Template, question: &[u8], answer: &Answer, pool: Option<Ipv4Addr>) -> Result<(), &'static str> {
    if !answer.authoritative {
        return Err("not an authoritative answer");
    }
    if !template.exists {
        let soa = answer.authority.iter().any(|record| record.kind == SOA);
        return if answer.rcode == 3 && soa { Ok(()) } else { Err("not NXDOMAIN with SOA") };
    }
    let wanted: Vec<Vec<u8>> = match template.kind {
        A => pool.map_or(vec![SEOUL, DUBLIN], |pool| vec![pool]).iter().map(|ip| ip.octets().to_vec()).collect(),
        AAAA => vec![V6.octets().to_vec()],
        SRV => vec![srv(question)],
        _ => return Err("of a type that is not checked"),
    };
    let [record] = &answer.answers[..] else { return Err("not exactly one record") };
    if record.kind == template.kind && wanted.contains(&record.data) { Ok(()) } else { Err("not the right record") }
}

/// 0 0 5061 sip.<domain>, where the asked name is _sipfederationtls._tcp.<domain>.
fn srv(question: &[u8]) -> Vec<u8> {
    let below = |at: usize| at + 1 + usize::from(question[at]);
    let domain = below(below(12));
    let end = domain + question[domain..].iter().position(|&octet| octet == 0).unwrap_or(0);
    [&[0, 0, 0, 0], &5061_u16.to_be_bytes()[..], b"\x03sip", &question[domain..=end]].concat()
}
