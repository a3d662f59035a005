//! Colour: where it is used, and what for. A word is never told by its colour alone.

use crate::config::Style;
use std::env::var_os;
use std::io::IsTerminal;

/// How to write to that stream: in colours where it is a terminal that has some, unless `NO_COLOR` is set (<https://no-color.org>).
pub(super) fn style(stream: &impl IsTerminal) -> Style {
    let is_refused = var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let is_dumb = var_os("TERM").is_some_and(|value| value == "dumb");
    if stream.is_terminal() && !is_refused && !is_dumb { Style::Coloured } else { Style::Plain }
}

/// What a word is to whoever looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
    /// Neither: what is unknown, or what somebody should know of.
    Odd,
    /// What stands above others.
    Head,
}

impl Tone {
    /// That of a state's word.
    pub(super) fn of(state: &str) -> Self {
        match state {
            "up" => Self::Good,
            "down" => Self::Bad,
            _ => Self::Odd,
        }
    }

    /// Select Graphic Rendition, ECMA-48 section 8.3.117.
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Odd => "33",
            Self::Head => "1",
        }
    }

    /// The words in that tone.
    pub(super) fn paint(self, words: &str, style: Style) -> String {
        match style {
            Style::Plain => words.to_owned(),
            Style::Coloured => format!("\x1b[{}m{words}\x1b[0m", self.code()),
        }
    }
}
