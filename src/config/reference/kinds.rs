//! What words of a key stand for, where that is more than a sentence: kinds of service, and of check.

use crate::config::group::failback;
use crate::federation::{CheckKind, DefaultCheck, KINDS, Kind, Shape};

/// What words of a key stand for.
#[derive(Debug)]
pub struct Words {
    /// Its heading.
    pub title: &'static str,
    /// What its columns are; the first is the word.
    pub columns: &'static [&'static str],
    /// A row for each word, with as many cells; Markdown.
    pub rows: Vec<Vec<String>>,
}

/// The words that are explained below the table with that header.
pub(super) fn of(header: &str) -> Option<Words> {
    match header {
        "[service.NAME]" => Some(services()),
        "[check.NAME]" => Some(checks()),
        _ => None,
    }
}

fn services() -> Words {
    Words {
        title: "Kinds of service",
        columns: &["kind", "for whom", "names below each domain", "`shape`", "role", "check", "`failback`"],
        rows: KINDS.iter().map(|kind| service(kind)).collect(),
    }
}

fn service(kind: &Kind) -> Vec<String> {
    let shape = |shape: &Shape| Shape::WORDS.iter().find(|(_, known)| known == shape).map_or("", |(word, _)| word);
    let shapes: Vec<_> = kind.shapes.iter().map(|kind| code(shape(kind))).collect();
    let check = kind.check.as_ref().map_or_else(|| "must be given".to_owned(), check);
    let failback = code(&failback(kind.failback));
    vec![code(kind.name), kind.summary.to_owned(), names(kind), shapes.join(", "), code(kind.role), check, failback]
}

fn names(kind: &Kind) -> String {
    let srv = kind.srv.iter().map(|owner| format!("SRV `{}` {}", owner.prefix, owner.port));
    let direct = kind.direct_tls.iter().map(|owner| format!("with `direct_tls` SRV `{}` {}", owner.prefix, owner.port));
    let owners: Vec<_> = kind.addresses.iter().map(|owner| code(owner)).collect();
    let addresses = (!owners.is_empty()).then(|| format!("A, AAAA {}", owners.join(", ")));
    let own = kind.names_from_config.then(|| "those of `srv` and `address`".to_owned());
    srv.chain(direct).chain(addresses).chain(own).collect::<Vec<_>>().join("; ")
}

fn check(check: &DefaultCheck) -> String {
    let path = check.path.map_or_else(String::new, |path| format!(", `{path}`"));
    format!("`{}`, port {}{path}", check.kind.word(), check.port)
}

fn checks() -> Words {
    let row = |(word, kind): &(&str, CheckKind)| vec![code(word), passes(*kind).to_owned()];
    Words {
        title: "Kinds of check",
        columns: &["kind", "passes where"],
        rows: CheckKind::WORDS.iter().map(row).collect(),
    }
}

fn passes(kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::Sip => "OPTIONS over TLS is answered as a working SIP stack does, and the certificate holds",
        CheckKind::Xmpp => "a stream for the domain begins, TLS with a certificate that holds, and a stream over it",
        CheckKind::Matrix => {
            "`/_matrix/federation/v1/version` and `/_matrix/key/v2/server` are answered, and the certificate holds"
        }
        CheckKind::Https => {
            "a request is answered with a status, and a body, that is wanted, and the certificate holds"
        }
        CheckKind::Tls => "a TLS handshake ends, and the certificate holds",
        CheckKind::Tcp => "the port accepts connections: it proves little ([weak-check](../lints/weak-check.md))",
        CheckKind::Stun => "a binding request is answered",
        CheckKind::Exec => "a program says so",
        CheckKind::File => "a file that somebody else writes says so",
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
