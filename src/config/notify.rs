//! `[notify.name]`: who is told of what happens, and of what.

use super::ask::{COMMAND, command};
use super::codes;
use super::form::Form;
use super::key::Absent::{Is, Means};
use super::key::{Key, Section, Shown as _};
use super::pem;
use super::reader::{Field, Value};
use super::refer::Drafts;
use super::report::Report;
use super::secret::{Secret, shared_secret};
use super::source::{At, Span, values};
use super::{Pem, table::Table};
use crate::limits;
use std::fmt;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(10);

/// Somebody who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// The name in the configuration.
    pub name: String,
    /// How.
    pub to: Recipient,
    /// Of what. Default everything but single verdicts.
    pub on: Vec<Topic>,
    /// How long it may take to accept a message. Default 10 s.
    pub timeout: Duration,
}

/// Where messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// A POST over HTTP.
    Webhook(Webhook),
    /// A program with its arguments, which reads the message.
    Command(Vec<String>),
}

/// A place that takes messages over HTTP.
#[derive(Clone, PartialEq, Eq)]
pub struct Webhook {
    /// `https://` or `http://`.
    pub url: String,
    /// With what messages are signed; `None` signs nothing.
    pub secret: Option<Box<[u8]>>,
    /// Trusted instead of the Mozilla roots.
    pub ca: Option<Pem>,
}

impl fmt::Debug for Webhook {
    /// Shows neither the secret nor the path of the URL, in which many keep one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Webhook({})", self.origin())
    }
}

impl Webhook {
    /// Scheme, host and port: what may be shown.
    pub fn origin(&self) -> &str {
        let host = self.url.find("://").map_or(0, |at| at + 3);
        &self.url[..host + authority(&self.url[host..]).len()]
    }
}

/// The host and port of what stands behind a URL's `://`: up to its path, query or fragment (RFC 3986, section 3.2).
fn authority(rest: &str) -> &str {
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// What somebody wants to hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// An endpoint is believed otherwise.
    Verdict,
    /// Partners are sent elsewhere because pools are lost or held away.
    Failover,
    /// Partners are sent back.
    Failback,
    /// A certificate ends soon.
    Certificate,
    /// We doubt what we see, or no longer do.
    SelfDoubt,
    /// A hold begins or ends, or was refused.
    Hold,
}

impl Topic {
    /// All with their words.
    pub const WORDS: &'static [(&'static str, Self)] = &[
        ("verdict", Self::Verdict),
        ("failover", Self::Failover),
        ("failback", Self::Failback),
        ("certificate", Self::Certificate),
        ("self-doubt", Self::SelfDoubt),
        ("hold", Self::Hold),
    ];

    /// The word in the configuration and in messages.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, topic)| *topic == self).map_or("", |(word, _)| word)
    }
}

/// `[notify.name]`.
pub(super) static SECTION: Section = Section {
    header: "[notify.NAME]",
    about: "Who is told of what happens ([notifications](../notifications.md)): by a POST, or by a program that \
            reads the message. Exactly one of `webhook` and `command` is given. What waits to be told lies below \
            `state_dir`, which must be set.",
    keys: &[&[
        Key::new(
            "webhook",
            Means("`command` must be given"),
            "URL to which messages are posted as JSON; chat systems that read `text` show its sentence.",
        ),
        Key::new(
            "secret_file",
            Means("messages are not signed"),
            "File with one line of Base64, which not everybody on this host may read; each message of the webhook \
             is signed with it, as [standardwebhooks.com](https://www.standardwebhooks.com) has it.",
        ),
        Key::new("ca", Means("the Mozilla roots"), "PEM file of authorities that are trusted instead for the webhook."),
        Key::new(
            "command",
            Means("`webhook` must be given"),
            "What is run; it reads the message, and exit code 0 takes it.",
        )
        .written(COMMAND),
        Key::new(
            "on",
            Is(|| topics().iter().map(|topic| topic.word()).collect::<Vec<_>>().shown()),
            "Of what it is told.",
        ),
        Key::new(
            "timeout",
            Is(|| TIMEOUT.shown()),
            "How long it may take to accept a message. It is told again until it does, for a day.",
        ),
    ]],
};

const URL: Form<String> = Form {
    noun: "a URL that takes messages",
    code: codes::BAD_WEBHOOK,
    help: "write \"https://host/path\"",
    read: |text| {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or("it begins with neither https:// nor http://")?;
        match rest {
            _ if !text.bytes().all(|octet| octet.is_ascii_graphic()) => Err("a character is not visible ASCII".into()),
            _ if rest.is_empty() || rest.starts_with(['/', ':', '?', '#']) => Err("it names no host".into()),
            _ if authority(rest).contains('@') => Err("user and password in a URL are not sent".into()),
            _ => Ok(text.to_owned()),
        }
    },
};

const SECRET: Secret = Secret { code: codes::BAD_WEBHOOK, powers: "can send messages in our name" };

/// `[notify.name]`; `None` where something was reported.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<At<Notify>> {
    let name = value.entry_name(key);
    let (to, on, timeout) = value.table(&SECTION, |t| {
        let to = recipient(t, key.span);
        let on = t.get("on", |v| v.list(|v| v.word(Topic::WORDS)));
        (to, on, t.get("timeout", |v| v.duration(limits::NOTIFY_TIMEOUT)).or(TIMEOUT))
    })?;
    let on = if on.is_absent() { topics() } else { values(on.into_option()?) };
    let to = name.and(to)?;
    Some(At { value: Notify { name: key.value.to_owned(), to, on, timeout }, span: key.span })
}

/// What is told where nothing is said.
fn topics() -> Vec<Topic> {
    Topic::WORDS.iter().map(|(_, topic)| *topic).filter(|topic| *topic != Topic::Verdict).collect()
}

/// Queues need a place, and there is a bound on them.
pub(super) fn judge(drafts: &Drafts, report: &Report) {
    let Some(first) = drafts.notify.first() else { return };
    if drafts.server.state_dir.is_none() {
        let help = "add state_dir = \"/var/lib/edgesteer\" under [server]: what waits to be told is kept there";
        report.add(first.span, codes::NO_STATE_DIR, "messages need a place to wait in", "", help);
    }
    if let Some(over) = drafts.notify.get(limits::NOTIFIED_MAX) {
        let help = format!("at most {} are allowed; a command can tell many", limits::NOTIFIED_MAX);
        report.add(over.span, codes::TOO_MANY, format!("{} are to be told", drafts.notify.len()), "", help);
    }
}

/// Exactly one of `webhook` and `command`, with what belongs to it.
fn recipient(t: &mut Table<'_>, name: Span) -> Option<Recipient> {
    let webhook = t.get("webhook", |v| v.secret(&URL));
    let secret = t.get("secret_file", |v| shared_secret(v, &SECRET));
    let ca = t.get("ca", pem::certificates);
    let command = t.get("command", command);
    let spans = [secret.at().map(|at| ("secret_file", at.span)), ca.at().map(|at| ("ca", at.span))];
    match (&webhook, &command) {
        (Field::Absent, Field::Absent) => {
            let help = "add webhook = \"https://host/path\", or command = [\"/path/of/program\"]".to_owned();
            t.report(name, codes::MISSING_KEY, "nobody is named who could be told".to_owned(), help);
            None
        }
        (Field::Given(_), Field::Given(at)) => {
            let title = "both \"webhook\" and \"command\" are given".to_owned();
            t.report(at.span, codes::BAD_WEBHOOK, title, "make a [notify.NAME] table for each".to_owned());
            None
        }
        (Field::Absent, _) => {
            for (key, span) in spans.into_iter().flatten() {
                let help = format!("remove {key}: only a webhook has one");
                t.report(span, codes::BAD_WEBHOOK, format!("\"{key}\" means nothing to a command"), help);
            }
            command.into_option().map(Recipient::Command)
        }
        _ => {
            let is_whole = !matches!((&secret, &ca), (Field::Bad, _) | (_, Field::Bad));
            let (secret, ca) = (secret.into_option(), ca.into_option());
            webhook.into_option().filter(|_| is_whole).map(|url| Recipient::Webhook(Webhook { url, secret, ca }))
        }
    }
}

#[cfg(test)]
mod tests;
