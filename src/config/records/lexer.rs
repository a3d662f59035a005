//! A master file as entries of tokens with their places (RFC 1035 section 5.1).
//!
//! An entry is a line, or several that parentheses join. Not here: what the tokens mean (`read`).

use std::ops::Range;

/// A part of the text that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Octets of the text.
    pub(super) range: Range<usize>,
    /// What is wrong, as a title.
    pub(super) why: String,
    /// What to do about it.
    pub(super) help: String,
}

impl Wrong {
    pub(super) fn new(range: Range<usize>, why: impl Into<String>, help: impl Into<String>) -> Self {
        Self { range, why: why.into(), help: help.into() }
    }
}

/// A word or a quoted string, as it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    /// With its escapes and without the quotes around it.
    pub(super) raw: &'t str,
    /// Where `raw` begins in the text.
    pub(super) start: usize,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
}

impl Token<'_> {
    /// Where it stands, quotes included.
    pub(super) fn range(&self) -> Range<usize> {
        let quote = usize::from(self.quoted);
        self.start - quote..self.start + self.raw.len() + quote
    }

    /// Whether it is this word in either case.
    pub(super) fn is(&self, word: &str) -> bool {
        !self.quoted && self.raw.eq_ignore_ascii_case(word)
    }

    /// Its octets, escapes resolved and inner quotes dropped, as `alpn="h2"` has them.
    pub(super) fn octets(&self) -> Result<Vec<u8>, Wrong> {
        let mut octets = Vec::with_capacity(self.raw.len());
        let mut at = 0;
        while let Some(&octet) = self.raw.as_bytes().get(at) {
            match octet {
                b'\\' => {
                    let (octet, length) = escaped(self.raw, at).map_err(|why| self.wrong_at(at, why))?;
                    octets.push(octet);
                    at += length;
                }
                b'"' => at += 1,
                _ => {
                    octets.push(octet);
                    at += 1;
                }
            }
        }
        Ok(octets)
    }

    /// An error about the escape at `at` within this token.
    pub(super) fn wrong_at(&self, at: usize, why: &str) -> Wrong {
        let start = self.start + at;
        Wrong::new(start..start + 1, why, "write \\ and three digits from 000 to 255, or \\ and the character itself")
    }
}

/// The octet of the escape at `at`, and how long the escape is: `\DDD` or `\X`.
pub(super) fn escaped(raw: &str, at: usize) -> Result<(u8, usize), &'static str> {
    let rest = &raw.as_bytes()[at + 1..];
    match rest {
        [a, b, c, ..] if [a, b, c].iter().all(|d| d.is_ascii_digit()) => {
            let number = raw[at + 1..at + 4].parse::<u8>().map_err(|_| "the escape is over 255")?;
            Ok((number, 4))
        }
        [d, ..] if d.is_ascii_digit() => Err("the escape has fewer than three digits"),
        [octet, ..] if octet.is_ascii() => Ok((*octet, 2)),
        [_, ..] => Err("only ASCII characters can be escaped"),
        [] => Err("the escape ends the word"),
    }
}

/// One entry: never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry<'t> {
    /// Whether it begins with blanks, which means the last owner.
    pub(super) indented: bool,
    /// Its words.
    pub(super) tokens: Vec<Token<'t>>,
}

/// Reads entries from a text.
#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        // Editors of another system begin a text with a byte order mark.
        Self { text, at: if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 } }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The entry at hand, up to and with the end of its last line; after an error, reading goes on with the next line.
    fn entry(&mut self) -> Result<Entry<'t>, Wrong> {
        let mut entry = Entry { indented: matches!(self.peek(), Some(b' ' | b'\t')), tokens: Vec::new() };
        let mut open: Option<usize> = None;
        while let Some(octet) = self.peek() {
            match octet {
                b'\n' if open.is_none() => break,
                b' ' | b'\t' | b'\r' | b'\n' => self.at += 1,
                b';' => self.skip_line(),
                b'(' if open.is_some() => {
                    return Err(self.here("a parenthesis within parentheses", "close the first one before"));
                }
                b'(' => {
                    open = Some(self.at);
                    self.at += 1;
                }
                b')' if open.is_none() => {
                    return Err(self.here("nothing was opened that this could close", "remove it, or write ( before"));
                }
                b')' => {
                    open = None;
                    self.at += 1;
                }
                b'"' => entry.tokens.push(self.quoted()?),
                _ => entry.tokens.push(self.word()?),
            }
        }
        match open {
            None => Ok(entry),
            Some(at) => {
                Err(Wrong::new(at..at + 1, "this parenthesis is never closed", "write ) behind the record's last word"))
            }
        }
    }

    fn quoted(&mut self) -> Result<Token<'t>, Wrong> {
        let open = self.at;
        self.at += 1;
        self.close_quote(open)?;
        Ok(Token { raw: &self.text[open + 1..self.at - 1], start: open + 1, quoted: true })
    }

    /// Steps behind the quote that ends the string which `open` begins.
    fn close_quote(&mut self, open: usize) -> Result<(), Wrong> {
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\n') | None => {
                    let help = "end the string on the line on which it begins; a longer text is several strings";
                    return Err(Wrong::new(open..open + 1, "this string does not end on its line", help));
                }
                Some(b'\\') => self.step_escape(),
                Some(_) => self.at += 1,
            }
        }
    }

    fn word(&mut self) -> Result<Token<'t>, Wrong> {
        let start = self.at;
        while let Some(octet) = self.peek() {
            match octet {
                b' ' | b'\t' | b'\r' | b'\n' | b';' | b'(' | b')' => break,
                // As in alpn="h2": blanks within the quotes belong to the word.
                b'"' => {
                    let open = self.at;
                    self.at += 1;
                    self.close_quote(open)?;
                }
                b'\\' => self.step_escape(),
                _ => self.at += 1,
            }
        }
        Ok(Token { raw: &self.text[start..self.at], start, quoted: false })
    }

    /// Over `\` and what it escapes, but not over the end of a line.
    fn step_escape(&mut self) {
        self.at += 1;
        self.at += usize::from(self.peek().is_some_and(|octet| octet != b'\n'));
    }

    fn skip_line(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len());
    }

    fn here(&self, why: &str, help: &str) -> Wrong {
        Wrong::new(self.at..self.at + 1, why, help)
    }
}

impl<'t> Iterator for Lexer<'t> {
    type Item = Result<Entry<'t>, Wrong>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.peek().is_some() {
            let entry = self.entry();
            self.skip_line();
            self.at = (self.at + 1).min(self.text.len());
            match entry {
                Ok(entry) if entry.tokens.is_empty() => {}
                other => return Some(other),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
