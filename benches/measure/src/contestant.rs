//! The servers that can be compared, and how each is started on the same names.

use crate::Failure;
use crate::peers;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kind of server.
pub(crate) struct Kind {
    /// What it is called here.
    pub(crate) name: &'static str,
    /// Its program; that of our own is named by an option.
    pub(crate) program: &'static str,
    /// The Debian packages that have it.
    pub(crate) packages: &'static str,
    /// Whether it knows where clients are.
    pub(crate) is_geo: bool,
    /// Writes its configuration.
    pub(crate) prepare: fn(&Setting<'_>, &Path) -> Result<Command, Failure>,
}

impl Kind {
    /// Whether it knows nothing of what it is asked.
    pub(crate) fn is_echo(&self) -> bool {
        self.name.starts_with(ECHO)
    }
}

/// What a server is to serve, and where.
pub(crate) struct Setting<'a> {
    /// Where its files are.
    pub(crate) directory: PathBuf,
    /// Where it answers.
    pub(crate) listen: SocketAddr,
    /// A port for its operators, if it has such a listener.
    pub(crate) admin: SocketAddr,
    /// t0000000.hoster.example and so many more.
    pub(crate) domains: u32,
    /// Where the pools accept connections.
    pub(crate) probe_port: u16,
    /// A country database.
    pub(crate) database: &'a Path,
}

pub(crate) const ECHO: &str = "echo";
pub(crate) const EDGESTEER: &str = "edgesteer";

/// Octets that an answer to the mix with client subnets has more than its question, on average.
const LONGER: u32 = 45;
/// Nanoseconds that such an answer takes in process (`inside`), on average.
const WORK: u32 = 150;

/// In the order in which they are compared.
pub(crate) const KINDS: &[Kind] = &[
    Kind { name: ECHO, program: "", packages: "", is_geo: false, prepare: |setting, _| echo(setting, 0, 0) },
    Kind {
        name: "echo-long",
        program: "",
        packages: "",
        is_geo: false,
        prepare: |setting, _| echo(setting, LONGER, 0),
    },
    Kind {
        name: "echo-work",
        program: "",
        packages: "",
        is_geo: false,
        prepare: |setting, _| echo(setting, LONGER, WORK),
    },
    Kind { name: EDGESTEER, program: "", packages: "", is_geo: true, prepare: peers::edgesteer },
    Kind { name: "gdnsd", program: "/usr/sbin/gdnsd", packages: "gdnsd", is_geo: true, prepare: peers::gdnsd },
    Kind {
        name: "knot-geoip",
        program: "/usr/sbin/knotd",
        packages: "knot knot-module-geoip",
        is_geo: true,
        prepare: peers::knot_geoip,
    },
    Kind { name: "knot", program: "/usr/sbin/knotd", packages: "knot", is_geo: false, prepare: peers::knot },
    Kind { name: "nsd", program: "/usr/sbin/nsd", packages: "nsd", is_geo: false, prepare: peers::nsd },
    Kind {
        name: "powerdns",
        program: "/usr/sbin/pdns_server",
        packages: "pdns-server pdns-backend-geoip",
        is_geo: true,
        prepare: peers::powerdns,
    },
];

/// A kind of server with a number of domains.
#[derive(Clone, Copy)]
pub(crate) struct Contestant {
    /// Which server.
    pub(crate) kind: &'static Kind,
    /// How many domains.
    pub(crate) domains: u32,
}

impl std::str::FromStr for Contestant {
    type Err = String;

    /// Reads "gdnsd" or "gdnsd:1000000".
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, domains) = text.split_once(':').unwrap_or((text, "1"));
        let kind = KINDS.iter().find(|kind| kind.name == name);
        let names = || KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
        let kind = kind.ok_or_else(|| format!("there is no server \"{name}\"; there are {}", names()))?;
        let domains = domains.parse().ok().filter(|domains| (1..=10_000_000).contains(domains));
        Ok(Self { kind, domains: domains.ok_or("the number of domains is from 1 to 10,000,000")? })
    }
}

impl std::fmt::Display for Contestant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.domains {
            1 => f.write_str(self.kind.name),
            domains => write!(f, "{}, {domains} domains", self.kind.name),
        }
    }
}

/// Fails with the packages to install where a server is not there.
pub(crate) fn must_be_installed(contestants: &[Contestant]) -> Result<(), Failure> {
    let is_there = |kind: &Kind| kind.program.is_empty() || Path::new(kind.program).exists();
    let missing: Vec<_> = contestants.iter().map(|c| c.kind).filter(|kind| !is_there(kind)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    let packages = missing.iter().map(|kind| kind.packages).collect::<Vec<_>>().join(" ");
    Err(format!("not installed: {names}; on Debian: apt-get install --no-install-recommends {packages}").into())
}

fn echo(setting: &Setting<'_>, longer: u32, work: u32) -> Result<Command, Failure> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("echo").arg(setting.listen.to_string());
    command.args(["--longer", &longer.to_string(), "--work", &work.to_string()]);
    Ok(command)
}
