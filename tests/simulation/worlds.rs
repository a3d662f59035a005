//! Configurations: families, within each of which a reload leads from one member to another.

use crate::luck::Luck;
use edgesteer::app;
use edgesteer::topology::Topology;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, LazyLock};

pub(crate) const REFERENCE: &str = "192.0.2.1";
const FAMILIES: u64 = 24;
/// Few networks, so that a world is made in no time.
const DATABASE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/geoip/fixtures/flat-tiny.mmdb");
const MEMBERS: u64 = 4;

/// A family of topologies.
pub(crate) type Family = Vec<Arc<Topology>>;

/// A family that is made when it is asked for.
type Lazy = LazyLock<Family, Box<dyn Fn() -> Family + Send>>;

/// The family of a number.
pub(crate) fn family(number: u64) -> &'static Family {
    static ALL: LazyLock<Vec<Lazy>> = LazyLock::new(|| {
        let lazily = |family| -> Box<dyn Fn() -> Family + Send> {
            Box::new(move || (0..MEMBERS).map(|member| load(&text(family, member)).unwrap()).collect())
        };
        (0..FAMILIES).map(|family| LazyLock::new(lazily(family))).collect()
    });
    &ALL[(number % FAMILIES) as usize]
}

/// What `serve` makes of a configuration file.
fn load(text: &str) -> Result<Arc<Topology>, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("edgesteer.toml");
    std::fs::write(&path, text).unwrap();
    read(&path).map_err(|error| format!("{error}\n{text}"))
}

fn read(path: &Path) -> Result<Arc<Topology>, String> {
    app::load(path).map(|world| world.topology).map_err(|error| error.to_string())
}

/// What is wrong with a configuration that somebody damaged.
pub(crate) fn broken() -> String {
    load("[pool.p0]\nendpoints = [\"10.0.0.1\"\n").unwrap_err()
}

/// Most of a configuration belongs to its family, so that verdicts, gates and holds have something to be carried over to.
fn text(family: u64, member: u64) -> String {
    let mut fixed = Luck(family * 7919);
    let mut free = Luck(family * 7919 + member * 104_729);
    let pools = 2 + fixed.below(3);
    // A later member may lack the last pool.
    let there = if member == 3 && pools > 2 { pools - 1 } else { pools };
    let mut text = format!("[geoip]\ndatabase = \"{DATABASE}\"\n");
    for domain in DOMAINS {
        writeln!(text, "[zone.\"{domain}\"]\nns = {{ \"ns1.{domain}\" = [\"192.0.2.53\"], \"ns2.example.net\" = [] }}")
            .unwrap();
    }
    health(&mut text, &mut fixed);
    for pool in 0..there {
        let endpoints = 1 + fixed.below(2);
        let min_healthy = 1 + free.below(endpoints);
        // One address moves now and then.
        let address = |i| format!("\"10.{pool}.{}.{i}\"", if i == 1 && member == 2 { 9 } else { 0 });
        let addresses: Vec<String> = (1..=endpoints).map(address).collect();
        let place = ["KR", "IE", "US", "DE"][pool];
        writeln!(
            text,
            "[pool.p{pool}]\nlocation = \"{place}\"\nfqdn = \"p{pool}.contoso.com\"\nmin_healthy = {min_healthy}\nendpoints = [{}]",
            addresses.join(", ")
        )
        .unwrap();
    }
    let shared = check(&mut fixed, &mut free);
    for (i, domain) in DOMAINS.iter().enumerate() {
        let kind = ["kind = \"sip-federation\"", "kind = \"sip-remote-access\"", GENERIC][i];
        let shapes: [&[&str]; 3] = [&["address", "target", "ordered"], &["target", "ordered"], &["address", "target"]];
        let shape = fixed.of(shapes[i]);
        let check = if fixed.percent(50) { shared.clone() } else { check(&mut fixed, &mut free) };
        let names: Vec<String> = (0..there).map(|pool| format!("\"p{pool}\"")).collect();
        let steering = fixed.of(&["\"nearest\"", "\"failover\"", "{ weighted = { p0 = 3, p1 = 1 } }"]);
        let names = if steering.starts_with('{') { &names[..2] } else { &names[..] }.join(", ");
        let failback = free.of(&["\"auto\"", "\"20s\"", "\"2m\"", "\"manual\"", CANARY]);
        let all_down = free.of(&[
            "[\"last-good\", \"all\"]",
            "[\"all\"]",
            "[\"last-good\", { pool = \"p1\" }, \"nodata\"]",
            "[\"nodata\"]",
        ]);
        writeln!(
            text,
            "[service.s{i}]\n{kind}\ndomains = [\"{domain}\"]\npools = [{names}]\nsteering = {steering}\nshape = \"{shape}\"\n\
             failback = {failback}\nall_down = {all_down}\ncheck = {check}"
        )
        .unwrap();
    }
    text
}

const DOMAINS: [&str; 3] = ["contoso.com", "remote.example", "directory.example"];
const CANARY: &str = "{ after = \"5s\", canary = { share = \"30%\", for = \"40s\" } }";
const GENERIC: &str =
    "kind = \"generic\"\nsrv = { owner = \"_ldap._tcp.{domain}\", port = 636, target = \"dir.{domain}\" }";

fn health(text: &mut String, luck: &mut Luck) {
    text.push_str("[health]\n");
    if luck.percent(50) {
        writeln!(text, "references = [\"{REFERENCE}:443\"]").unwrap();
    }
    let damping = luck.of(&["\"off\"", "{ half_life = \"20s\", suppress = 1, reuse = 1, longest = \"2m\" }", ""]);
    if !damping.is_empty() {
        writeln!(text, "damping = {damping}").unwrap();
    }
    let safety = luck.of(&["", "[safety]\nmin_active_pools = 2\n", "[safety]\nmax_changes_per_minute = 2\n"]);
    text.push_str(safety);
}

/// A check whose kind belongs to the family, so that a belief has somewhere to go, and whose pace does not.
fn check(fixed: &mut Luck, free: &mut Luck) -> String {
    let kind = fixed.of(&["tcp", "tls", "sip"]);
    let (interval, timeout, confirm) =
        (free.of(&["3s", "6s", "15s"]), free.of(&["1s", "2s"]), free.of(&["250ms", "1s"]));
    let (fall, rise) = (1 + free.below(3), 1 + free.below(3));
    format!(
        "{{ kind = \"{kind}\", port = 5061, interval = \"{interval}\", timeout = \"{timeout}\", confirm = \"{confirm}\", \
         fall = {fall}, rise = {rise} }}"
    )
}
