//! Rust as plain text: comments and literals blanked out, paths and functions found by scanning.
//!
//! There is no syntax tree, so this stays small; what it cannot read it takes for code, and a rule then fires too often
//! rather than too rarely.

/// One file of the repository.
pub(crate) struct Source {
    /// Relative to the root of the repository, with `/` between its parts.
    pub(crate) path: String,
    /// As it stands.
    pub(crate) text: String,
    /// The same with comments, texts and characters turned into spaces: offsets and lines are those of `text`.
    pub(crate) code: String,
}

impl Source {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned(), code: blank(text) }
    }

    /// The path below `src`, without its end: "geo/database", "geo", "main".
    pub(crate) fn module(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        path.strip_suffix("/mod.rs").or_else(|| path.strip_suffix(".rs")).unwrap_or(path)
    }

    /// Whether it is compiled for tests alone.
    pub(crate) fn is_test(&self) -> bool {
        ["/tests.rs", "src/testing.rs"].iter().any(|end| self.path.ends_with(end))
    }

    /// The line of an offset, counted from 1.
    pub(crate) fn line(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// Where `token` stands in the code and is not a part of a longer word.
    pub(crate) fn occurrences<'a>(&'a self, token: &'a str) -> impl Iterator<Item = usize> + 'a {
        occurrences(&self.code, token)
    }

    /// The paths that begin with `crate::`, without it, braces resolved, with the offset of each `crate`.
    pub(crate) fn crate_paths(&self) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        for at in self.occurrences("crate::") {
            let mut paths = Vec::new();
            expand(&self.code[at + "crate::".len()..], "", &mut paths);
            all.extend(paths.into_iter().map(|path| (at, path)));
        }
        all
    }

    /// Name, first and last line of every function with a body.
    pub(crate) fn functions(&self) -> Vec<(String, usize, usize)> {
        let body = |at| Some((at, body_end(&self.code, at)?));
        let function = |(at, end): (usize, usize)| {
            let name = self.code[at + 3..].trim_start().chars().take_while(|c| is_word(*c)).collect();
            (name, self.line(at), self.line(end))
        };
        self.occurrences("fn ").filter_map(body).map(function).collect()
    }

    /// The names in `mod name;`.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let name = |line: &'_ str| -> Option<(usize, usize)> {
            let from = occurrences(line, "mod ").next()? + "mod ".len();
            Some((from, line.trim_end().strip_suffix(';')?.len()))
        };
        self.code.lines().filter_map(|line| name(line).and_then(|(from, to)| line.get(from..to))).collect()
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where `token` stands with no letter on either side that would make it a part of a longer word.
fn occurrences<'a>(code: &'a str, token: &'a str) -> impl Iterator<Item = usize> + 'a {
    let joined = |a: Option<char>, b: Option<char>| a.is_some_and(is_word) && b.is_some_and(is_word);
    code.match_indices(token).map(|(at, _)| at).filter(move |&at| {
        let (before, after) = (&code[..at], &code[at + token.len()..]);
        !joined(before.chars().next_back(), token.chars().next())
            && !joined(token.chars().next_back(), after.chars().next())
    })
}

/// Reads a path or a group of paths, as `use` has it; returns what follows it.
fn expand<'a>(code: &'a str, prefix: &str, paths: &mut Vec<String>) -> &'a str {
    let code = code.trim_start();
    if let Some(mut rest) = code.strip_prefix('{') {
        loop {
            rest = rest.trim_start();
            match rest.chars().next() {
                None => return rest,
                Some('}') => return &rest[1..],
                Some(c) if is_word(c) || c == '*' || c == '{' => rest = expand(rest, prefix, paths),
                Some(c) => rest = &rest[c.len_utf8()..],
            }
        }
    }
    let end = code.find(|c: char| !is_word(c) && c != '*').unwrap_or(code.len());
    let (name, rest) = code.split_at(end);
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}::{name}") };
    match rest.strip_prefix("::") {
        Some(deeper) if !deeper.starts_with('<') => expand(deeper, &path, paths),
        _ => {
            paths.push(path);
            // `as name` is no path of its own.
            rest.trim_start().strip_prefix("as ").map_or(rest, |alias| alias.trim_start().trim_start_matches(is_word))
        }
    }
}

/// The offset of the brace that closes the body of the function at `start`; `None` where it has none.
fn body_end(code: &str, start: usize) -> Option<usize> {
    let (mut brackets, mut braces) = (0_i32, 0_i32);
    for (at, c) in code.char_indices().skip_while(|(at, _)| *at < start) {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' if braces <= 1 => return (braces == 1).then_some(at),
            '}' => braces -= 1,
            _ => {}
        }
    }
    None
}

/// Turns comments, texts and characters into spaces, line ends apart.
fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match opaque(rest) {
            Some(length) => {
                code.extend(rest[..length].bytes().map(|b| if b == b'\n' { '\n' } else { ' ' }));
                rest = &rest[length..];
            }
            None => {
                code.push(c);
                rest = &rest[c.len_utf8()..];
            }
        }
    }
    code
}

/// The length of the comment, text or character with which `rest` begins.
fn opaque(rest: &str) -> Option<usize> {
    let all = rest.len();
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(all));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if let Some(inner) = rest.strip_prefix('"') {
        return Some(escaped(inner, '"').map_or(all, |end| end + 1));
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let fences = raw.bytes().take_while(|b| *b == b'#').count();
        let inner = raw[fences..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(fences));
        return Some(inner.find(&end).map_or(all, |at| 2 + fences + at + end.len()));
    }
    let inner = rest.strip_prefix('\'')?;
    let first = inner.chars().next()?;
    // Anything else after the mark is a lifetime.
    let is_character = first == '\\' || inner[first.len_utf8()..].starts_with('\'');
    if is_character { escaped(inner, '\'').map(|end| end + 1) } else { None }
}

/// The length of `inner` up to and with the mark that ends it.
fn escaped(inner: &str, mark: char) -> Option<usize> {
    let mut skip = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if skip => skip = false,
            '\\' => skip = true,
            c if c == mark => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        if here.starts_with(b"/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if here.starts_with(b"*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}
