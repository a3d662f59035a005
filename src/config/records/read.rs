//! A master file to records with their places: directives, owners, TTLs, classes and types (RFC 1035 section 5.1).
//!
//! Not here: whether the records make sense together (`judge`).

use super::data::{self, seconds};
use super::lexer::{Entry, Lexer, Token, Wrong};
use super::{Record, name};
use crate::config::codes::{self, Code};
use crate::config::reader::{Value, nearest};
use crate::config::report::Report;
use crate::config::source::{At, FileId, Span};
use crate::limits;
use crate::name::Name;
use crate::rrtype;
use std::path::{Component, Path, PathBuf};

/// Everything that the file behind `value` and those that it includes say of a zone; wrong entries are reported.
pub(super) fn read(value: Value<'_>, apex: &Name, ttl: u32) -> Option<Vec<Record>> {
    let path = value.path()?;
    let mut reader = Reader {
        report: value.report,
        apex,
        origin: apex.clone(),
        default_ttl: None,
        last_ttl: ttl,
        last_owner: None,
        left: limits::RECORDS_MAX,
        open: Vec::new(),
        records: Vec::new(),
    };
    reader.file(&path, value.span).then_some(reader.records)
}

struct Reader<'r> {
    report: &'r Report,
    apex: &'r Name,
    origin: Name,
    /// `$TTL` (RFC 2308 section 4).
    default_ttl: Option<u32>,
    /// Of the last record that said one; before there is one, the zone's own.
    last_ttl: u32,
    last_owner: Option<Name>,
    /// Octets that all files together may still have.
    left: u64,
    /// The files that include one another, outermost first.
    open: Vec<PathBuf>,
    records: Vec<Record>,
}

/// A type with its TTL, where a record says one.
struct Head<'t> {
    ttl: Option<u32>,
    kind: u16,
    named: Token<'t>,
    rest: usize,
}

impl Reader<'_> {
    /// Reads a file; false where it cannot be read at all.
    fn file(&mut self, path: &Path, named_at: Span) -> bool {
        let Some((file, source)) = self.report.open(path, self.left, named_at) else { return false };
        self.left -= source.text.len() as u64;
        self.open.push(path.to_owned());
        for entry in Lexer::new(&source.text) {
            let entry = match entry {
                Ok(entry) => entry,
                Err(wrong) => {
                    self.tell(file, codes::BAD_RECORD, wrong);
                    continue;
                }
            };
            let first = entry.tokens[0];
            if !entry.indented && !first.quoted && first.raw.starts_with('$') {
                self.directive(file, &entry.tokens);
            } else if let Err((code, wrong)) = self.record(file, &entry) {
                self.tell(file, code, wrong);
            }
        }
        self.open.pop();
        true
    }

    fn tell(&self, file: FileId, code: Code, wrong: Wrong) {
        self.report.add(Span::new(file, wrong.range), code, wrong.why, "", wrong.help);
    }

    fn directive(&mut self, file: FileId, tokens: &[Token<'_>]) {
        let done = match tokens[0] {
            first if first.is("$ORIGIN") => self.set_origin(tokens),
            first if first.is("$TTL") => self.set_ttl(tokens),
            first if first.is("$INCLUDE") => return self.include(file, tokens),
            first => {
                let help = "this version has $ORIGIN, $TTL and $INCLUDE";
                Err(Wrong::new(first.range(), format!("there is no directive {}", first.raw), help))
            }
        };
        if let Err(wrong) = done {
            self.tell(file, codes::BAD_DIRECTIVE, wrong);
        }
    }

    fn set_origin(&mut self, tokens: &[Token<'_>]) -> Result<(), Wrong> {
        let [_, origin] = tokens else {
            return Err(arguments(tokens, "$ORIGIN is followed by one name", "$ORIGIN sub.example.com."));
        };
        self.origin = name::read(*origin, &self.origin)?;
        Ok(())
    }

    fn set_ttl(&mut self, tokens: &[Token<'_>]) -> Result<(), Wrong> {
        let [_, ttl] = tokens else {
            return Err(arguments(tokens, "$TTL is followed by one duration", "$TTL 1h"));
        };
        self.default_ttl = Some(usable(*ttl, seconds(ttl.raw))?);
        Ok(())
    }

    fn include(&mut self, file: FileId, tokens: &[Token<'_>]) {
        let opened = self.included(tokens);
        let (path, origin) = match opened {
            Ok(opened) => opened,
            Err(wrong) => return self.tell(file, codes::BAD_DIRECTIVE, wrong),
        };
        // RFC 1035 5.1: what an included file says of the origin ends with it.
        let outer = std::mem::replace(&mut self.origin, origin);
        self.file(&path, Span::new(file, tokens[1].range()));
        self.origin = outer;
    }

    /// The path of an `$INCLUDE` and the origin that holds in it.
    fn included(&self, tokens: &[Token<'_>]) -> Result<(PathBuf, Name), Wrong> {
        let (at, origin) = match tokens {
            [_, path] => (path, self.origin.clone()),
            [_, path, origin] => (path, name::read(*origin, &self.origin)?),
            _ => return Err(arguments(tokens, "$INCLUDE is followed by a path", "$INCLUDE hosts.zone")),
        };
        let text = String::from_utf8_lossy(&at.octets()?).into_owned();
        let wrong = |why: &str, help: &str| Wrong::new(at.range(), why, help);
        let inside = Path::new(&text).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        let path = self.report.resolve(&text);
        // A link may lead out of the directory too; a file that is not there is reported when it is opened.
        let real = |path: &Path| path.canonicalize().ok();
        let directory = real(&self.report.resolve("."));
        let outside = real(&path).zip(directory).is_some_and(|(path, directory)| !path.starts_with(directory));
        if !inside || outside {
            let help = "name a file below the configuration file's directory, relative to it and without ..";
            return Err(wrong("this file lies outside the configuration's directory", help));
        }
        if self.open.contains(&path) {
            return Err(wrong("this file includes itself", "include each file once"));
        }
        if self.open.len() > limits::INCLUDE_DEPTH_MAX {
            return Err(wrong("files are included too deeply", "include the file from one nearer to the first"));
        }
        Ok((path, origin))
    }

    fn record(&mut self, file: FileId, entry: &Entry<'_>) -> Result<(), (Code, Wrong)> {
        let bad = |wrong| (codes::BAD_RECORD, wrong);
        let first = entry.tokens[0];
        let (owner, at, tokens) = if entry.indented {
            let none =
                || Wrong::new(first.range(), "no owner stands before this", "begin the line with the record's owner");
            (self.last_owner.clone().ok_or_else(|| bad(none()))?, first, &entry.tokens[..])
        } else {
            let owner = name::read(first, &self.origin).map_err(bad)?;
            // Later lines may lack an owner; they belong to it even where this one is wrong.
            self.last_owner = Some(owner.clone());
            (owner, first, &entry.tokens[1..])
        };
        let head = head(tokens, first)?;
        if let Some(why) = data::refused(head.kind) {
            return Err((codes::UNKNOWN_TYPE, Wrong::new(head.named.range(), why, "remove the record")));
        }
        let data = data::encode(head.kind, head.named, &tokens[head.rest..], &self.origin).map_err(bad)?;
        if !owner.is_within(self.apex) {
            let why = format!("{owner} lies outside of the zone {}", self.apex);
            let help = format!(
                "a name without a final dot lies under {}; names of other zones stand in their files",
                self.origin
            );
            return Err((codes::RECORD_OUTSIDE_ZONE, Wrong::new(at.range(), why, help)));
        }
        self.last_ttl = head.ttl.unwrap_or(self.last_ttl);
        let ttl = head.ttl.or(self.default_ttl).unwrap_or(self.last_ttl);
        let span = |range| Span::new(file, range);
        let end = tokens.last().map_or(at.range().end, |token| token.range().end);
        let words = tokens[head.rest..].first().map_or(head.named.start, |token| token.range().start);
        self.records.push(Record {
            owner: At { value: owner, span: span(at.range()) },
            kind: At { value: head.kind, span: span(head.named.range()) },
            ttl,
            data: At { value: data.into(), span: span(words..end) },
        });
        Ok(())
    }
}

/// TTL and class in either order, then the type.
fn head<'t>(tokens: &[Token<'t>], owner: Token<'t>) -> Result<Head<'t>, (Code, Wrong)> {
    let (mut ttl, mut class) = (None, false);
    for (i, &token) in tokens.iter().enumerate() {
        if token.is("IN") && !class {
            class = true;
        } else if ["CH", "HS", "CS"].iter().any(|other| token.is(other)) {
            let wrong =
                Wrong::new(token.range(), format!("the class {} is not served", token.raw), "write IN, or no class");
            return Err((codes::BAD_RECORD, wrong));
        } else if token.raw.starts_with(|c: char| c.is_ascii_digit()) && ttl.is_none() {
            ttl = Some(usable(token, seconds(token.raw)).map_err(|wrong| (codes::BAD_RECORD, wrong))?);
        } else {
            let kind = rrtype::parse(token.raw).filter(|_| !token.quoted);
            return match kind {
                Some(kind) => Ok(Head { ttl, kind, named: token, rest: i + 1 }),
                None => Err((codes::UNKNOWN_TYPE, unknown(token))),
            };
        }
    }
    let help = "write owner, TTL, class and type, of which TTL and class may be left out, then the data";
    Err((codes::BAD_RECORD, Wrong::new(owner.range(), "this record has no type", help)))
}

fn unknown(token: Token<'_>) -> Wrong {
    let upper = token.raw.to_ascii_uppercase();
    let help = match nearest(&upper, rrtype::words()) {
        Some(word) => format!("did you mean {word}? A type without a mnemonic is written as TYPE65280 \\# 2 abcd"),
        None => "write a type, as A or MX; one without a mnemonic is written as TYPE65280 \\# 2 abcd".to_owned(),
    };
    Wrong::new(token.range(), format!("there is no record type \"{}\"", token.raw), help)
}

fn usable(token: Token<'_>, ttl: Option<u32>) -> Result<u32, Wrong> {
    match ttl {
        Some(ttl) if (1..=limits::STATIC_TTL_MAX).contains(&ttl) => Ok(ttl),
        _ => {
            let help = "write 1 to 2147483647 seconds, or units of w, d, h, m and s, as 1h30m";
            Err(Wrong::new(token.range(), format!("\"{}\" is no usable time to live", token.raw), help))
        }
    }
}

fn arguments(tokens: &[Token<'_>], why: &str, example: &str) -> Wrong {
    let end = tokens.last().map_or(0, |token| token.range().end);
    Wrong::new(tokens[0].start..end, why, format!("write {example}"))
}
