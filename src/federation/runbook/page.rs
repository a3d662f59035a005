//! A page of Markdown in the making: numbered steps with boxes to tick, commands, warnings, and what was left blank.

use super::organisation::{Edge, Organisation, Site};

/// The page. Placeholders that it had to use are remembered, with the key that would fill each in.
#[derive(Debug, Default)]
pub(super) struct Page {
    text: String,
    step: usize,
    hints: Vec<String>,
}

impl Page {
    /// A heading; steps count anew below it.
    pub(super) fn heading(&mut self, level: usize, text: &str) {
        self.step = 0;
        self.block(&format!("{} {text}", "#".repeat(level)));
    }

    /// A paragraph.
    pub(super) fn say(&mut self, text: &str) {
        self.block(text);
    }

    /// What may go wrong.
    pub(super) fn warn(&mut self, text: &str) {
        self.block(&format!("> **Warning.** {text}"));
    }

    /// A thing to do.
    pub(super) fn step(&mut self, text: &str) {
        self.step += 1;
        let number = self.step;
        self.block(&format!("{number}. [ ] {text}"));
    }

    /// A thing that edgesteer does.
    pub(super) fn done(&mut self, text: &str, by: &str) {
        self.step += 1;
        let (number, mark) = (self.step, if by.starts_with("done") { "x" } else { " " });
        self.block(&format!("{number}. [{mark}] {text} **{by}**"));
    }

    /// A command of the step above.
    pub(super) fn run(&mut self, command: &str) {
        self.code("powershell", command);
    }

    /// A command in a shell, of the step above.
    pub(super) fn shell(&mut self, command: &str) {
        self.code("sh", command);
    }

    fn code(&mut self, language: &str, command: &str) {
        let lines: Vec<String> = command.lines().map(|line| format!("   {line}")).collect();
        self.block(&format!("   ```{language}\n{}\n   ```", lines.join("\n")));
    }

    fn block(&mut self, text: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text += text;
        self.text.push('\n');
    }

    /// A placeholder, and the key that would have filled it in.
    pub(super) fn blank(&mut self, what: &str, key: &str) -> String {
        let hint = format!("`<{what}>`: set {key}");
        if !self.hints.contains(&hint) {
            self.hints.push(hint);
        }
        format!("<{what}>")
    }

    /// The internal FQDN of an Edge pool.
    pub(super) fn internal(&mut self, edge: &Edge) -> String {
        match &edge.internal_fqdn {
            Some(fqdn) => fqdn.to_string(),
            None => self.blank(
                &format!("internal FQDN of Edge pool {}", edge.name),
                &format!("`internal_fqdn` under `[pool.{}]`", edge.name),
            ),
        }
    }

    /// The internal FQDN of an Edge pool that may not exist.
    pub(super) fn internal_of(&mut self, edge: Option<&Edge>) -> String {
        match edge {
            Some(edge) => self.internal(edge),
            None => {
                self.blank("internal FQDN of an Edge pool that lives", "a second `[pool.NAME]` with `internal_fqdn`")
            }
        }
    }

    /// The Front End pools of a site of which we may know nothing; `edge` is a pool there.
    pub(super) fn front_ends(&mut self, site: Option<&Site>, edge: &str) -> Vec<String> {
        match site {
            Some(site) if !site.front_ends.is_empty() => site.front_ends.iter().map(ToString::to_string).collect(),
            Some(site) => vec![self.blank(
                &format!("Front End pool of {}", site.name),
                &format!("`front_ends` under `[site.{}]`", site.name),
            )],
            None => vec![self.blank(
                &format!("Front End pool of {edge}"),
                &format!("`front_ends` under `[site.NAME]`, and name {edge} in its `pools`"),
            )],
        }
    }

    /// What Topology Builder calls a site of which we may know nothing; `edge` is a pool there.
    pub(super) fn identity(&mut self, site: Option<&Site>, edge: &str) -> String {
        match site {
            Some(site) => site.identity.clone(),
            None => self.blank(
                &format!("site of {edge}"),
                &format!(
                    "`[site.NAME]` with {edge} in its `pools`, and `identity` where Topology Builder calls it otherwise"
                ),
            ),
        }
    }

    /// The Markdown.
    pub(super) fn finish(mut self) -> String {
        if !self.hints.is_empty() {
            let hints = std::mem::take(&mut self.hints);
            self.heading(2, "Names to fill in");
            let lines: Vec<String> = hints.iter().map(|hint| format!("- {hint}")).collect();
            self.block(&lines.join("\n"));
        }
        self.text
    }
}

/// What people call an Edge pool.
pub(super) fn called(organisation: &Organisation, edge: Option<usize>) -> String {
    match edge.map(|edge| &organisation.edges[edge]) {
        Some(Edge { name, fqdn: Some(fqdn), .. }) => format!("**{name}** (`{fqdn}`)"),
        Some(Edge { name, .. }) => format!("**{name}**"),
        None => "**an Edge pool that lives**".to_owned(),
    }
}
