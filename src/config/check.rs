//! `check = { .. }`, `[service.name.check]` and `[check.name]`.

use super::ask;
use super::codes;
use super::form;
use super::key::Absent::{Is, Means};
use super::key::{Key, Section, Shown as _, word};
use super::pem;
use super::reader::{Field, Value};
use super::source::{At, Span};
use super::table::Table;
use super::{Ask, Check, Pem, TlsOptions, Verify};
use crate::federation::{CheckKind, DefaultCheck, Kind};
use crate::limits;
use crate::name::Name;
use std::time::Duration;

const INTERVAL: Duration = Duration::from_secs(5);
const TIMEOUT: Duration = Duration::from_secs(2);
const CONFIRM: Duration = Duration::from_millis(500);
const FALL: u32 = 3;
const RISE: u32 = 2;

const TRIPWIRE: bool = true;

/// A check's table.
pub(super) static SECTION: Section = Section {
    header: "[check.NAME]",
    about: "What is probed: for several services here, by this name; for one in its own `[service.NAME.check]`, \
            with the same keys. What is not said is as the [kind of service](#kinds-of-service) has it. A silent \
            endpoint is down after `interval + fall * (confirm + timeout)` at the latest.",
    keys: &[KEYS, ask::KEYS],
};

const KEYS: &[Key] = &[
    Key::new(
        "kind",
        Means("that of the kind of service"),
        "What is spoken; [kinds of check](#kinds-of-check) says what each proves.",
    ),
    Key::new(
        "port",
        Means("that of the kind of service"),
        "The port that is probed on each endpoint; of no use to `exec` and `file`.",
    ),
    Key::new("interval", Is(|| INTERVAL.shown()), "Between two probes while all is well."),
    Key::new("timeout", Is(|| TIMEOUT.shown()), "How long one probe may take, from its first packet on."),
    Key::new("confirm", Is(|| CONFIRM.shown()), "Between the probes that confirm a change of mind."),
    Key::new(
        "fall",
        Is(|| FALL.shown()),
        "Failed probes in a row that make an endpoint down. With `file` the default is 1.",
    ),
    Key::new(
        "rise",
        Is(|| RISE.shown()),
        "Passed probes in a row that make it up again. With `file` the default is 1.",
    ),
    Key::new(
        "tripwire",
        Is(|| TRIPWIRE.shown()),
        "Keep one connection open to each endpoint; its loss starts confirmation at once.",
    ),
    Key::new(
        "name",
        Means("the names that peers ask for"),
        "The name that is presented, in TLS and in the protocol, and the only one that the certificate must hold \
         for. Without it TLS asks for the name that peers are sent to, the protocol says the first domain, and \
         the certificate must hold for every name that the service hands out.",
    ),
    Key::new("tls", Means("as `[check.NAME.tls]` says"), "Certificates of checks that speak TLS.").within(&TLS),
];

static TLS: Section = Section {
    header: "[check.NAME.tls]",
    about: "Certificates of checks that speak TLS.",
    keys: &[&[
        Key::new("ca", Means("the Mozilla roots"), "PEM file of authorities that are trusted instead."),
        Key::new(
            "cert",
            Means("none is shown"),
            "PEM file with a certificate that is shown to servers that ask, and those that lead to its authority.",
        ),
        Key::new(
            "key",
            Means("none"),
            "PEM file with its private key, which not everybody on this host may read; given together with `cert`.",
        ),
        Key::new(
            "verify",
            Is(|| word(Verify::WORDS, &Verify::default())),
            "How much of the server's certificate must hold: `full` is chain, time and name; `chain` is any \
             name; `none` is the handshake alone.",
        ),
    ]],
};

/// A check as it was written; what is absent comes from the kind of the service that uses it.
#[derive(Default)]
pub(super) struct Draft {
    /// What is spoken.
    pub(super) kind: Field<CheckKind>,
    /// Where.
    pub(super) port: Field<u16>,
    name: Field<Name>,
    interval: Field<Duration>,
    timeout: Field<Duration>,
    confirm: Field<Duration>,
    fall: Field<u32>,
    rise: Field<u32>,
    tripwire: Field<bool>,
    tls: Field<TlsOptions>,
    /// What belongs to its kind alone.
    pub(super) ask: ask::Draft,
}

/// A check's table.
pub(super) fn table(value: Value<'_>) -> Option<Draft> {
    value.table(&SECTION, |t| Draft {
        kind: t.get("kind", kind),
        port: t.get("port", |v| v.integer(1..=u16::MAX)),
        name: t.get("name", |v| v.form(&form::NAME)),
        interval: t.get("interval", |v| v.duration(limits::CHECK_INTERVAL)),
        timeout: t.get("timeout", |v| v.duration(limits::CHECK_TIMEOUT)),
        confirm: t.get("confirm", |v| v.duration(limits::CHECK_CONFIRM)),
        fall: t.get("fall", |v| v.integer(1..=limits::CHECK_RUN_MAX)),
        rise: t.get("rise", |v| v.integer(1..=limits::CHECK_RUN_MAX)),
        tripwire: t.get("tripwire", Value::boolean),
        tls: t.get("tls", tls),
        ask: ask::keys(t),
    })
}

/// `[check.name]`.
pub(super) fn named(key: At<&str>, value: Value<'_>) -> Option<(At<String>, Draft)> {
    let name = value.entry_name(key);
    let draft = table(value)?;
    name.map(|()| (At { value: key.value.to_owned(), span: key.span }, draft))
}

impl Draft {
    /// What is spoken, by what is written or by the service's kind.
    pub(super) fn kind_or(&self, default: Option<&DefaultCheck>) -> Option<CheckKind> {
        self.kind.get().copied().or(default.map(|d| d.kind))
    }

    /// The keys that neither the draft nor the service's kind gives.
    pub(super) fn missing(&self, default: Option<&DefaultCheck>) -> Vec<&'static str> {
        let portless = self.kind.get().is_some_and(|kind| !kind.needs_port());
        let absent = [("kind", self.kind.is_absent()), ("port", self.port.is_absent() && !portless)];
        absent.into_iter().filter(|(_, absent)| *absent && default.is_none()).map(|(key, _)| key).collect()
    }

    /// The check of a service whose kind has this default; `None` where kind or port is missing.
    pub(super) fn finish(&self, default: Option<&DefaultCheck>) -> Option<Check> {
        let kind = self.kind_or(default)?;
        let port = self.port.get().copied().or(default.map(|d| d.port));
        // What is imported was judged where it comes from.
        let (fall, rise) = if kind == CheckKind::File { (1, 1) } else { (FALL, RISE) };
        Some(Check {
            ask: self.ask.finish(kind, default.and_then(|default| default.path))?,
            port: port.or((!kind.needs_port()).then_some(0))?,
            name: self.name.get().cloned(),
            interval: self.interval.get().copied().unwrap_or(INTERVAL),
            timeout: self.timeout.get().copied().unwrap_or(TIMEOUT),
            confirm: self.confirm.get().copied().unwrap_or(CONFIRM),
            fall: self.fall.get().copied().unwrap_or(fall),
            rise: self.rise.get().copied().unwrap_or(rise),
            tripwire: self.tripwire.get().copied().unwrap_or(TRIPWIRE),
            tls: self.tls.get().cloned().unwrap_or_default(),
        })
    }
}

impl Check {
    /// The same check of the other port, where one SRV owner is for STARTTLS and one for TLS from the first octet: peers take either
    /// (XEP-0368 section 3), so both are proven. `None` for a check of another kind, which is asked as it stands.
    pub(super) fn beside(&self, kind: &Kind) -> Option<Self> {
        let (plain, direct) = (kind.srv.first()?.port, kind.direct_tls.as_ref()?.port);
        let Ask::Xmpp { direct_tls } = self.ask else { return None };
        let port = if direct_tls { plain } else { direct };
        Some(Self { ask: Ask::Xmpp { direct_tls: !direct_tls }, port, ..self.clone() })
    }
}

fn kind(value: Value<'_>) -> Option<CheckKind> {
    let kind = value.word(CheckKind::WORDS)?;
    if kind == CheckKind::Tcp {
        let title = "this check proves only that the port accepts connections";
        let help = "use a check of the service's protocol, or \"tls\", unless another process than the service is known not to hold the port";
        value.report.add(value.span, codes::WEAK_CHECK, title, "a weak check", help);
    }
    Some(kind)
}

fn tls(value: Value<'_>) -> Option<TlsOptions> {
    value.table(&TLS, |t| {
        let ca = t.get("ca", pem::certificates);
        let cert = t.get("cert", pem::certificates);
        let key = t.get("key", pem::private_key);
        let verify = t.get("verify", |v| v.word(Verify::WORDS)).or_default();
        half_identity(t, &cert, &key);
        TlsOptions { ca: ca.into_option(), identity: cert.into_option().zip(key.into_option()), verify }
    })
}

fn half_identity(t: &Table<'_>, cert: &Field<Pem>, key: &Field<Pem>) {
    let (span, has, lacks): (Span, _, _) = match (cert.at(), key.at()) {
        (Some(cert), None) if key.is_absent() => (cert.span, "cert", "key"),
        (None, Some(key)) if cert.is_absent() => (key.span, "key", "cert"),
        _ => return,
    };
    let help = format!("add {lacks} = \"probe.pem\", or leave {has} out and present no certificate");
    t.report(span, codes::HALF_IDENTITY, format!("\"{has}\" is given without \"{lacks}\""), help);
}
