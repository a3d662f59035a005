//! `[token.name]`: who may ask the admin listener, and for what. Only hashes stand in a configuration.

use super::codes;
use super::form::Form;
use super::key::Absent::Needed;
use super::key::{Key, Section};
use super::reader::Value;
use super::source::At;
use std::fmt;

/// Someone who may ask the admin listener.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    /// Whose it is: what the audit trail says of orders.
    pub name: String,
    /// What it is good for.
    pub role: Role,
    /// SHA-256 of the token, which is random and long, so that nobody finds it by trying.
    pub sha256: [u8; 32],
}

impl fmt::Debug for Token {
    /// Shows no hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({} {})", self.name, self.role.word())
    }
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// To look.
    Read,
    /// To look, and to give orders.
    Operate,
}

impl Role {
    /// Both with their words.
    pub const WORDS: &'static [(&'static str, Self)] = &[("read", Self::Read), ("operate", Self::Operate)];

    /// The word in the configuration.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, role)| *role == self).map_or("", |(word, _)| word)
    }
}

/// `[token.name]`.
pub(super) static SECTION: Section = Section {
    header: "[token.NAME]",
    about: "Who may ask the admin listener beside the users of this machine; the audit trail has orders under \
            this name. With any, all that it tells needs one, `/healthz` and `/readyz` aside. Orders always need \
            one. `edgesteer token new NAME` makes one and prints the lines.",
    keys: &[&[
        Key::new(
            "role",
            Needed("role = \"read\", or \"operate\" to give orders"),
            "`\"read\"` looks, `\"operate\"` gives orders too.",
        ),
        Key::new(
            "sha256",
            Needed("sha256 = \"...\", as `edgesteer token new NAME` prints it"),
            "The hash of the token, 64 hexadecimal digits.",
        ),
    ]],
};

const SHA256: Form<[u8; 32]> = Form {
    noun: "a SHA-256 in hexadecimal digits",
    code: codes::BAD_TOKEN,
    help: "`edgesteer token new NAME` makes a token and prints the lines to put here",
    read: |text| sha256(text).ok_or_else(|| format!("{} characters; 64 digits are wanted", text.chars().count())),
};

fn sha256(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect::<Option<_>>()?;
    let octets: Vec<u8> = digits.chunks(2).map(|pair| pair.iter().fold(0, |octet, digit| octet << 4 | digit)).collect();
    (digits.len() == 64).then_some(octets.try_into().ok()?)
}

/// `[token.name]`; `None` where something was reported.
pub(super) fn read(key: At<&str>, value: Value<'_>) -> Option<Token> {
    let name = value.entry_name(key);
    let (role, sha256) = value.table(&SECTION, |t| {
        let role = t.need("role", |v| v.word(Role::WORDS));
        (role, t.need("sha256", |v| v.secret(&SHA256)))
    })?;
    name?;
    if key.value == "local" {
        let help = "choose another name: audit trails would not tell the two apart";
        value.report.add(key.span, codes::BAD_TOKEN, "\"local\" is the token of this machine itself", "", help);
        return None;
    }
    Some(Token { name: key.value.to_owned(), role: role.into_option()?, sha256: sha256.into_option()? })
}
