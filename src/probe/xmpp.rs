//! Check kind "xmpp": a server opens a stream for the domain, offers TLS, shows a certificate for the domain, and opens a stream
//! anew over TLS (RFC 6120 4 and 5; XEP-0368 where TLS comes first).
//!
//! Here: the steps. Not here: reading a stream (`stream`), the certificate (`trust`). What always holds: at most `PROBE_ANSWER_MAX`
//! octets of a stream are kept, and nothing is believed that came before TLS and was meant to be read after it.

use super::{Aim, Answered, Asked, Attempt, dial, failure, quoted};
use crate::health::{Failure, FailureClass};
use crate::limits::PROBE_ANSWER_MAX;
use crate::name::Name;
use stream::{Element, Parsed, Stream, TLS};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

mod stream;

const FAREWELL: &[u8] = b"</stream:stream>";
const STARTTLS: &[u8] = b"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

pub(super) async fn probe(aim: &Aim, direct_tls: bool, attempt: &mut Attempt) -> Asked {
    let domain = &aim.target.domain;
    let mut connection = if direct_tls {
        dial::handshake(aim, attempt).await?.connection
    } else {
        let (mut plain, _) = dial::connect(aim.target.address, attempt).await?;
        start_tls(&mut plain, domain, attempt).await?;
        dial::secured(aim, plain, attempt).await?
    };
    attempt.missing = "no XMPP stream over TLS";
    let mut reader = Reader::default();
    open(&mut connection, domain).await?;
    match reader.features(&mut connection, domain).await {
        // It serves those alone who show a certificate, has shown its own, and has closed the stream.
        Err(_) if reader.refuses_strangers => Ok(Answered::pass(None)),
        features => features.map(|_| Answered::pass(connection.with_farewell(FAREWELL))),
    }
}

async fn start_tls(
    plain: &mut (impl AsyncRead + AsyncWrite + Unpin),
    domain: &Name,
    attempt: &mut Attempt,
) -> Result<(), Failure> {
    attempt.missing = "no XMPP stream";
    let mut reader = Reader::default();
    open(plain, domain).await?;
    let features = reader.features(plain, domain).await?;
    if !features.has(TLS, "starttls") {
        return Err(failure(FailureClass::Tls, "the XMPP server does not offer STARTTLS"));
    }
    attempt.missing = "no answer to STARTTLS";
    write(plain, STARTTLS).await?;
    let answer = reader.element(plain, domain).await?;
    if !answer.is(TLS, "proceed") {
        return Err(failure(FailureClass::Tls, format!("the XMPP server answers STARTTLS with <{}/>", answer.name)));
    }
    // Octets behind it would be read as if they had come over TLS.
    if reader.is_ahead() {
        return Err(failure(FailureClass::Protocol, "the XMPP server speaks on in the clear after <proceed/>"));
    }
    Ok(())
}

/// Opens our side of a stream. It says whom it wants and not who it is: nobody's name is borrowed.
async fn open(stream: &mut (impl AsyncWrite + Unpin), domain: &Name) -> Result<(), Failure> {
    let header = format!(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' \
         to='{domain}' version='1.0'>"
    );
    write(stream, header.as_bytes()).await
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), octets: &[u8]) -> Result<(), Failure> {
    let broken = |error: std::io::Error| dial::broken(&error, "before the XMPP answer");
    stream.write_all(octets).await.map_err(broken)?;
    stream.flush().await.map_err(broken)
}

/// The server's side of one stream.
#[derive(Default)]
struct Reader {
    read: Vec<u8>,
    /// How many elements were taken.
    taken: usize,
    /// Where the last element that was taken ends.
    end: usize,
    /// Whether the stream ended because we did not say who we are (RFC 6120 4.9.3.12).
    refuses_strangers: bool,
}

impl Reader {
    /// The features, which come first (RFC 6120 4.3.2).
    async fn features(&mut self, stream: &mut (impl AsyncRead + Unpin), domain: &Name) -> Result<Element, Failure> {
        let first = self.element(stream, domain).await?;
        if first.is(stream::STREAMS, "features") {
            return Ok(first);
        }
        Err(failure(FailureClass::Protocol, format!("the XMPP server begins with <{}/>", first.name)))
    }

    /// The next element of the stream, whole. An error of the stream is a failure.
    async fn element(&mut self, stream: &mut (impl AsyncRead + Unpin), domain: &Name) -> Result<Element, Failure> {
        loop {
            match stream::parse(&self.read) {
                Parsed::NotXmpp(why) => return Err(not_xmpp(&self.read, why)),
                Parsed::Stream(opened) => {
                    if let Some(element) = self.take(opened, domain)? {
                        return Ok(element);
                    }
                }
                Parsed::Incomplete => {}
            }
            self.more(stream).await?;
        }
    }

    fn take(&mut self, opened: Stream, domain: &Name) -> Result<Option<Element>, Failure> {
        let is_from_domain = opened.is_from(domain);
        let element = opened.elements.into_iter().nth(self.taken);
        if let Some(error) = element.as_ref().filter(|element| element.is(stream::STREAMS, "error")) {
            let condition = error.children.first().map_or("without a condition", |(_, name)| name);
            self.refuses_strangers = condition == "not-authorized" && is_from_domain;
            return Err(failure(FailureClass::Unavailable, format!("XMPP stream error {condition}")));
        }
        // Another server's stream proves nothing of this domain (RFC 6120 4.7.1).
        if !is_from_domain {
            let from = quoted(opened.from.unwrap_or_default().as_bytes());
            return Err(failure(
                FailureClass::Protocol,
                format!("the XMPP stream is from {from:?}, not from {domain}"),
            ));
        }
        if !opened.version.as_ref().is_some_and(|version| version.starts_with("1.")) {
            return Err(failure(FailureClass::Protocol, "the XMPP stream has not the version 1.0"));
        }
        if let Some(element) = &element {
            self.taken += 1;
            self.end = element.end;
        }
        Ok(element)
    }

    /// Reads until something may have ended.
    async fn more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> Result<(), Failure> {
        loop {
            let before = self.read.len();
            if before >= PROBE_ANSWER_MAX {
                let detail =
                    format!("no XMPP answer in the first {PROBE_ANSWER_MAX} octets: begins \"{}\"", quoted(&self.read));
                return Err(failure(FailureClass::Protocol, detail));
            }
            let room = (PROBE_ANSWER_MAX - before) as u64;
            match (&mut *stream).take(room).read_buf(&mut self.read).await {
                Ok(0) if before > 0 && !self.read.contains(&b'<') => return Err(not_xmpp(&self.read, "no XML")),
                Ok(0) => return Err(dial::closed("before the XMPP answer")),
                Ok(_) if self.read[before..].contains(&b'>') || !may_begin(&self.read) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(dial::broken(&error, "before the XMPP answer")),
            }
        }
    }

    /// Whether more was read than was taken, white space aside.
    fn is_ahead(&self) -> bool {
        self.read[self.end..].iter().any(|octet| !octet.is_ascii_whitespace())
    }
}

/// Whether a stream may begin like this.
fn may_begin(read: &[u8]) -> bool {
    read.iter().find(|octet| !octet.is_ascii_whitespace()).is_none_or(|first| *first == b'<')
}

fn not_xmpp(read: &[u8], why: &str) -> Failure {
    failure(FailureClass::Protocol, format!("what answers is not XMPP ({why}): \"{}\"", quoted(read)))
}
