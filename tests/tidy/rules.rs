//! The rules. Each takes sources and gives what is wrong in them, with the remedy; none reads a file.

use crate::source::Source;
use std::collections::BTreeSet;
use std::fmt;

/// What a rule found.
pub(crate) struct Finding {
    path: String,
    line: usize,
    what: String,
    remedy: &'static str,
}

impl Finding {
    fn at(source: &Source, line: usize, what: String, remedy: &'static str) -> Self {
        Self { path: source.path.clone(), line, what, remedy }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}; {}", self.path, self.line, self.what, self.remedy)
    }
}

/// A row of the layering table. A file belongs to the row with the longest path that it lies in.
pub(crate) struct Room {
    /// A module below `src`.
    pub(crate) path: &'static str,
    /// Imports go to lower layers, and within a layer only between rooms that are no edges.
    pub(crate) layer: u8,
    /// Modules of this crate that it may name, besides its own room and the words; `*` is every one.
    pub(crate) imports: &'static [&'static str],
    /// Crates and powers that it may use.
    pub(crate) outside: &'static [&'static str],
}

/// The layer of words, which everyone may import.
pub(crate) const WORDS: u8 = 0;
/// The layer of edges, which never import each other.
pub(crate) const EDGES: u8 = 5;
/// The layer that may import everything.
pub(crate) const SHELL: u8 = 8;

/// Rooms that only compute: time, files and sockets reach them as arguments.
pub(crate) const PURE: &[&str] =
    &["ids", "limits", "name", "federation", "health", "topology", "steering", "answer", "snapshot", "resolve"];
/// Crates that do more than compute.
const IMPURE: &[&str] =
    &["axum", "hickory_server", "prometheus", "socket2", "tokio", "tokio_rustls", "tracing", "tracing_subscriber"];

/// What of the standard library is more than computing: the power and the words by which it is had.
pub(crate) const POWERS: &[(&str, &[&str])] = &[
    ("clock", &["Instant::now", "SystemTime::now", ".elapsed()"]),
    ("files", &["std::fs", "fs::"]),
    ("sockets", &["TcpStream", "TcpListener", "TcpSocket", "UdpSocket", "UnixStream", "UnixListener"]),
    ("process", &["std::process", "process::", "std::env", "env::"]),
    ("threads", &["std::thread", "thread::"]),
    ("terminal", &["io::stdin", "io::stdout", "io::stderr"]),
    ("locks", &["Mutex", "RwLock", "Condvar"]),
];

/// The row of a module.
pub(crate) fn room<'a>(module: &str, rooms: &'a [Room]) -> Option<&'a Room> {
    rooms.iter().filter(|room| is_within(module, room.path)).max_by_key(|room| room.path.len())
}

/// `path` is `module` or lies below it; both as `a::b` or `a/b`.
fn is_within(path: &str, module: &str) -> bool {
    let parts = |text: &str| text.replace("::", "/").split('/').map(str::to_owned).collect::<Vec<_>>();
    parts(path).starts_with(&parts(module))
}

/// A file that lies in no row.
pub(crate) fn homeless(source: &Source, rooms: &[Room]) -> Vec<Finding> {
    let remedy = "give its room a row in tests/tidy.rs: layer, imports, outside";
    match room(source.module(), rooms) {
        None => vec![Finding::at(source, 1, "no row of the layering table has this file".into(), remedy)],
        Some(_) => Vec::new(),
    }
}

/// Imports that the table does not have.
pub(crate) fn layering(source: &Source, rooms: &[Room]) -> Vec<Finding> {
    let Some(here) = room(source.module(), rooms) else { return Vec::new() };
    let own = here.path.split('/').next().unwrap_or_default();
    let is_allowed = |path: &str| {
        let is_word = here.layer > WORDS && room(path, rooms).is_some_and(|there| there.layer == WORDS);
        is_word || is_within(path, own) || here.imports.iter().any(|import| *import == "*" || is_within(path, import))
    };
    let remedy =
        "say it through a room that may (DESIGN: data flows one way), or change the table in tests/tidy.rs and say why";
    let bad = source.crate_paths().into_iter().filter(|(_, path)| !is_allowed(path));
    bad.map(|(at, path)| {
        let what = format!("`{}` may not import `crate::{path}`", here.path);
        Finding::at(source, source.line(at), what, remedy)
    })
    .collect()
}

/// Crates and powers that the table does not have. `crates` are the names of our dependencies.
pub(crate) fn reach(source: &Source, rooms: &[Room], crates: &[String]) -> Vec<Finding> {
    let Some(here) = room(source.module(), rooms) else { return Vec::new() };
    let remedy = "take the value as an argument from a room that may, or change the table in tests/tidy.rs and say why";
    let bad = used(source, crates).into_iter().filter(|(_, name)| !here.outside.contains(&name.as_str()));
    bad.map(|(at, name)| Finding::at(source, source.line(at), format!("`{}` may not use {name}", here.path), remedy))
        .collect()
}

/// The crates and powers that a file uses, with the places.
fn used(source: &Source, crates: &[String]) -> Vec<(usize, String)> {
    let mut used = Vec::new();
    for name in crates {
        // A module of another crate may have the name of a crate, as `rustls::crypto::ring`.
        let path = format!("{name}::");
        let places = source.occurrences(&path).filter(|at| !source.code[..*at].ends_with("::"));
        used.extend(places.map(|at| (at, name.clone())));
    }
    for (power, tokens) in POWERS {
        for token in *tokens {
            used.extend(source.occurrences(token).map(|at| (at, (*power).to_owned())));
        }
    }
    used
}

/// Permissions that no file needs: the table says what is so, not what was so.
pub(crate) fn stale_permissions(sources: &[Source], rooms: &[Room], crates: &[String]) -> Vec<String> {
    let mut stale = Vec::new();
    for here in rooms {
        let files = || sources.iter().filter(|s| room(s.module(), rooms).is_some_and(|r| r.path == here.path));
        let paths: BTreeSet<String> = files().flat_map(|s| s.crate_paths()).map(|(_, path)| path).collect();
        let reached: BTreeSet<String> = files().flat_map(|s| used(s, crates)).map(|(_, name)| name).collect();
        let imports = here.imports.iter().filter(|i| **i != "*" && !paths.iter().any(|path| is_within(path, i)));
        let outside = here.outside.iter().filter(|name| !reached.contains(**name));
        stale.extend(imports.map(|import| format!("`{}` no longer imports {import}", here.path)));
        stale.extend(outside.map(|name| format!("`{}` no longer uses {name}", here.path)));
        if files().next().is_none() {
            stale.push(format!("`{}` has no files", here.path));
        }
    }
    stale.into_iter().map(|what| format!("tests/tidy.rs: {what}; delete it from the table")).collect()
}

/// What is wrong with the table itself: data must flow one way.
pub(crate) fn unsound(rooms: &[Room]) -> Vec<String> {
    let mut wrong = Vec::new();
    let is_impure = |name: &&&str| IMPURE.contains(name) || POWERS.iter().any(|(power, _)| power == *name);
    for here in rooms.iter().filter(|here| PURE.contains(&here.path)) {
        let bad = here.outside.iter().filter(is_impure);
        wrong.extend(bad.map(|name| format!("`{}` is pure and may not use {name}", here.path)));
    }
    for here in rooms.iter().filter(|here| here.layer < SHELL) {
        for import in here.imports {
            match room(import, rooms) {
                None => wrong.push(format!("`{}` imports {import}, which has no row", here.path)),
                Some(there) if there.layer > here.layer || there.layer == here.layer && here.layer == EDGES => {
                    wrong.push(format!(
                        "`{}` (layer {}) imports {import} (layer {})",
                        here.path, here.layer, there.layer
                    ));
                }
                Some(there) if there.imports.iter().any(|back| is_within(back, here.path)) => {
                    wrong.push(format!("`{}` and `{}` import each other", here.path, there.path));
                }
                Some(_) => {}
            }
        }
    }
    wrong
}

/// `unsafe` outside the one file that may have it, and there without a comment in front that says why it is sound.
pub(crate) fn unsafety(source: &Source, audited: &[&str]) -> Vec<Finding> {
    let is_reasoned = |at: usize| {
        let is_comment = |line: &&str| line.trim_start().starts_with("//");
        // The comment stands in front of the statement, which may begin a line earlier.
        let before = source.text[..at].lines().rev().skip(1).skip_while(|line| line.trim_end().ends_with('='));
        before.take_while(is_comment).any(|line| line.trim_start().starts_with("// SAFETY: "))
    };
    let bad = source.occurrences("unsafe").filter(|&at| !audited.contains(&source.path.as_str()) || !is_reasoned(at));
    let remedy = "find a safe way, or in an audited file say `// SAFETY: ` why it is sound";
    bad.map(|at| Finding::at(source, source.line(at), "`unsafe`".into(), remedy)).collect()
}

/// `super::` that leaves the room, where the table could not see it.
pub(crate) fn sideways(source: &Source) -> Vec<Finding> {
    let depth = source.path.matches('/').count();
    let is_root = depth == 1 || depth == 2 && source.path.ends_with("/mod.rs");
    let leaves = if is_root { "super::" } else { "super::super" };
    let leaving = |at| {
        Finding::at(source, source.line(at), format!("`{leaves}` may leave the room"), "write the path from `crate::`")
    };
    source.occurrences(leaves).map(leaving).collect()
}

/// A file that is too long to be one room.
pub(crate) fn long_file(source: &Source, most: usize) -> Vec<Finding> {
    let lines = source.text.lines().count();
    let what = format!("{lines} lines, {most} are allowed");
    let finding = || Finding::at(source, lines, what, "split it by purpose: a file is a room (aim: 400)");
    (lines > most).then(finding).into_iter().collect()
}

/// Functions that are too long to be read at once.
pub(crate) fn long_functions(source: &Source, most: usize) -> Vec<Finding> {
    let long = source.functions().into_iter().filter(|(_, first, last)| last - first + 1 > most);
    long.map(|(name, first, last)| {
        let what = format!("the function {name} has {} lines, {most} are allowed", last - first + 1);
        Finding::at(source, first, what, "name its parts and call them, or make a table of its branches")
    })
    .collect()
}

/// A file that does not say what it is.
pub(crate) fn headless(source: &Source) -> Vec<Finding> {
    let remedy = "begin it with `//!`: what is here, what is not, what always holds";
    let finding = || Finding::at(source, 1, "the file has no header".into(), remedy);
    (!source.text.starts_with("//! ")).then(finding).into_iter().collect()
}

/// Files below `src` that no `mod` line reaches from `lib.rs` or `main.rs`.
pub(crate) fn dead_files(sources: &[Source]) -> Vec<Finding> {
    let mut reached: BTreeSet<String> = BTreeSet::new();
    let mut waiting: Vec<String> = vec!["src/lib.rs".into(), "src/main.rs".into()];
    while let Some(path) = waiting.pop() {
        let Some(source) = sources.iter().find(|s| s.path == path) else { continue };
        let directory = match source.module() {
            "lib" | "main" => "src".to_owned(),
            module => format!("src/{module}"),
        };
        for name in source.modules() {
            waiting.extend([format!("{directory}/{name}.rs"), format!("{directory}/{name}/mod.rs")]);
        }
        reached.insert(path);
    }
    let dead = sources.iter().filter(|s| s.path.starts_with("src/") && !reached.contains(&s.path));
    dead.map(|s| Finding::at(s, 1, "no `mod` line leads here".into(), "delete the file, or declare the module"))
        .collect()
}

/// Marks of unfinished work, in code and comments.
const MARKS: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];
/// Macros that have no place in finished code.
const MACROS: &[&str] = &["dbg!", "todo!", "unimplemented!", "println!", "eprintln!", "print!", "eprint!"];

/// Work that was put off.
pub(crate) fn unfinished(source: &Source) -> Vec<Finding> {
    let plain = Source { path: source.path.clone(), text: source.text.clone(), code: source.text.clone() };
    let mark = |word: &str, at| {
        Finding::at(source, source.line(at), format!("`{word}`"), "do it now, or file an issue and delete the line")
    };
    let places = |word| plain.occurrences(word).map(|at| mark(word, at)).collect::<Vec<_>>();
    MARKS.iter().copied().flat_map(places).collect()
}

/// Output that goes past the log and the console.
pub(crate) fn printing(source: &Source) -> Vec<Finding> {
    let remedy = "use tracing, or cli::say and cli::complain, which survive a closed pipe";
    let call = |word: &str, at| Finding::at(source, source.line(at), format!("`{word}`"), remedy);
    let places = |word| source.occurrences(word).map(move |at| call(word, at));
    MACROS.iter().copied().flat_map(places).collect()
}

/// Comments that are ornament.
pub(crate) fn banners(source: &Source) -> Vec<Finding> {
    let is_ornament = |c: char| "-=*#~_+/<>".contains(c);
    let is_banner = |line: &str| {
        let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
        let text = comment.trim_start_matches('!').trim();
        let slashes = comment.chars().take_while(|c| *c == '/').count();
        slashes > 1 || text.trim_start_matches('/').trim().chars().take_while(|c| is_ornament(*c)).count() > 3
    };
    let lines = source.text.lines().enumerate().filter(|(_, line)| is_banner(line));
    lines
        .map(|(i, _)| Finding::at(source, i + 1, "a banner".into(), "delete it: a file that needs one is two files"))
        .collect()
}

/// Bounds that nothing obeys.
pub(crate) fn idle_limits(limits: &Source, sources: &[Source]) -> Vec<Finding> {
    let name = |at: usize| limits.code[at + "const ".len()..].split(':').next().unwrap_or_default().trim().to_owned();
    let constants = limits.occurrences("const ").map(|at| (at, name(at))).filter(|(_, name)| name != "_");
    let obeyed = |name: &str| {
        let others = sources.iter().filter(|s| s.path != limits.path && !s.is_test());
        others.into_iter().any(|s| s.occurrences(name).next().is_some())
    };
    constants
        .filter(|(_, name)| !obeyed(name))
        .map(|(at, name)| {
            Finding::at(limits, limits.line(at), format!("nothing obeys {name}"), "enforce the bound, or delete it")
        })
        .collect()
}
