//! What `[server]` says of DNS itself: who we say we are, cookies, and limits for clients that ask too much.

use super::codes;
use super::form::{self, Form};
use super::key::Absent::{Is, Means};
use super::key::{Key, Section, Shown as _};
use super::reader::Value;
use super::source::{At, values};
use super::table::Table;
use super::{CookieSecret, Dns, RateLimit};
use crate::limits;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;

/// What `[server]` says of DNS.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "nsid",
        Means("it is not told"),
        "Told to those who ask which server answered (NSID, RFC 5001; `dig +nsid`).",
    ),
    Key::new("version", Means("refused"), "What CHAOS TXT `version.bind` and `version.server` say."),
    Key::new("id", Means("refused"), "What CHAOS TXT `id.server` and `hostname.bind` say (RFC 4892)."),
    Key::new(
        "cookie_secret_file",
        Means("drawn at the start"),
        "File of one or two lines of 32 hexadecimal digits, the same on all nodes, which not everybody may read: \
         the first makes DNS cookies (RFC 9018), both are good to check them. To change it everywhere, reload \
         after each step: add the new one below; put it first; drop the old one an hour later.",
    ),
    Key::new(
        "rate_limit",
        Means("the limits of `[server.rate_limit]`"),
        "Limits of answers over UDP, or `\"off\"` for none.",
    )
    .within(&RATE_LIMIT),
];

static RATE_LIMIT: Section = Section {
    header: "[server.rate_limit]",
    about: "How many answers of one class (answer, nodata, nxdomain, refused, error) one client network (/24, \
            /56) has over UDP in a second. Valid DNS cookies and TCP have no limit. Each thread allows its part, \
            so who asks from one port alone may get no more than that.",
    keys: &[&[
        Key::new("per_second", Is(|| RateLimit::default().per_second.shown()), "Answers in a second."),
        Key::new(
            "slip",
            Is(|| RateLimit::default().slip.shown()),
            "Every so many answers over the limit is one that says \"ask over TCP\", the others are silence; \
             with 0 all are.",
        ),
        Key::new("exempt", Is(|| RateLimit::default().exempt.shown()), "Networks without a limit."),
    ]],
};

/// "gtm1.seoul.contoso.com".
const IDENTITY: Form<String> = Form {
    noun: "an identity",
    code: codes::BAD_IDENTITY,
    help: "write up to 128 visible ASCII characters, as \"gtm1.seoul\"; leave the key out to tell nothing",
    read: |text| match text.len() {
        0 => Err("it is empty".to_owned()),
        n if n > limits::IDENTITY_MAX => Err(format!("it has {n} octets")),
        _ if !text.bytes().all(|octet| octet == b' ' || octet.is_ascii_graphic()) => {
            Err("a character is not visible ASCII".to_owned())
        }
        _ => Ok(text.to_owned()),
    },
};

impl Default for RateLimit {
    fn default() -> Self {
        let own = [(Ipv4Addr::LOCALHOST.into(), 8), (Ipv6Addr::LOCALHOST.into(), 128)];
        let own = own.into_iter().filter_map(|(address, length)| ipnet::IpNet::new(address, length).ok());
        // Peers of a federation ask once for each TTL: no honest network comes near, and a forged one gets little.
        Self { per_second: 200, slip: 2, exempt: own.map(|prefix| prefix.trunc()).collect() }
    }
}

impl Default for Dns {
    fn default() -> Self {
        let rate_limit = Some(RateLimit::default());
        Self {
            nsid: None,
            version: None,
            id: None,
            cookie_secrets: Vec::new(),
            rate_limit,
            resolver: None,
            tsig: Vec::new(),
        }
    }
}

/// The keys of `[server]` that are ours.
pub(super) fn read(t: &mut Table<'_>) -> Dns {
    let default = Dns::default();
    Dns {
        nsid: t.get("nsid", |v| v.form(&IDENTITY)).into_option(),
        version: t.get("version", |v| v.form(&IDENTITY)).into_option(),
        id: t.get("id", |v| v.form(&IDENTITY)).into_option(),
        cookie_secrets: t.get("cookie_secret_file", |v| cookie_secrets(&v.path()?, v)).or(default.cookie_secrets),
        rate_limit: t.get("rate_limit", rate_limit).or(default.rate_limit),
        resolver: None,
        tsig: Vec::new(),
    }
}

fn rate_limit(value: Value<'_>) -> Option<Option<RateLimit>> {
    if value.as_text().is_some() {
        return value.word(&[("off", None)]);
    }
    let default = RateLimit::default();
    value.table(&RATE_LIMIT, |t| {
        Some(RateLimit {
            per_second: t.get("per_second", |v| v.integer(limits::RATE)).or(default.per_second),
            slip: t.get("slip", |v| v.integer(0..=limits::SLIP_MAX)).or(default.slip),
            exempt: t.get("exempt", exempt).or(default.exempt),
        })
    })
}

fn exempt(value: Value<'_>) -> Option<Vec<ipnet::IpNet>> {
    let prefixes = value.list_or_empty(|v| v.form(&form::PREFIX))?;
    value.report.unique(prefixes.iter().map(At::as_ref), codes::DUPLICATE_PREFIX, "the prefix");
    Some(values(prefixes))
}

/// One secret in each line. What is wrong with one is told without showing it.
fn cookie_secrets(path: &Path, value: Value<'_>) -> Option<Vec<CookieSecret>> {
    let report = value.report;
    let text = report.text(path, limits::COOKIE_SECRET_FILE_MAX, value.span)?;
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let secrets: Vec<_> = lines.iter().filter_map(|line| secret(line)).collect();
    let right = secrets.len() == lines.len() && (1..=limits::COOKIE_SECRETS_MAX).contains(&lines.len());
    if !right {
        let help = "write one or two lines of 32 hexadecimal digits; `openssl rand -hex 16` makes one";
        let why = format!("{} of {} lines are cookie secrets", secrets.len(), lines.len());
        report.add(value.span, codes::BAD_COOKIE_SECRET, format!("{}: {why}", path.display()), "named here", help);
    }
    let is_private = report.is_private(path, value.span, "can forge cookies");
    (right && is_private).then_some(secrets)
}

/// Reads 32 hexadecimal digits.
fn secret(line: &str) -> Option<CookieSecret> {
    let digits: Vec<u8> = line.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let octets: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect();
    (digits.len() == 32).then_some(CookieSecret(octets.try_into().ok()?))
}

#[cfg(test)]
mod tests;
