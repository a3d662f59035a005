//! An HTTP client of which every field can be said, and an event stream.

use crate::common::GENEROUS;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A request with these fields beside Host and Connection.
pub(crate) fn ask(server: SocketAddr, request: &str, fields: &[(&str, &str)], body: &str) -> Answer {
    let mut all = vec![("Connection", "close".to_owned())];
    if !fields.iter().any(|(name, _)| *name == "Host") {
        all.push(("Host", server.to_string()));
    }
    all.extend(fields.iter().map(|(name, value)| (*name, (*value).to_owned())));
    if !body.is_empty() {
        all.push(("Content-Length", body.len().to_string()));
    }
    let fields: String = all.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let mut stream = connect(server);
    write!(stream, "{request} HTTP/1.1\r\n{fields}\r\n{body}").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer to {request}: {text:?}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_lowercase(), body: body.to_owned() }
}

/// The JSON behind a path.
pub(crate) fn json(server: SocketAddr, path: &str) -> Value {
    let answer = ask(server, &format!("GET {path}"), &[], "");
    assert_eq!(answer.status, 200, "{path}: {answer:?}");
    answer.json()
}

fn connect(server: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&server, GENEROUS).unwrap();
    stream.set_read_timeout(Some(GENEROUS)).unwrap();
    stream
}

/// An open event stream.
pub(crate) struct Events(BufReader<TcpStream>);

/// One event of it.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) id: u64,
    pub(crate) what: String,
    pub(crate) data: Value,
}

impl Events {
    /// Opens one that goes on behind an event.
    pub(crate) fn open(server: SocketAddr, last: Option<u64>) -> Self {
        let mut stream = connect(server);
        let last = last.map_or(String::new(), |id| format!("Last-Event-ID: {id}\r\n"));
        write!(stream, "GET /api/v1/events HTTP/1.1\r\nHost: {server}\r\n{last}\r\n").unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        assert!(head.starts_with("HTTP/1.1 200") && head.contains("text/event-stream"), "{head}");
        Self(reader)
    }

    /// The next event; signs of life and the sizes of chunks are passed over.
    pub(crate) fn next(&mut self) -> Event {
        let (mut id, mut what) = (None, None);
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            let line = line.trim_end();
            if let Some(text) = line.strip_prefix("id: ") {
                id = Some(text.parse().unwrap());
            } else if let Some(text) = line.strip_prefix("event: ") {
                what = Some(text.to_owned());
            } else if let Some(text) = line.strip_prefix("data: ") {
                return Event { id: id.unwrap(), what: what.unwrap(), data: serde_json::from_str(text).unwrap() };
            }
        }
    }

    /// The next event of that sort.
    pub(crate) fn wait(&mut self, what: &str) -> Event {
        loop {
            let event = self.next();
            if event.what == what {
                return event;
            }
        }
    }
}
