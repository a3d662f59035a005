//! What a drill has found, as Markdown for people and JSON for programs.

use serde_json::{Value, json};
use std::fmt;
use std::time::Duration;

/// One drill.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) pool: String,
    pub(super) state: String,
    pub(super) reason: String,
    /// When the order was given, milliseconds since 1970.
    pub(super) began: u64,
    /// What was asked meanwhile, in words; `None` where nothing that could be asked named the pool.
    pub(super) asked: Option<String>,
    /// What was to move, each service with its share of IPv4 and IPv6, 0 to 1.
    pub(super) foretold: Vec<(String, [f64; 2])>,
    pub(super) accepted: Option<Duration>,
    pub(super) changed: Option<Duration>,
    pub(super) run_out: Option<Duration>,
    pub(super) released: Option<Duration>,
    pub(super) returned: Option<Duration>,
    /// What happened meanwhile, as the server told it: milliseconds since 1970, and words.
    pub(super) events: Vec<(u64, String)>,
    /// Why it ended before its time, or what was not as it should be.
    pub(super) troubles: Vec<String>,
}

/// The phases in their order: word for programs, words for people.
type Phase = (&'static str, &'static str, Option<Duration>);

impl Report {
    /// Whether everything went as it should.
    pub(super) fn is_good(&self) -> bool {
        self.troubles.is_empty()
    }

    fn phases(&self) -> [Phase; 5] {
        [
            ("accepted", "the order was accepted and published", self.accepted),
            ("changed", "the first changed answer", self.changed),
            ("run_out", "the last old answer has run out with resolvers that honour the TTL", self.run_out),
            ("released", "the pool was released", self.released),
            ("returned", "the first answer with the pool again", self.returned),
        ]
    }

    /// For programs; times are seconds after the order.
    pub(super) fn json(&self) -> Value {
        let phases = self.phases().map(|(word, _, at)| (word.to_owned(), json!(at.map(|at| at.as_secs_f64()))));
        let foretold =
            self.foretold.iter().map(|(service, [v4, v6])| json!({"service": service, "ipv4": v4, "ipv6": v6}));
        json!({
            "pool": self.pool,
            "state": self.state,
            "reason": self.reason,
            "began": self.began,
            "ok": self.is_good(),
            "asked": self.asked,
            "foretold": foretold.collect::<Vec<_>>(),
            "phases": phases.into_iter().collect::<serde_json::Map<_, _>>(),
            "events": self.events.iter().map(|(at, words)| json!({"at": at, "what": words})).collect::<Vec<_>>(),
            "troubles": self.troubles,
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let began = std::time::UNIX_EPOCH + Duration::from_millis(self.began);
        writeln!(f, "# Drill: {} as if lost\n", self.pool)?;
        writeln!(
            f,
            "{}. Held {} at {}, because: {}.\n",
            verdict(self),
            self.state,
            humantime::format_rfc3339_seconds(began),
            self.reason
        )?;
        for trouble in &self.troubles {
            writeln!(f, "- **{trouble}**")?;
        }
        writeln!(f, "{}## Foretold\n", if self.is_good() { "" } else { "\n" })?;
        writeln!(f, "| service | IPv4 that moves | IPv6 that moves |\n|---|---|---|")?;
        for (service, [v4, v6]) in &self.foretold {
            writeln!(f, "| {service} | {:.1} % | {:.1} % |", v4 * 100.0, v6 * 100.0)?;
        }
        writeln!(f, "\n## Measured\n")?;
        match &self.asked {
            Some(asked) => writeln!(f, "Asked meanwhile: {asked}.\n")?,
            None => writeln!(f, "No answer that could be asked for named the pool, so answers were not measured.\n")?,
        }
        writeln!(f, "| phase | after the order |\n|---|---|")?;
        for (_, words, at) in self.phases() {
            writeln!(f, "| {words} | {} |", at.map_or("-".to_owned(), |at| format!("{:.3} s", at.as_secs_f64())))?;
        }
        writeln!(f, "\n## What the server told\n")?;
        if self.events.is_empty() {
            writeln!(f, "Nothing.")?;
        }
        for (at, words) in &self.events {
            let at = std::time::UNIX_EPOCH + Duration::from_millis(*at);
            writeln!(f, "- {} {words}", humantime::format_rfc3339_millis(at))?;
        }
        Ok(())
    }
}

fn verdict(report: &Report) -> &'static str {
    if report.is_good() { "It went as it should" } else { "It did NOT go as it should" }
}
