//! The reference as a page in Markdown: `docs/manual/configuration.md` from its mark on.

use super::{Entry, Table, reference};
use crate::config::group::failback;
use crate::federation::{CheckKind, DefaultCheck, KINDS, Kind, Shape};
use std::fmt::Write as _;

/// The whole page but for its introduction.
pub fn page() -> String {
    let tables = reference();
    let mut text = contents(&tables);
    for table in &tables {
        let _ = write!(text, "\n## `{}`\n\n{}\n\n", table.header, table.about);
        text += "| key | value | without it | what it does |\n|---|---|---|---|\n";
        table.keys.iter().for_each(|entry| row(entry, &mut text));
        match table.header {
            "[service.NAME]" => kinds(&mut text),
            "[check.NAME]" => checks(&mut text),
            _ => {}
        }
    }
    text
}

fn contents(tables: &[Table]) -> String {
    let mut text = "| table | what it is |\n|---|---|\n".to_owned();
    for table in tables {
        let first =
            [". ", " ([", ": "].iter().fold(table.about, |about, end| about.split(end).next().unwrap_or_default());
        let _ = writeln!(text, "| {} | {} |", link(table.header), first.trim_end_matches('.'));
    }
    text
}

fn row(entry: &Entry, text: &mut String) {
    let Entry { name, written, absent, meaning, within } = entry;
    let written = within.map_or_else(|| written.clone(), |header| written.replace("a table", &link(header)));
    let _ = writeln!(text, "| `{name}` | {written} | {absent} | {meaning} |");
}

/// A header as a link to its place on the page, which is named as GitHub names it.
fn link(header: &str) -> String {
    let anchor: String = header.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    format!("[`{header}`](#{})", anchor.to_ascii_lowercase())
}

fn kinds(text: &mut String) {
    *text += "\n### Kinds of service\n\n| kind | for whom | names below each domain | `shape` | role | check | `failback` |\n";
    *text += "|---|---|---|---|---|---|---|\n";
    for kind in KINDS {
        let shapes: Vec<_> = kind.shapes.iter().map(|shape| format!("`{}`", word(*shape))).collect();
        let check = kind.check.as_ref().map_or_else(|| "must be given".to_owned(), check);
        let (failback, shapes) = (failback(kind.failback), shapes.join(", "));
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {shapes} | `{}` | {check} | `{failback}` |",
            kind.name,
            kind.summary,
            names(kind),
            kind.role
        );
    }
}

fn names(kind: &Kind) -> String {
    let srv = kind.srv.iter().map(|owner| format!("SRV `{}` {}", owner.prefix, owner.port));
    let direct = kind.direct_tls.iter().map(|owner| format!("with `direct_tls` SRV `{}` {}", owner.prefix, owner.port));
    let addresses = kind.addresses.iter().map(|owner| format!("A, AAAA `{owner}`"));
    let own = kind.names_from_config.then(|| "those of `srv` and `address`".to_owned());
    srv.chain(direct).chain(addresses).chain(own).collect::<Vec<_>>().join("; ")
}

fn word(shape: Shape) -> &'static str {
    Shape::WORDS.iter().find(|(_, known)| *known == shape).map_or("", |(word, _)| word)
}

fn check(check: &DefaultCheck) -> String {
    let path = check.path.map_or_else(String::new, |path| format!(", `{path}`"));
    format!("`{}`, port {}{path}", check.kind.word(), check.port)
}

fn checks(text: &mut String) {
    *text += "\n### Kinds of check\n\n| kind | passes where |\n|---|---|\n";
    for (word, kind) in CheckKind::WORDS {
        let _ = writeln!(text, "| `{word}` | {} |", passes(*kind));
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
