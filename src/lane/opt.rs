//! What a question's OPT says (RFC 6891), read from its octets.
//!
//! hickory forgets what strictness needs: how long an option was, which came twice. Not here: where OPT stands in a message
//! (`packet`), what is believed and answered (`edns`). Options that nothing here knows are skipped (RFC 6891 section 6.1.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IANA's option codes of what we read and say.
pub(super) const NSID: u16 = 3;
pub(super) const SUBNET: u16 = 8;
pub(super) const COOKIE: u16 = 10;
pub(super) const KEEPALIVE: u16 = 11;
pub(super) const PADDING: u16 = 12;
pub(super) const EXTENDED_ERROR: u16 = 15;

/// Address families of a client subnet (RFC 7871 section 6).
const IPV4: u16 = 1;
const IPV6: u16 = 2;

/// A question's OPT.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Opt<'m> {
    /// The largest UDP answer that the sender takes, octets, as it was sent.
    pub(super) size: u16,
    /// Of EDNS. What follows has a meaning in version 0 alone, and is not read in others.
    pub(super) version: u8,
    /// Whether DNSSEC records are welcome (RFC 3225).
    pub(super) dnssec_ok: bool,
    /// Whether the server's name is asked for (RFC 5001); what the question says with it means nothing.
    pub(super) nsid: bool,
    /// The client subnet (RFC 7871).
    pub(super) subnet: Option<Subnet>,
    /// The first cookie, 8 or 16 to 40 octets (RFC 7873 section 5.4).
    pub(super) cookie: Option<&'m [u8]>,
    /// Octets of edns-tcp-keepalive's data. Over UDP it means nothing, so who knows the transport judges it (RFC 7828 section 3.1).
    pub(super) keepalive: Option<usize>,
    /// Whether the answer may be padded (RFC 7830); with what the question was means nothing.
    pub(super) padding: bool,
    /// Whether the options cannot be believed: then the answer is FORMERR.
    pub(super) malformed: bool,
}

/// A client subnet without an address bit beyond its length.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Subnet {
    /// `None` where the client hides and does not even tell its family, as family 0: BIND answers that, and so do we.
    pub(super) address: Option<IpAddr>,
    /// SOURCE PREFIX-LENGTH; 0 hides the client.
    pub(super) source: u8,
}

/// An option that is not what its definition says.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Malformed;

impl<'m> Opt<'m> {
    /// Reads what a record of type OPT holds in its class, TTL and data.
    pub(super) fn read(size: u16, ttl: [u8; 4], data: &'m [u8]) -> Self {
        let mut opt = Self { size, version: ttl[1], dnssec_ok: ttl[2] & 0x80 != 0, ..Self::default() };
        opt.malformed = opt.version == 0 && opt.options(data).is_err();
        opt
    }

    fn options(&mut self, mut data: &'m [u8]) -> Result<(), Malformed> {
        while !data.is_empty() {
            let (head, rest) = data.split_first_chunk::<4>().ok_or(Malformed)?;
            let [code, length] = [[head[0], head[1]], [head[2], head[3]]].map(u16::from_be_bytes);
            let (option, rest) = rest.split_at_checked(length.into()).ok_or(Malformed)?;
            self.option(code, option)?;
            data = rest;
        }
        Ok(())
    }

    fn option(&mut self, code: u16, option: &'m [u8]) -> Result<(), Malformed> {
        match code {
            NSID => self.nsid = true,
            // Two subnets are two clients: no answer is right for both.
            SUBNET if self.subnet.is_some() => return Err(Malformed),
            SUBNET => self.subnet = Some(Subnet::read(option)?),
            // RFC 7873 section 5.2: of several cookies the first counts.
            COOKIE if self.cookie.is_some() => {}
            COOKIE if matches!(option.len(), 8 | 16..=40) => self.cookie = Some(option),
            COOKIE => return Err(Malformed),
            KEEPALIVE => self.keepalive = Some(self.keepalive.unwrap_or(0).max(option.len())),
            PADDING => self.padding = true,
            _ => {}
        }
        Ok(())
    }
}

impl Subnet {
    /// RFC 7871 sections 6 and 7.1.2: as many octets as the length needs, no bit beyond it, and no scope.
    fn read(option: &[u8]) -> Result<Self, Malformed> {
        let (head, octets) = option.split_first_chunk::<4>().ok_or(Malformed)?;
        let (family, [source, scope]) = (u16::from_be_bytes([head[0], head[1]]), [head[2], head[3]]);
        if scope != 0 || octets.len() != usize::from(source).div_ceil(8) {
            return Err(Malformed);
        }
        let address = match family {
            0 if source == 0 => None,
            IPV4 if source <= 32 => Some(IpAddr::from(Ipv4Addr::from(padded(octets)))),
            IPV6 if source <= 128 => Some(IpAddr::from(Ipv6Addr::from(padded(octets)))),
            _ => return Err(Malformed),
        };
        let beyond = octets.last().is_some_and(|last| source % 8 != 0 && last << (source % 8) != 0);
        // An IPv4 client in IPv6 dress would be steered as nobody: whoever means IPv4 has a family for it.
        let mapped = matches!(address, Some(IpAddr::V6(v6)) if v6.to_ipv4_mapped().is_some());
        if beyond || mapped { Err(Malformed) } else { Ok(Self { address, source }) }
    }

    /// The option of the answer: family, source and address as they came (RFC 7871 section 7.2.1).
    pub(super) fn echo(&self, scope: u8) -> Echo {
        let mut echo = Echo { octets: [0; ECHO_MAX], length: 4 + usize::from(self.source).div_ceil(8) };
        let family = match self.address {
            None => 0,
            Some(IpAddr::V4(v4)) => {
                echo.octets[4..8].copy_from_slice(&v4.octets());
                IPV4
            }
            Some(IpAddr::V6(v6)) => {
                echo.octets[4..].copy_from_slice(&v6.octets());
                IPV6
            }
        };
        let [high, low] = u16::to_be_bytes(family);
        // A hidden client's answer depends on nobody.
        let scope = if self.source == 0 { 0 } else { scope };
        echo.octets[..4].copy_from_slice(&[high, low, self.source, scope]);
        echo
    }
}

/// Octets of the longest client subnet option: its head and an IPv6 address.
const ECHO_MAX: usize = 20;

/// A client subnet option of an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Echo {
    octets: [u8; ECHO_MAX],
    length: usize,
}

impl Echo {
    /// Its octets: those of the address that lie beyond the prefix are not said, and are zero where it was read.
    pub(super) fn octets(&self) -> &[u8] {
        &self.octets[..self.length]
    }
}

/// The octets at the front, zeros behind; there are at most `N` of them.
fn padded<const N: usize>(octets: &[u8]) -> [u8; N] {
    let mut all = [0; N];
    all.iter_mut().zip(octets).for_each(|(to, from)| *to = *from);
    all
}

#[cfg(test)]
mod tests;
