//! What a check asks: the keys that belong to one kind of check each.
//!
//! Not here: the keys that every check has (`check`). What always holds: an `Ask` is complete, and a key of another kind is an
//! error and not ignored.

use super::codes;
use super::key::Absent::{Is, Means};
use super::key::{Key, Shown as _, word};
use super::reader::{Field, Value};
use super::report::Report;
use super::source::Span;
use super::table::Table;
use super::{Config, Recipient};
use crate::federation::CheckKind;
use crate::limits;
use std::fmt;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is asked, and which answers prove what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// A connection.
    Tcp,
    /// A handshake.
    Tls,
    /// OPTIONS.
    Sip {
        /// Status codes that prove service. Default: those that only a working SIP stack gives.
        alive: Codes,
        /// Status codes of an edge that lives in front of something that does not. Default 408 and 504.
        degraded: Codes,
    },
    /// A stream and its features.
    Xmpp {
        /// TLS from the first octet (XEP-0368), not STARTTLS. Default false.
        direct_tls: bool,
    },
    /// The version and the keys of a homeserver.
    Matrix,
    /// An HTTP request over TLS.
    Https(Request),
    /// A binding request.
    Stun {
        /// Over what. Default UDP.
        transport: Transport,
    },
    /// A command of the operator's.
    Exec {
        /// The program, by its absolute path, and its arguments.
        command: Vec<String>,
    },
    /// What somebody else found out.
    File {
        /// The file of verdicts, resolved against the configuration file's directory.
        path: PathBuf,
        /// How old it may be to be believed. Default 1 min.
        max_age: Duration,
    },
}

/// The request of an "https" check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    /// Default GET.
    pub method: Method,
    /// Path and query. Default `/`, or what the kind of service asks for.
    pub path: String,
    /// Status codes that prove service. Default 200.
    pub status: Codes,
    /// What the body must have in it.
    pub contains: Option<String>,
}

/// An HTTP method that changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// With a body in the answer.
    Get,
    /// Without.
    Head,
}

impl Method {
    /// Both with their words in the configuration and on the wire.
    pub const WORDS: &'static [(&'static str, Self)] = &[("GET", Self::Get), ("HEAD", Self::Head)];
}

/// What STUN runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Datagrams, sent again while nobody answers.
    Udp,
    /// A connection.
    Tcp,
}

impl Transport {
    /// Both with their words in the configuration.
    pub const WORDS: &'static [(&'static str, Self)] = &[("udp", Self::Udp), ("tcp", Self::Tcp)];
}

/// A set of status codes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Codes(Box<[(u16, u16)]>);

impl Codes {
    /// Whether a code is in the set.
    pub fn contains(&self, code: u16) -> bool {
        self.0.iter().any(|(first, last)| (*first..=*last).contains(&code))
    }

    fn of(ranges: &[(u16, u16)]) -> Self {
        Self(ranges.into())
    }
}

impl fmt::Display for Codes {
    /// As "200, 300-399".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (first, last)) in self.0.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            match first == last {
                true => write!(f, "{comma}{first}")?,
                false => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Codes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}]")
    }
}

/// Codes that only a working SIP stack gives (federation.md 4.2).
const SIP_ALIVE: &[(u16, u16)] = &[
    (200, 399),
    (401, 401),
    (403, 405),
    (407, 407),
    (415, 415),
    (420, 420),
    (480, 481),
    (483, 484),
    (486, 486),
    (488, 488),
    (501, 501),
];
/// "Request timeout" and "server time-out": this host lives and what is behind it does not (federation.md 4.2).
const SIP_DEGRADED: &[(u16, u16)] = &[(408, 408), (504, 504)];
/// The keys of a check that belong to one kind each.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "alive",
        Is(|| text(SIP_ALIVE)),
        "`sip`: status codes that prove service; by default those that only a working SIP stack gives.",
    ),
    Key::new(
        "degraded",
        Is(|| text(SIP_DEGRADED)),
        "`sip`: status codes of an edge that lives in front of something that does not.",
    ),
    Key::new(
        "direct_tls",
        Is(|| DIRECT_TLS.shown()),
        "`xmpp`: TLS from the first octet (XEP-0368) instead of STARTTLS.",
    ),
    Key::new("method", Is(|| word(Method::WORDS, &METHOD)), "`https`: the request's method."),
    Key::new(
        "path",
        Means("`/`, or that of the kind of service"),
        "`https`: path and query of the request. No redirect is followed: its status is judged as it is.",
    )
    .written("a path that begins with `/`"),
    Key::new("status", Is(|| text(HTTP_OK)), "`https`: status codes that prove service."),
    Key::new("contains", Means("anything"), "`https`: what the first 16 KiB of the body must have in them.")
        .written("a text"),
    Key::new(
        "transport",
        Is(|| word(Transport::WORDS, &TRANSPORT)),
        "`stun`: what the binding request is sent over; over UDP three times.",
    ),
    Key::new(
        "command",
        Means("must be given for `exec`"),
        "`exec`: what is run. Exit code 0: pass, 1: failed, 2: degraded, other: no evidence; the first line that \
         it prints is shown. Its environment is `EDGESTEER_ADDRESS`, `_PORT`, `_NAME`, `_TIMEOUT_MS` and `PATH`; \
         it is killed at the deadline.",
    )
    .written(COMMAND),
    Key::new(
        "file",
        Means("must be given for `file`"),
        "`file`: what somebody else found out. Lines of an address, with or without a port; `up`, `down`, \
         `degraded` or `unknown`; words for people.",
    ),
    Key::new(
        "max_age",
        Is(|| MAX_AGE.shown()),
        "`file`: a file that is older says nothing: its endpoints are unknown, which is not down.",
    ),
];

/// How a command is written.
pub(super) const COMMAND: &str = "list of the absolute path of a program, and its arguments; no shell reads them";
/// What a status may be.
const CODE: RangeInclusive<u16> = 100..=699;
const METHOD: Method = Method::Get;
const TRANSPORT: Transport = Transport::Udp;
const DIRECT_TLS: bool = false;
const HTTP_OK: &[(u16, u16)] = &[(200, 200)];
const MAX_AGE: Duration = Duration::from_secs(60);

impl Config {
    /// Whether commands of the operator's are run.
    pub fn runs_commands(&self) -> bool {
        let checks = self.services.iter().any(|service| matches!(service.check.ask, Ask::Exec { .. }));
        checks || !self.gates.is_empty() || self.notify.iter().any(|notify| matches!(notify.to, Recipient::Command(_)))
    }

    /// Files that checks read while we run.
    pub fn files_of_checks(&self) -> impl Iterator<Item = PathBuf> {
        self.services.iter().filter_map(|service| match &service.check.ask {
            Ask::File { path, .. } => Some(path.clone()),
            _ => None,
        })
    }
}

impl Ask {
    /// The kind of check that asks so.
    pub fn kind(&self) -> CheckKind {
        match self {
            Self::Tcp => CheckKind::Tcp,
            Self::Tls => CheckKind::Tls,
            Self::Sip { .. } => CheckKind::Sip,
            Self::Xmpp { .. } => CheckKind::Xmpp,
            Self::Matrix => CheckKind::Matrix,
            Self::Https(_) => CheckKind::Https,
            Self::Stun { .. } => CheckKind::Stun,
            Self::Exec { .. } => CheckKind::Exec,
            Self::File { .. } => CheckKind::File,
        }
    }

    /// What a check of that kind asks where the configuration says no more; `None` where it must say more.
    pub fn default_of(kind: CheckKind) -> Option<Self> {
        Draft::default().finish(kind, None)
    }
}

/// The keys as they were written.
#[derive(Default)]
pub(super) struct Draft {
    alive: Field<Codes>,
    degraded: Field<Codes>,
    direct_tls: Field<bool>,
    method: Field<Method>,
    path: Field<String>,
    status: Field<Codes>,
    contains: Field<String>,
    transport: Field<Transport>,
    command: Field<Vec<String>>,
    file: Field<PathBuf>,
    max_age: Field<Duration>,
}

/// The keys of a check's table that belong to one kind each.
pub(super) fn keys(t: &mut Table<'_>) -> Draft {
    Draft {
        alive: t.get("alive", codes),
        degraded: t.get("degraded", codes),
        direct_tls: t.get("direct_tls", Value::boolean),
        method: t.get("method", |v| v.word(Method::WORDS)),
        path: t.get("path", path),
        status: t.get("status", codes),
        contains: t.get("contains", contains),
        transport: t.get("transport", |v| v.word(Transport::WORDS)),
        command: t.get("command", command),
        file: t.get("file", Value::path),
        max_age: t.get("max_age", |v| v.duration(limits::VERDICTS_AGE)),
    }
}

impl Draft {
    /// Reports keys of other kinds, and those that this one lacks. `span` is the check's.
    pub(super) fn judge(&self, kind: CheckKind, span: Span, report: &Report) {
        for (key, owner, at) in self.written() {
            if let Some(at) = at.filter(|_| owner != kind) {
                let title = format!("\"{key}\" means nothing to a check of the kind \"{}\"", kind.word());
                let help = format!("remove it, or write kind = \"{}\"", owner.word());
                report.add(at, codes::STRAY_CHECK_KEY, title, "", help);
            }
        }
        let lacks = match kind {
            CheckKind::Exec if self.command.is_absent() => ("command", "command = [\"/usr/local/lib/check-edge\"]"),
            CheckKind::File if self.file.is_absent() => ("file", "file = \"verdicts.txt\""),
            _ => return self.no_body_to_look_in(report),
        };
        let title = format!("the check lacks \"{}\"", lacks.0);
        report.add(span, codes::MISSING_KEY, title, "", format!("add {}", lacks.1));
    }

    /// What is asked; `None` where something is missing or wrong, which was reported. `path` is what the kind of service has the
    /// request of an "https" check ask for.
    pub(super) fn finish(&self, kind: CheckKind, path: Option<&str>) -> Option<Ask> {
        Some(match kind {
            CheckKind::Tcp => Ask::Tcp,
            CheckKind::Tls => Ask::Tls,
            CheckKind::Sip => {
                Ask::Sip { alive: or(&self.alive, SIP_ALIVE), degraded: or(&self.degraded, SIP_DEGRADED) }
            }
            CheckKind::Xmpp => Ask::Xmpp { direct_tls: self.direct_tls.get().copied().unwrap_or(DIRECT_TLS) },
            CheckKind::Matrix => Ask::Matrix,
            CheckKind::Https => Ask::Https(Request {
                method: self.method.get().copied().unwrap_or(METHOD),
                path: self.path.get().cloned().unwrap_or_else(|| path.unwrap_or("/").to_owned()),
                status: or(&self.status, HTTP_OK),
                contains: self.contains.get().cloned(),
            }),
            CheckKind::Stun => Ask::Stun { transport: self.transport.get().copied().unwrap_or(TRANSPORT) },
            CheckKind::Exec => Ask::Exec { command: self.command.get()?.clone() },
            CheckKind::File => {
                Ask::File { path: self.file.get()?.clone(), max_age: self.max_age.get().copied().unwrap_or(MAX_AGE) }
            }
        })
    }

    fn written(&self) -> [(&'static str, CheckKind, Option<Span>); 11] {
        use CheckKind::{Exec, File, Https, Sip, Stun, Xmpp};
        [
            ("alive", Sip, span(&self.alive)),
            ("degraded", Sip, span(&self.degraded)),
            ("direct_tls", Xmpp, span(&self.direct_tls)),
            ("method", Https, span(&self.method)),
            ("path", Https, span(&self.path)),
            ("status", Https, span(&self.status)),
            ("contains", Https, span(&self.contains)),
            ("transport", Stun, span(&self.transport)),
            ("command", Exec, span(&self.command)),
            ("file", File, span(&self.file)),
            ("max_age", File, span(&self.max_age)),
        ]
    }

    fn no_body_to_look_in(&self, report: &Report) {
        if let Some(at) = self.contains.at().filter(|_| self.method.get() == Some(&Method::Head)) {
            let help = "write method = \"GET\", or leave out contains";
            report.add(at.span, codes::STRAY_CHECK_KEY, "the answer to HEAD has no body to look into", "", help);
        }
    }
}

fn span<T>(field: &Field<T>) -> Option<Span> {
    field.at().map(|at| at.span)
}

fn or(codes: &Field<Codes>, default: &[(u16, u16)]) -> Codes {
    codes.get().cloned().unwrap_or_else(|| Codes::of(default))
}

/// Codes in the words of the file.
fn text(ranges: &[(u16, u16)]) -> String {
    let item = |(first, last): &(u16, u16)| if first == last { first.shown() } else { format!("\"{first}-{last}\"") };
    format!("[{}]", ranges.iter().map(item).collect::<Vec<_>>().join(", "))
}

/// `[200, "300-399"]`
fn codes(value: Value<'_>) -> Option<Codes> {
    let help = format!("write codes from {} to {}, or ranges of them, as [200, \"300-399\"]", CODE.start(), CODE.end());
    let ranges = value.list(|item| {
        let Some(text) = item.as_text() else {
            let code = item.is_number().then(|| item.integer(CODE));
            return code.unwrap_or_else(|| item.wrong("a code or a range", &help)).map(|code| (code, code));
        };
        let code = |text: &str| text.parse().ok().filter(|code| CODE.contains(code));
        let range = text.split_once('-').and_then(|(first, last)| Some((code(first)?, code(last)?)));
        range.filter(|(first, last)| first <= last).or_else(|| {
            let title = format!("\"{text}\" is no range of status codes");
            item.report.add(item.span, codes::BAD_STATUS, title, "", help.as_str());
            None
        })
    })?;
    Some(Codes(ranges.into_iter().map(|at| at.value).collect()))
}

/// What stands in a request line: visible ASCII that begins with a slash (RFC 9112 3.2.1).
fn path(value: Value<'_>) -> Option<String> {
    let text = value.text("a path", "write the path of the request in quotes, as \"/healthz\"")?;
    let is_path = text.starts_with('/') && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
    if !is_path || text.len() > limits::REQUEST_PATH_MAX {
        let title = format!("{text:?} cannot be asked for");
        let help = format!("begin with / and write at most {} visible ASCII characters", limits::REQUEST_PATH_MAX);
        value.report.add(value.span, codes::BAD_REQUEST_PATH, title, "", help);
        return None;
    }
    Some(text.to_owned())
}

fn contains(value: Value<'_>) -> Option<String> {
    let text = value.text("a text", "write what the body must have in it, in quotes")?;
    if text.is_empty() { value.empty() } else { Some(text.to_owned()) }
}

/// `["/usr/lib/checks/edge", "-v"]`
pub(super) fn command(value: Value<'_>) -> Option<Vec<String>> {
    let words = value.list(|v| v.text("a program and its arguments", "write each in quotes").map(str::to_owned))?;
    let words: Vec<String> = words.into_iter().map(|at| at.value).collect();
    if !Path::new(&words[0]).is_absolute() || words.iter().any(|word| word.contains('\0')) {
        let title = format!("{:?} is no absolute path of a program", words[0]);
        let help = "write [\"/path/of/program\", \"argument\"]: nothing is looked for, and no shell reads it";
        value.report.add(value.span, codes::BAD_COMMAND, title, "", help);
        return None;
    }
    Some(words)
}

#[cfg(test)]
mod tests;
