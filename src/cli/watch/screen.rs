//! The terminal while `watch` has it: the alternate screen, without a cursor, where a key counts as it is typed.
//!
//! What always holds: when the value is dropped, the terminal is as it was.

use super::frame::{Picture, Size};
use crate::cli::colour;
use crate::config::Style;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, Write as _};

// Control functions of xterm, which terminals of today share (ECMA-48, DEC private modes).
/// Another screen (1049), no cursor (25), and long lines are cut rather than wrapped (7).
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?7l";
const LEAVE: &str = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME: &str = "\x1b[H";
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";
/// Of a terminal that does not tell.
const USUAL: Size = Size { columns: 80, rows: 24 };

pub(super) struct Screen {
    /// How lines were read before; `None` where standard input is no terminal.
    typing: Option<Termios>,
    style: Style,
}

impl Screen {
    /// Takes it over.
    pub(super) fn enter() -> io::Result<Self> {
        let typing = tcgetattr(io::stdin()).ok();
        let screen = Self { typing, style: colour::style(&io::stdout()) };
        if let Some(before) = &screen.typing {
            let mut typing = before.clone();
            typing.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
            tcsetattr(io::stdin(), OptionalActions::Now, &typing)?;
        }
        write(ENTER)?;
        Ok(screen)
    }

    /// Shows a picture, as large as the terminal is now. The last row stays free: it is where one is told that something takes long.
    pub(super) fn draw(&self, picture: &Picture) -> io::Result<()> {
        let told = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        let mut size = told.map_or(USUAL, |size| Size { columns: size.ws_col.into(), rows: size.ws_row.into() });
        size.rows = size.rows.saturating_sub(1).max(1);
        let lines = picture.frame(self.style, size);
        let lines: String = lines.iter().map(|line| format!("{line}{CLEAR_LINE}\r\n")).collect();
        write(&format!("{HOME}{lines}{CLEAR_BELOW}"))
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Where the terminal has gone away there is nothing to mend.
        let _ = write(LEAVE);
        if let Some(before) = &self.typing {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
