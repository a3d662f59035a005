//! Configurations: hoster.example with `_sipfederationtls._tcp.t<n>` and `sip.t<n>` for each domain, and two pools by country.

use crate::Failure;
use crate::contestant::Setting;
use crate::pools::{DUBLIN, SEOUL, V6};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

const TTL: u32 = 30;

fn write(directory: &Path, file: &str, text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let path = directory.join(file);
    fs::create_dir_all(path.parent().unwrap_or(directory))?;
    Ok(fs::write(path, text)?)
}

/// One line for each domain.
fn each(domains: u32, mut line: impl FnMut(&mut String, u32)) -> String {
    let mut text = String::with_capacity(domains as usize * 64);
    (0..domains).for_each(|n| line(&mut text, n));
    text
}

pub(crate) fn edgesteer(setting: &Setting<'_>, program: &Path) -> Result<Command, Failure> {
    let Setting { directory, listen, admin, probe_port, .. } = setting;
    write(directory, "domains.txt", domain_list(0..setting.domains))?;
    let text = format!(
        r#"
[server]
listen = ["{listen}"]
admin = "{admin}"

[health]
damping = "off"
[zone."hoster.example"]
ns = {{ "ns1.hoster.example" = ["127.0.0.1"] }}

[pool.seoul]
location = "KR"
fqdn = "access-seoul.hoster.example"
endpoints = ["{SEOUL}", "{V6}"]

[pool.dublin]
location = "IE"
fqdn = "access-dublin.hoster.example"
endpoints = ["{DUBLIN}", "{V6}"]

[service.federation]
kind = "sip-federation"
domains_file = "domains.txt"
delegation = "names"
ns = ["ns1.hoster.example"]
pools = ["seoul", "dublin"]
ttl = "{TTL}s"
check = {{ kind = "tcp", port = {probe_port} }}
"#
    );
    write(directory, "edgesteer.toml", text)?;
    let mut command = Command::new(program);
    command.arg("serve").arg("-c").arg(directory.join("edgesteer.toml"));
    Ok(command)
}

/// The domains of these numbers, one a line.
pub(crate) fn domain_list(numbers: std::ops::Range<u32>) -> String {
    numbers.fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "t{n:07}.hoster.example");
        text
    })
}

/// The zone in the form of RFC 1035; `addresses` has what stands behind each `sip` name.
fn zone(domains: u32, addresses: &str) -> String {
    let head = format!(
        "$ORIGIN hoster.example.\n$TTL {TTL}\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"
    );
    let names = each(domains, |text, n| {
        let _ = writeln!(text, "_sipfederationtls._tcp.t{n:07} SRV 0 0 5061 sip.t{n:07}.hoster.example.");
        for record in addresses.split(';') {
            let _ = writeln!(text, "sip.t{n:07} {record}");
        }
    });
    head + &names
}

fn static_zone(domains: u32) -> String {
    zone(domains, &format!("A {SEOUL};AAAA {V6}"))
}

pub(crate) fn gdnsd(setting: &Setting<'_>, program: &Path) -> Result<Command, Failure> {
    let Setting { directory, listen, probe_port, .. } = setting;
    write(directory, "zones/hoster.example", zone(setting.domains, "DYNA geoip!federation"))?;
    fs::copy(setting.database, directory.join("world.mmdb"))?;
    let text = format!(
        r#"
options => {{
  listen => {{ {}:{} => {{ udp_threads = 1, tcp_threads = 1 }} }}
  run_dir = {run}
  state_dir = {run}
}}
service_types => {{ pool => {{ plugin = tcp_connect, port = {probe_port} }} }}
plugins => {{ geoip => {{
  maps => {{ world => {{
    geoip2_db = {database}
    datacenters => [seoul, dublin]
    map => {{ EU => [dublin, seoul], AF => [dublin, seoul], NA => [dublin, seoul], SA => [dublin, seoul] }}
  }} }}
  resources => {{ federation => {{ map = world, service_types = pool, dcmap => {{
    seoul => {{ addrs_v4 => {SEOUL}, addrs_v6 => {V6} }}
    dublin => {{ addrs_v4 => {DUBLIN}, addrs_v6 => {V6} }}
  }} }} }}
}} }}
"#,
        listen.ip(),
        listen.port(),
        run = directory.display(),
        database = directory.join("world.mmdb").display(),
    );
    write(directory, "config", text)?;
    let mut command = Command::new(program);
    command.arg("-c").arg(directory).arg("start");
    Ok(command)
}

pub(crate) fn knot(setting: &Setting<'_>, program: &Path) -> Result<Command, Failure> {
    write_knot(setting, "", "")?;
    Ok(knotd(setting, program))
}

pub(crate) fn knot_geoip(setting: &Setting<'_>, program: &Path) -> Result<Command, Failure> {
    let Setting { directory, domains, database, .. } = setting;
    // The module knows countries, not distances: those of the checks are named, the rest gets the zone's own records.
    let names = each(*domains, |text, n| {
        let _ = write!(
            text,
            "sip.t{n:07}.hoster.example:\n  - geo: \"KR\"\n    A: {SEOUL}\n    AAAA: {V6}\n  - geo: \"IE\"\n    A: {DUBLIN}\n    AAAA: {V6}\n"
        );
    });
    write(directory, "geo.conf", names)?;
    let module = format!(
        "mod-geoip:\n  - id: geo\n    config-file: {}\n    ttl: {TTL}\n    mode: geodb\n    geodb-file: {}\n    geodb-key: country/iso_code\n",
        directory.join("geo.conf").display(),
        database.display()
    );
    write_knot(setting, &module, "    module: mod-geoip/geo\n")?;
    Ok(knotd(setting, program))
}

fn write_knot(setting: &Setting<'_>, module: &str, of_zone: &str) -> Result<(), Failure> {
    let Setting { directory, listen, domains, .. } = setting;
    write(directory, "hoster.zone", static_zone(*domains))?;
    let run = directory.display();
    let text = format!(
        "server:\n    listen: {}@{}\n    rundir: {run}\n    udp-workers: 1\n    tcp-workers: 1\n    background-workers: 1\n    edns-client-subnet: on\n\
         database:\n    storage: {run}\n\
         log:\n  - target: stderr\n    any: notice\n{module}\
         zone:\n  - domain: hoster.example\n    file: {run}/hoster.zone\n    journal-content: none\n    zonefile-sync: -1\n    semantic-checks: off\n{of_zone}",
        listen.ip(),
        listen.port(),
    );
    write(directory, "knot.conf", text)
}

fn knotd(setting: &Setting<'_>, program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("-c").arg(setting.directory.join("knot.conf"));
    command
}

pub(crate) fn nsd(setting: &Setting<'_>, program: &Path) -> Result<Command, Failure> {
    let Setting { directory, listen, domains, .. } = setting;
    write(directory, "hoster.zone", static_zone(*domains))?;
    let run = directory.display();
    let text = format!(
        "server:\n  ip-address: {}@{}\n  server-count: 1\n  username: \"\"\n  chroot: \"\"\n  database: \"\"\n  pidfile: \"{run}/nsd.pid\"\n  \
         xfrdfile: \"{run}/xfrd.state\"\n  zonelistfile: \"{run}/zone.list\"\n  xfrdir: \"{run}\"\n  zonesdir: \"{run}\"\n  rrl-ratelimit: 0\n  \
         minimal-responses: yes\nremote-control:\n  control-enable: no\nzone:\n  name: hoster.example\n  zonefile: hoster.zone\n",
        listen.ip(),
        listen.port(),
    );
    write(directory, "nsd.conf", text)?;
    let mut command = Command::new(program);
    command.arg("-d").arg("-c").arg(directory.join("nsd.conf"));
    Ok(command)
}

pub(crate) fn powerdns(setting: &Setting<'_>, program: &Path) -> Result<Command, Failure> {
    let Setting { directory, listen, domains, database, .. } = setting;
    let names = each(*domains, |text, n| {
        let _ = write!(
            text,
            "    _sipfederationtls._tcp.t{n:07}.hoster.example:\n      - srv: 0 0 5061 sip.t{n:07}.hoster.example\n"
        );
    });
    let services = each(*domains, |text, n| {
        let _ = writeln!(text, "    sip.t{n:07}.hoster.example: ['%cc.pool.hoster.example', 'kr.pool.hoster.example']");
    });
    let pools = [("kr", SEOUL), ("ie", DUBLIN)].map(|(country, pool)| {
        format!("    {country}.pool.hoster.example:\n      - a: {pool}\n      - aaaa: \"{V6}\"\n")
    });
    let zones = format!(
        "domains:\n- domain: hoster.example\n  ttl: {TTL}\n  records:\n    hoster.example:\n      - soa: ns1.hoster.example hostmaster.hoster.example 1 3600 600 86400 60\n      \
         - ns: ns1.hoster.example\n    ns1.hoster.example:\n      - a: 127.0.0.1\n{}{names}  services:\n{services}",
        pools.concat()
    );
    write(directory, "zones.yaml", zones)?;
    let run = directory.display();
    let text = format!(
        "launch=geoip\ngeoip-database-files=mmdb:{}\ngeoip-zones-file={run}/zones.yaml\nlocal-address={}\nlocal-port={}\nsocket-dir={run}\n\
         edns-subnet-processing=yes\nreceiver-threads=1\ndistributor-threads=1\nguardian=no\ndaemon=no\nlog-dns-queries=no\nloglevel=3\n",
        database.display(),
        listen.ip(),
        listen.port(),
    );
    write(directory, "pdns.conf", text)?;
    let mut command = Command::new(program);
    command.arg(format!("--config-dir={run}"));
    Ok(command)
}
