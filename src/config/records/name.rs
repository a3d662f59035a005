//! Domain names as a master file writes them: escapes, `@`, and the origin behind what has no final dot (RFC 1035 section 5.1).

use super::lexer::{Token, Wrong, escaped};
use crate::name::{LABEL_MAX, NAME_MAX, Name};

const HELP: &str = "write labels with dots between them; a name without a final dot lies under the origin";

/// Reads a name.
pub(super) fn read(token: Token<'_>, origin: &Name) -> Result<Name, Wrong> {
    let wrong = |why: String| Wrong::new(token.range(), why, HELP);
    if token.quoted {
        return Err(wrong("a name stands without quotes".to_owned()));
    }
    match token.raw {
        "@" => return Ok(origin.clone()),
        "." => return Ok(Name::root()),
        _ => {}
    }
    let (mut wire, absolute) = labels(token)?;
    if !absolute {
        wire.extend(origin.wire());
    } else {
        wire.push(0);
    }
    if wire.len() > NAME_MAX {
        let what = if absolute { String::new() } else { format!(" with the origin {origin}") };
        return Err(wrong(format!("the name{what} is longer than 255 octets")));
    }
    Ok(Name::from_wire(&wire))
}

/// The labels in lower-cased wire form, and whether a final dot ends them.
fn labels(token: Token<'_>) -> Result<(Vec<u8>, bool), Wrong> {
    let wrong = |why: &str| Wrong::new(token.range(), format!("\"{}\" is no domain name: {why}", token.raw), HELP);
    let (mut wire, mut begin, mut at) = (vec![0], 0, 0);
    let octets = token.raw.as_bytes();
    while let Some(&octet) = octets.get(at) {
        let mut length = 1;
        match octet {
            b'.' => {
                close(&mut wire, begin).map_err(wrong)?;
                if at + 1 == octets.len() {
                    return Ok((wire, true));
                }
                begin = wire.len();
                wire.push(0);
            }
            b'\\' => {
                let (octet, escape) = escaped(token.raw, at).map_err(|why| token.wrong_at(at, why))?;
                wire.push(octet.to_ascii_lowercase());
                length = escape;
            }
            b'"' => return Err(wrong("a quote must be escaped")),
            0x80.. => return Err(wrong("letters beyond ASCII are written in punycode, as xn--...")),
            _ => wire.push(octet.to_ascii_lowercase()),
        }
        at += length;
    }
    close(&mut wire, begin).map_err(wrong)?;
    Ok((wire, false))
}

/// Writes the length in front of the label that begins at `begin` and ends here.
fn close(wire: &mut [u8], begin: usize) -> Result<(), &'static str> {
    match wire.len() - begin - 1 {
        0 => Err("a label is empty"),
        length if length > LABEL_MAX => Err("a label is longer than 63 octets"),
        length => {
            wire[begin] = length as u8;
            Ok(())
        }
    }
}

/// How many octets the wire name at the front of `wire` has; `None` where there is none.
pub(super) fn length(wire: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let label = usize::from(*wire.get(at)?);
        at += 1 + label;
        match label {
            0 => return (at <= NAME_MAX).then_some(at),
            1..=LABEL_MAX => {}
            _ => return None,
        }
    }
}
