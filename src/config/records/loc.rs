//! LOC: a place on Earth (RFC 1876), as `37 33 59.4 N 126 58 40.8 E 38m 10m`.

use super::data::Words;
use super::lexer::{Token, Wrong};

/// The equator and the prime meridian, in thousandths of a second of arc.
const MIDDLE: u32 = 1 << 31;
/// The altitude from which LOC counts: 100 km below the ellipsoid, in centimetres.
const BASE_CM: i64 = 10_000_000;
/// Size, horizontal and vertical precision where none is said: 1 m, 10 km, 10 m, in centimetres.
const PRECISION_CM: [u64; 3] = [100, 1_000_000, 1000];

const HELP: &str = "write d m s N|S d m s E|W altitude, as 37 33 59.4 N 126 58 40.8 E 38m";

/// Reads the words that are left.
pub(super) fn read(words: &mut Words<'_, '_>, data: &mut Vec<u8>) -> Result<(), Wrong> {
    let latitude = angle(words, "N", "S", 90)?;
    let longitude = angle(words, "E", "W", 180)?;
    let altitude = words.next("an altitude in metres")?;
    let above = centimetres(altitude).and_then(|cm| u32::try_from(cm + BASE_CM).ok());
    let above = above.ok_or_else(|| Wrong::new(altitude.range(), "this is no altitude", HELP))?;
    let mut precision = [0; 3];
    for (place, default) in precision.iter_mut().zip(PRECISION_CM) {
        *place = match words.maybe() {
            None => mantissa(default),
            Some(token) => centimetres(token)
                .and_then(|cm| u64::try_from(cm).ok())
                .filter(|cm| *cm <= 9_000_000_000)
                .map(mantissa)
                .ok_or_else(|| Wrong::new(token.range(), "this is no size in metres", HELP))?,
        };
    }
    data.push(0);
    data.extend(precision);
    [latitude, longitude, above].iter().for_each(|number| data.extend(number.to_be_bytes()));
    Ok(())
}

/// Degrees with optional minutes and seconds, then which way.
fn angle(words: &mut Words<'_, '_>, plus: &str, minus: &str, max: u32) -> Result<u32, Wrong> {
    let (mut thousandths, mut first) = (0, None);
    for (unit, limit) in [(3_600_000, max), (60_000, 59), (1000, 59), (0, 0)] {
        let token = words.next(&format!("{plus} or {minus}"))?;
        let wrong = |why: &str| Wrong::new(token.range(), why, HELP);
        if token.is(plus) || token.is(minus) {
            let begin: Token<'_> = first.ok_or_else(|| wrong("degrees are missing before this"))?;
            if thousandths > max * 3_600_000 {
                return Err(Wrong::new(begin.range(), format!("over {max} degrees"), HELP));
            }
            return Ok(if token.is(plus) { MIDDLE + thousandths } else { MIDDLE - thousandths });
        }
        first = first.or(Some(token));
        let (whole, fraction) = token.raw.split_once('.').map_or((token.raw, None), |(w, f)| (w, Some(f)));
        let number = whole.parse().ok().filter(|n: &u32| *n <= limit && !whole.starts_with('+'));
        thousandths += unit * number.filter(|_| unit > 0).ok_or_else(|| wrong("this is no part of an angle"))?;
        if let Some(fraction) = fraction {
            let digits = format!("{fraction:0<3}");
            let plain = unit == 1000 && fraction.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit());
            thousandths +=
                digits.parse().ok().filter(|_: &u32| plain).ok_or_else(|| wrong("at most 3 decimals of a second"))?;
        }
    }
    Err(Wrong::new(first.map_or(0..1, |token| token.range()), format!("{plus} or {minus} is missing"), HELP))
}

/// Metres with at most two decimals, with or without the unit.
fn centimetres(token: Token<'_>) -> Option<i64> {
    let text = token.raw.strip_suffix(['m', 'M']).unwrap_or(token.raw);
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 8 || fraction.len() > 2 || !plain(whole) || !plain(fraction) {
        return None;
    }
    let cm = format!("{fraction:0<2}");
    Some(sign * (whole.parse::<i64>().ok()? * 100 + cm.parse::<i64>().ok()?))
}

/// One decimal digit and a power of ten, each in half an octet (RFC 1876 section 2).
fn mantissa(cm: u64) -> u8 {
    let (mut digit, mut power) = (cm, 0);
    while digit > 9 {
        digit /= 10;
        power += 1;
    }
    (digit as u8) << 4 | power
}
