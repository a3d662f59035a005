//! Record types by number and mnemonic (IANA's DNS parameters; RFC 3597 section 5 for those without a mnemonic).
//!
//! Not here: what their data looks like (`config::records`).

use std::borrow::Cow;

/// A.
pub const A: u16 = 1;
/// NS.
pub const NS: u16 = 2;
/// CNAME.
pub const CNAME: u16 = 5;
/// SOA.
pub const SOA: u16 = 6;
/// PTR.
pub const PTR: u16 = 12;
/// HINFO.
pub const HINFO: u16 = 13;
/// MX.
pub const MX: u16 = 15;
/// TXT.
pub const TXT: u16 = 16;
/// RP.
pub const RP: u16 = 17;
/// AFSDB.
pub const AFSDB: u16 = 18;
/// RT.
pub const RT: u16 = 21;
/// AAAA.
pub const AAAA: u16 = 28;
/// LOC.
pub const LOC: u16 = 29;
/// SRV.
pub const SRV: u16 = 33;
/// NAPTR.
pub const NAPTR: u16 = 35;
/// KX.
pub const KX: u16 = 36;
/// CERT.
pub const CERT: u16 = 37;
/// DNAME.
pub const DNAME: u16 = 39;
/// DS.
pub const DS: u16 = 43;
/// SSHFP.
pub const SSHFP: u16 = 44;
/// TLSA.
pub const TLSA: u16 = 52;
/// SMIMEA.
pub const SMIMEA: u16 = 53;
/// OPENPGPKEY.
pub const OPENPGPKEY: u16 = 61;
/// CSYNC.
pub const CSYNC: u16 = 62;
/// SVCB.
pub const SVCB: u16 = 64;
/// HTTPS.
pub const HTTPS: u16 = 65;
/// SPF.
pub const SPF: u16 = 99;
/// IXFR, a question alone (RFC 1995).
pub const IXFR: u16 = 251;
/// AXFR, a question alone (RFC 5936).
pub const AXFR: u16 = 252;
/// ANY, a question alone (RFC 8482).
pub const ANY: u16 = 255;
/// URI.
pub const URI: u16 = 256;
/// CAA.
pub const CAA: u16 = 257;

const WORDS: &[(&str, u16)] = &[
    ("A", A),
    ("NS", NS),
    ("CNAME", CNAME),
    ("SOA", SOA),
    ("NULL", 10),
    ("PTR", PTR),
    ("HINFO", HINFO),
    ("MX", MX),
    ("TXT", TXT),
    ("RP", RP),
    ("AFSDB", AFSDB),
    ("RT", RT),
    ("SIG", 24),
    ("KEY", 25),
    ("AAAA", AAAA),
    ("LOC", LOC),
    ("NXT", 30),
    ("SRV", SRV),
    ("NAPTR", NAPTR),
    ("KX", KX),
    ("CERT", CERT),
    ("DNAME", DNAME),
    ("OPT", 41),
    ("DS", DS),
    ("SSHFP", SSHFP),
    ("RRSIG", 46),
    ("NSEC", 47),
    ("DNSKEY", 48),
    ("NSEC3", 50),
    ("NSEC3PARAM", 51),
    ("TLSA", TLSA),
    ("SMIMEA", SMIMEA),
    ("CDS", 59),
    ("CDNSKEY", 60),
    ("OPENPGPKEY", OPENPGPKEY),
    ("CSYNC", CSYNC),
    ("ZONEMD", 63),
    ("SVCB", SVCB),
    ("HTTPS", HTTPS),
    ("SPF", SPF),
    ("EUI48", 108),
    ("EUI64", 109),
    ("TKEY", 249),
    ("TSIG", 250),
    ("IXFR", IXFR),
    ("AXFR", AXFR),
    ("MAILB", 253),
    ("MAILA", 254),
    ("ANY", ANY),
    ("URI", URI),
    ("CAA", CAA),
];

/// Reads a mnemonic or `TYPE` with a number, in either case.
pub fn parse(text: &str) -> Option<u16> {
    let known = WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(text)).map(|(_, kind)| *kind);
    known.or_else(|| {
        let (prefix, number) = text.split_at_checked(4)?;
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        number.parse().ok().filter(|_| plain && prefix.eq_ignore_ascii_case("TYPE"))
    })
}

/// The mnemonic, or `TYPE` with the number.
pub fn word(kind: u16) -> Cow<'static, str> {
    let known = WORDS.iter().find(|(_, known)| *known == kind);
    known.map_or_else(|| Cow::Owned(format!("TYPE{kind}")), |(word, _)| Cow::Borrowed(*word))
}

/// All mnemonics.
pub fn words() -> impl Iterator<Item = &'static str> {
    WORDS.iter().map(|(word, _)| *word)
}

#[cfg(test)]
mod tests;
