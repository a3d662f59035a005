//! `[gate.name]`: a program that is asked before a service sends clients elsewhere by itself.

use super::ask::{COMMAND, command};
use super::codes;
use super::key::Absent::{Is, Means, Needed};
use super::key::{Key, Section, Shown as _, word};
use super::reader::{Field, Value, list, nearest};
use super::refer::Drafts;
use super::report::Report;
use super::source::{At, values};
use crate::limits;
use std::collections::HashMap;
use std::time::Duration;

const TIMEOUT: Duration = Duration::from_secs(2);
const OTHERWISE: Way = Way::Go;

/// `[gate.name]`.
pub(super) static SECTION: Section = Section {
    header: "[gate.NAME]",
    about: "Who is asked before a service sends clients elsewhere by itself, whether pools are lost or come back. \
            What an operator orders, and a reload, is not asked for.",
    keys: &[&[
        Key::new(
            "command",
            Needed("command = [\"/path/of/program\"]: exit code 0 goes, 1 stays"),
            "What is run; it reads what would move as JSON. Exit code 0: go; 1: stay, and it is asked again \
             after 30 s.",
        )
        .written(COMMAND),
        Key::new("services", Means("all"), "Services for which it is asked; no service has two gates."),
        Key::new(
            "timeout",
            Is(|| TIMEOUT.shown()),
            "How long it may take: partners of a dead pool wait as long as this.",
        ),
        Key::new(
            "otherwise",
            Is(|| word(Way::WORDS, &OTHERWISE)),
            "What is done where it does not answer in time, or cannot.",
        ),
    ]],
};

/// A program that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gate {
    /// The name in the configuration.
    pub name: String,
    /// The program with its arguments.
    pub command: Vec<String>,
    /// The services for which it is asked; no service has two gates. Default all.
    pub services: Vec<String>,
    /// How long it may take. Default 2 s.
    pub timeout: Duration,
    /// What is done where it does not answer in time, or cannot. Default to go.
    pub otherwise: Way,
}

/// What a gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Clients are sent elsewhere.
    Go,
    /// Answers stay as they are.
    Stay,
}

impl Way {
    /// Both with their words.
    pub const WORDS: &'static [(&'static str, Self)] = &[("go", Self::Go), ("stay", Self::Stay)];

    /// The word in the configuration, in events and metrics.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, way)| *way == self).map_or("", |(word, _)| word)
    }
}

/// `[gate.name]` as it was written.
pub(super) struct Draft {
    name: At<String>,
    command: Vec<String>,
    services: Field<Vec<At<String>>>,
    timeout: Duration,
    otherwise: Way,
}

/// `[gate.name]`; `None` where something was reported.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Draft> {
    let name = value.entry_name(key);
    let (command, services, timeout, otherwise) = value.table(&SECTION, |t| {
        let command = t.need("command", command);
        let service = |v: Value<'_>| {
            v.text("names of services", "write the names of [service.…] tables in quotes").map(str::to_owned)
        };
        let services = t.get("services", |v| v.list(service));
        let timeout = t.get("timeout", |v| v.duration(limits::GATE_TIMEOUT)).or(TIMEOUT);
        (command, services, timeout, t.get("otherwise", |v| v.word(Way::WORDS)).or(OTHERWISE))
    })?;
    let name = name.map(|()| At { value: key.value.to_owned(), span: key.span })?;
    Some(Draft { name, command: command.into_option()?, services, timeout, otherwise })
}

impl Draft {
    /// The gate; `all` are the names of all services.
    pub(super) fn finish(self, all: &[String]) -> Gate {
        let services = self.services.into_option().map_or_else(|| all.to_vec(), values);
        let Self { name, command, timeout, otherwise, .. } = self;
        Gate { name: name.value, command, services, timeout, otherwise }
    }
}

/// Services are there, and none has two gates.
pub(super) fn judge(drafts: &Drafts, report: &Report) {
    let all: Vec<_> = drafts.services.iter().map(|service| service.name.value.as_str()).collect();
    let mut gates: HashMap<&str, &str> = HashMap::new();
    for gate in &drafts.gates {
        let named = gate.services.get();
        for at in named.into_iter().flatten().filter(|at| !all.contains(&at.value.as_str())) {
            let help = nearest(&at.value, all.iter().copied()).map_or_else(
                || format!("the services are {}", list(all.iter().copied())),
                |s| format!("did you mean \"{s}\"?"),
            );
            report.add(at.span, codes::GATE_SERVICE, format!("there is no service \"{}\"", at.value), "", help);
        }
        let own: Vec<_> = named.map_or_else(
            || all.iter().map(|&service| (service, gate.name.span)).collect(),
            |named| named.iter().map(|at| (at.value.as_str(), at.span)).collect(),
        );
        for (service, span) in own {
            if let Some(first) = gates.insert(service, &gate.name.value) {
                let title = format!("the service {service} has two gates: {first} and {}", gate.name.value);
                report.add(
                    span,
                    codes::GATE_SERVICE,
                    title,
                    "",
                    "name its services in each gate: one program can ask others",
                );
                break;
            }
        }
    }
}
