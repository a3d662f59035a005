//! The forms of text in a configuration: what each is called, how it is read, what to write instead.

use super::Country;
use super::codes::{self, Code};
use super::report::Report;
use super::source::{At, Span};
use crate::limits;
use crate::name::{Name, Prefix};
use ipnet::IpNet;
use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A form of text.
pub(super) struct Form<T> {
    /// With its article, to stand after "is not".
    pub(super) noun: &'static str,
    /// The code where a text is not of this form.
    pub(super) code: Code,
    /// How to write it.
    pub(super) help: &'static str,
    /// Reads it, or says what is wrong.
    pub(super) read: fn(&str) -> Result<T, String>,
}

impl<T> Form<T> {
    /// Reads `text`, which stands at `span`; `None` is reported.
    pub(super) fn at(&self, text: &str, span: Span, report: &Report) -> Option<At<T>> {
        match (self.read)(text) {
            Ok(value) => Some(At { value, span }),
            Err(why) => {
                report.add(span, self.code, format!("\"{text}\" is not {}", self.noun), why, self.help);
                None
            }
        }
    }
}

/// "30s".
pub(super) const DURATION: Form<Duration> = Form {
    noun: "a duration",
    code: codes::BAD_DURATION,
    help: "write a number with its unit in quotes, as \"500ms\", \"30s\" or \"10m\"",
    read: |text| humantime::parse_duration(text).map_err(said),
};

/// "contoso.com".
pub(super) const NAME: Form<Name> = Form {
    noun: "a domain name",
    code: codes::BAD_DOMAIN_NAME,
    help: "write labels of letters, digits, - and _ with dots between them, and punycode for other letters",
    read: |text| Name::parse(text).map_err(said),
};

/// "192.0.2.10".
pub(super) const ADDRESS: Form<IpAddr> = Form {
    noun: "an IP address",
    code: codes::BAD_ADDRESS,
    help: "write one IPv4 or IPv6 address without a port, as \"192.0.2.10\" or \"2001:db8::10\"",
    read: |text| text.parse().map_err(said),
};

/// "127.0.0.1:53".
pub(super) const LISTEN: Form<SocketAddr> = Form {
    noun: "an IP address with a port",
    code: codes::BAD_LISTEN,
    help: "write address and port, as \"192.0.2.53:53\" or \"[2001:db8::53]:53\"",
    read: |text| text.parse().map_err(said),
};

/// "192.0.2.1:443".
pub(super) const REFERENCE: Form<SocketAddr> = Form {
    noun: "an IP address with a port",
    code: codes::BAD_REFERENCE,
    help: "write address and port of a server of somebody else's that takes TCP connections, as \"192.0.2.1:443\"",
    read: |text| match text.parse::<SocketAddr>().map_err(said)? {
        address if address.port() == 0 || address.ip().is_unspecified() => Err("nobody can be asked there".to_owned()),
        address => Ok(address),
    },
};

/// "203.0.113.0/24".
pub(super) const PREFIX: Form<IpNet> = Form {
    noun: "an address prefix",
    code: codes::BAD_PREFIX,
    help: "write the first address and the length, as \"203.0.113.0/24\", \"2001:db8::/32\" or \"192.0.2.1/32\"",
    read: |text| {
        let prefix: IpNet = text.parse().map_err(said)?;
        if prefix == prefix.trunc() { Ok(prefix) } else { Err(format!("the prefix begins at {}", prefix.trunc())) }
    },
};

/// "KR".
pub(super) const COUNTRY: Form<Country> = Form {
    noun: "a country code",
    code: codes::BAD_COUNTRY,
    help: "write the two letters of ISO 3166-1, as \"KR\" or \"IE\"",
    read: |text| {
        let country = Country::parse(text).ok_or("two letters are wanted")?;
        if country.exists() { Ok(country) } else { Err("there is no such country".to_owned()) }
    },
};

/// "_ldap._tcp.{domain}".
pub(super) const OWNER: Form<Prefix> = Form {
    noun: "an owner name",
    code: codes::BAD_OWNER,
    help: "write labels in front of \".{domain}\", as \"_ldap._tcp.{domain}\", or \"{domain}\" alone",
    read: |text| {
        let labels = text.strip_suffix("{domain}").ok_or("it does not end in {domain}")?;
        let labels = match labels.strip_suffix('.') {
            Some(labels) if !labels.is_empty() => labels,
            _ if labels.is_empty() => labels,
            _ => return Err("a label and a dot must stand in front of {domain}".to_owned()),
        };
        let prefix = Prefix::parse(labels).map_err(said)?;
        match prefix.labels().count() {
            n if n > limits::PREFIX_LABELS_MAX => {
                Err(format!("{n} labels in front of {{domain}}; {} are allowed", limits::PREFIX_LABELS_MAX))
            }
            _ => Ok(prefix),
        }
    },
};

fn said(error: impl Display) -> String {
    error.to_string()
}
