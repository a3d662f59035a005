//! Files of secrets: one secret that we share with somebody, in Base64. What is wrong with one is told without showing it.

use super::codes::Code;
use super::reader::Value;
use super::records::data::base64;
use crate::limits;

/// What a secret is for.
pub(super) struct Secret {
    /// The code where a file does not hold one.
    pub(super) code: Code,
    /// What whoever knows it can do.
    pub(super) powers: &'static str,
}

/// The secret in a file of its own.
pub(super) fn shared_secret(value: Value<'_>, secret: &Secret) -> Option<Box<[u8]>> {
    let (path, report) = (value.path()?, value.report);
    let text = report.text(&path, limits::SECRET_FILE_MAX, value.span)?;
    let octets = base64(text.trim());
    let length = octets.as_ref().map_or(0, Vec::len);
    let right = limits::SHARED_SECRET.contains(&length);
    if !right {
        let help = "write one line of Base64; `openssl rand -base64 32` makes one";
        let (least, most) = (limits::SHARED_SECRET.start(), limits::SHARED_SECRET.end());
        let why = if octets.is_some() {
            format!("the secret has {length} octets, {least} to {most} are allowed")
        } else {
            "this is not Base64".to_owned()
        };
        report.add(value.span, secret.code, format!("{}: {why}", path.display()), "named here", help);
    }
    let is_private = report.is_private(&path, value.span, secret.powers);
    octets.filter(|_| right && is_private).map(Vec::into_boxed_slice)
}
