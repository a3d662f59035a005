//! As much of an XMPP stream as has arrived: who it is from, and the elements in it that are whole.
//!
//! Read anew from its beginning each time, so that there is no state to go wrong; the caller bounds its length. What always
//! holds: elements are looked into no deeper than `XML_DEPTH_MAX`, and what RFC 6120 11.1 forbids (comments, processing
//! instructions, document types, entities) is refused.

use crate::limits::XML_DEPTH_MAX;
use crate::name::Name;
use quick_xml::errors::{Error, IllFormedError, SyntaxError};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;
use quick_xml::{NsReader, XmlVersion};

/// The name spaces of streams (RFC 6120 4.8.1) and of STARTTLS (5.2).
pub(super) const STREAMS: &str = "http://etherx.jabber.org/streams";
pub(super) const TLS: &str = "urn:ietf:params:xml:ns:xmpp-tls";

/// What the first octets of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Parsed {
    /// Not yet the whole header of a stream.
    Incomplete,
    /// No stream, for this reason.
    NotXmpp(&'static str),
    /// A stream.
    Stream(Stream),
}

/// A stream so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) from: Option<String>,
    pub(super) version: Option<String>,
    /// The elements that have ended, in turn.
    pub(super) elements: Vec<Element>,
}

impl Stream {
    /// Whether it is this domain's, or does not say whose it is.
    pub(super) fn is_from(&self, domain: &Name) -> bool {
        self.from.as_ref().is_none_or(|from| from.eq_ignore_ascii_case(&domain.to_string()))
    }
}

/// An element of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    space: String,
    /// Its name, without a prefix.
    pub(super) name: String,
    /// Name space and name of what is in it, one level deep.
    pub(super) children: Vec<(String, String)>,
    /// Octets from the beginning of the stream to its end.
    pub(super) end: usize,
}

impl Element {
    pub(super) fn is(&self, space: &str, name: &str) -> bool {
        self.space == space && self.name == name
    }

    /// Whether there is such an element in it.
    pub(super) fn has(&self, space: &str, name: &str) -> bool {
        self.children.iter().any(|child| child.0 == space && child.1 == name)
    }
}

/// Reads what has arrived.
pub(super) fn parse(read: &[u8]) -> Parsed {
    let text = match std::str::from_utf8(read) {
        Ok(text) => text,
        // A character may be cut at the end.
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&read[..error.valid_up_to()]).unwrap_or(""),
        Err(_) => return Parsed::NotXmpp("no UTF-8"),
    };
    if !text.trim_start().starts_with('<') {
        return if text.trim().is_empty() { Parsed::Incomplete } else { Parsed::NotXmpp("no XML") };
    }
    let mut so_far = SoFar::default();
    let mut reader = NsReader::from_str(text);
    loop {
        let (space, event) = match reader.read_resolved_event() {
            Ok((space, event)) => (of(&space), event),
            // What is cut; but `<!` begins nothing that a stream may have.
            Err(Error::Syntax(error)) if error != SyntaxError::InvalidBangMarkup => break,
            Err(Error::IllFormed(IllFormedError::UnclosedReference)) => break,
            Err(_) => return Parsed::NotXmpp("broken XML"),
        };
        let end = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        match so_far.take(space, event, end) {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => return Parsed::NotXmpp(why),
        }
    }
    so_far.stream.map_or(Parsed::Incomplete, Parsed::Stream)
}

fn of(space: &ResolveResult<'_>) -> String {
    match space {
        ResolveResult::Bound(space) => space.as_ref().to_owned(),
        ResolveResult::Unbound | ResolveResult::Unknown(_) => String::new(),
    }
}

#[derive(Default)]
struct SoFar {
    stream: Option<Stream>,
    /// The element that is open in the stream.
    open: Option<Element>,
    /// How many elements are open, the stream among them.
    depth: usize,
}

impl SoFar {
    /// Takes the next event; false at the end of what has arrived.
    fn take(&mut self, space: String, event: Event<'_>, end: usize) -> Result<bool, &'static str> {
        match event {
            Event::Start(start) => self.start(space, &start)?,
            Event::Empty(start) => {
                self.start(space, &start)?;
                self.end(end);
            }
            Event::End(_) => self.end(end),
            Event::Eof => return Ok(false),
            Event::Decl(_) if self.stream.is_none() => {}
            Event::Text(_) | Event::CData(_) | Event::GeneralRef(_) => {}
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::DocType(_) => return Err("forbidden XML"),
        }
        Ok(true)
    }

    fn start(&mut self, space: String, start: &BytesStart<'_>) -> Result<(), &'static str> {
        let name = start.local_name().as_ref().to_owned();
        self.depth += 1;
        match self.depth {
            1 if self.stream.is_some() || space != STREAMS || name != "stream" => return Err("no stream"),
            1 => self.stream = Some(header(start)?),
            2 => self.open = Some(Element { space, name, ..Element::default() }),
            3 => self.open.iter_mut().for_each(|open| open.children.push((space.clone(), name.clone()))),
            depth if depth > XML_DEPTH_MAX => return Err("XML too deep"),
            _ => {}
        }
        Ok(())
    }

    fn end(&mut self, end: usize) {
        if self.depth == 2
            && let (Some(stream), Some(element)) = (&mut self.stream, self.open.take())
        {
            stream.elements.push(Element { end, ..element });
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

fn header(start: &BytesStart<'_>) -> Result<Stream, &'static str> {
    let mut stream = Stream::default();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| "broken XML")?;
        let value = || {
            attribute
                .normalized_value(XmlVersion::Implicit1_0)
                .map(|value| value.into_owned())
                .map_err(|_| "broken XML")
        };
        match attribute.key.as_ref() {
            "from" => stream.from = Some(value()?),
            "version" => stream.version = Some(value()?),
            _ => {}
        }
    }
    Ok(stream)
}

#[cfg(test)]
mod tests;
