//! The page at the sizes of a desk and of a phone, in both themes, with three pools and with forty: nothing is wider than the window,
//! and pictures of it for docs/screenshots, which `just pictures` makes.

use crate::browser::Browser;
use crate::common::edges::identity;
use crate::common::scene::Scene;
use crate::common::server::{Server, send};
use crate::common::{eventually, fresh_ip};
use edgesteer::demo::ca::ThrowawayCa;
use edgesteer::demo::edge::{Mode, SimulatedEdge};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use tokio::runtime::Runtime;

/// Names the directory that pictures are written to; without it, none are.
const PICTURES: &str = "PICTURES";
/// Widths of a desk and of a phone.
const DESK: u64 = 1280;
const PHONE: u64 = 390;
/// For probe times to become a line in a picture.
const PROBED: Duration = Duration::from_secs(15);
/// A server of somebody else's, whose answers say that our own uplink is well though every pool is lost.
const WITNESS: &str = "witness";

const THREE: &[(&str, &str)] = &[("seoul", "KR"), ("seoul", "KR"), ("dublin", "IE"), ("ashburn", "US")];
const FORTY: &[&str] = &[
    "KR", "IE", "US", "BR", "ZA", "AU", "JP", "DE", "IN", "SG", "SE", "FR", "ES", "IT", "PL", "TR", "EG", "NG", "KE",
    "MX", "AR", "CL", "CA", "GB", "NO", "FI", "RU", "CN", "TH", "VN", "ID", "NZ", "SA", "AE", "IL", "GR", "PT", "RO",
    "UA", "PK",
];

/// A server over simulated pools, and its page.
struct World {
    runtime: Runtime,
    edges: Vec<(String, SimulatedEdge)>,
    scene: Scene,
    _server: Server,
    browser: Browser,
}

impl World {
    /// Endpoints by their pool's name and country; those of one pool follow each other.
    fn open(endpoints: &[(String, String)]) -> Self {
        let (runtime, ca) = (Runtime::new().unwrap(), ThrowawayCa::new().unwrap());
        let (certificate, scene) = (identity(&ca), Scene::deserted(ca.pem()));
        let mut edges: Vec<(String, SimulatedEdge)> = Vec::new();
        runtime.block_on(async {
            for pool in endpoints.iter().map(|(pool, _)| pool.as_str()).chain([WITNESS]) {
                let port = edges.first().map_or(0, |(_, edge)| edge.address().port());
                let edge = SimulatedEdge::start(SocketAddr::new(fresh_ip(), port), &certificate).unwrap();
                edges.push((pool.to_owned(), edge));
            }
        });
        scene.write(&configuration(&scene, endpoints, &edges));
        let server = Server::ready(&scene);
        let browser = Browser::start(scene.path());
        let world = Self { runtime, edges, scene, _server: server, browser };
        world.browser.size(DESK);
        world.browser.open(&format!("http://{}/", world.scene.admin));
        world.wait_for("sentence", "Inbound federation is up");
        world
    }

    fn wait_for(&self, id: &str, text: &str) {
        let script = format!("return document.getElementById('{id}').innerText");
        eventually(&format!("{id} says {text:?}"), || self.browser.run(&script).as_str()?.contains(text).then_some(()));
    }

    fn lose(&mut self, pool: &str) {
        let edges = self.edges.iter_mut().filter(|(name, _)| name == pool);
        edges.for_each(|(_, edge)| self.runtime.block_on(edge.break_it(Mode::Refusing)).unwrap());
        self.wait_for("hands", &format!("{pool} is down"));
    }

    fn order(&self, method: &str, pool: &str, body: &str) {
        let (status, said) = send(self.scene.admin, method, &format!("/api/v1/holds/{pool}"), body).unwrap();
        assert_eq!(status, 200, "{said}");
    }

    /// Lets probe times become lines, where somebody will look at them.
    fn settle(&self) {
        if directory().is_some() {
            std::thread::sleep(PROBED);
            self.browser.run("document.getElementById('service').dispatchEvent(new Event('change'))");
            std::thread::sleep(Duration::from_secs(1));
        }
    }

    /// The page must fit the window at both widths and in both themes. Those pictures are kept that have a name.
    fn look(&self, names: [&[(u64, &str, u64)]; 2]) {
        for (theme, names) in ["light", "dark"].into_iter().zip(names) {
            let turn = format!(
                "if (document.documentElement.dataset.theme !== '{theme}') document.getElementById('theme').click()"
            );
            self.browser.run(&turn);
            for width in [DESK, PHONE] {
                self.browser.size(width);
                self.fits(width, theme);
                for (_, name, height) in names.iter().filter(|(of, _, _)| *of == width) {
                    self.keep(name, *height);
                }
            }
        }
        self.browser.size(DESK);
    }

    /// Nothing is wider than the window, but for what scrolls by itself.
    fn fits(&self, width: u64, theme: &str) {
        let script = "return [document.documentElement.scrollWidth, ...[...document.querySelectorAll('main *')]
            .filter((it) => !it.closest('svg') && !it.closest('.wide') && it.getBoundingClientRect().right > innerWidth + 1)
            .map((it) => it.tagName + ' ' + it.id + ' ' + it.textContent.slice(0, 60))]";
        let told = self.browser.run(script);
        let wide = told.as_array().unwrap();
        assert!(wide[0].as_u64().unwrap() <= width && wide.len() == 1, "{width} {theme}: {told}");
    }

    fn keep(&self, name: &str, height: u64) {
        if let Some(directory) = directory() {
            std::fs::write(directory.join(name).with_extension("png"), self.browser.picture(height)).unwrap();
        }
    }
}

fn configuration(scene: &Scene, endpoints: &[(String, String)], edges: &[(String, SimulatedEdge)]) -> String {
    let mut names: Vec<&(String, String)> = endpoints.iter().collect();
    names.dedup();
    let pools: String = names
        .iter()
        .map(|(name, country)| {
            let own = edges.iter().filter(|(pool, _)| pool == name);
            let addresses: Vec<String> = own.map(|(_, edge)| edge.address().ip().to_string()).collect();
            format!("[pool.{name}]\nlocation = \"{country}\"\nendpoints = {addresses:?}\n")
        })
        .collect();
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    let witness = edges.iter().find(|(pool, _)| pool == WITNESS).unwrap().1.address();
    format!(
        "[health]\nreferences = [\"{witness}\"]\n[server]\nlisten = [\"{}\"]\nadmin = \"{}\"\nstartup_grace = \"30s\"\n[zone.\"contoso.com\"]\n\
         ns = {{ \"ns1.contoso.com\" = [\"192.0.2.53\"] }}\n{pools}[service.federation]\nkind = \"sip-federation\"\n\
         domains = [\"contoso.com\"]\npools = {names:?}\nfailback = \"auto\"\ncheck = {{ kind = \"sip\", port = {}, interval = \"1s\", confirm = \"100ms\", \
         tls = {{ ca = \"ca.pem\" }} }}\n",
        scene.listen,
        scene.admin,
        edges[0].1.address().port()
    )
}

fn directory() -> Option<PathBuf> {
    std::env::var_os(PICTURES).map(PathBuf::from)
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn three_pools_fit_a_desk_and_a_phone() {
    let three: Vec<_> = THREE.iter().map(|(pool, country)| (pool.to_string(), country.to_string())).collect();
    let mut world = World::open(&three);
    world.order("PUT", "seoul", r#"{"state":"down","for":"10m","reason":"drill: spring exercise","author":"kim"}"#);
    world.wait_for("drills", "seoul is held down as a drill");
    world.settle();
    world.order("DELETE", "seoul", r#"{"reason":"enough seen","author":"kim"}"#);
    world.wait_for("drills", "seoul was drilled from");
    world.settle();
    world.look([&[(DESK, "all-well", 2400), (PHONE, "phone", 1900)], &[]]);
    world.browser.run("document.querySelector('[aria-label=\"Run-book of seoul\"]').click()");
    world.wait_for("book-done", "0 of ");
    world.browser.run("document.querySelectorAll('#book-text input').forEach((box, i) => { if (i < 2) box.click(); })");
    world.look([&[(DESK, "run-book", 900)], &[]]);
    world.browser.run("document.getElementById('book-close').click()");
    world.lose("ashburn");
    world.settle();
    world.look([&[], &[(DESK, "one-pool-down-dark", 2400), (PHONE, "phone-dark", 1900)]]);
    world.lose("seoul");
    world.lose("dublin");
    world.wait_for("sentence", "every pool is down since");
    world.wait_for("pools", "still named: nothing else lives");
    world.look([&[(DESK, "every-pool-down", 1400)], &[]]);
    assert_eq!(world.browser.complaints(), Vec::<String>::new());
}

#[test]
#[ignore = "needs chromium and chromium-driver"]
fn forty_pools_fit_a_desk_and_a_phone() {
    let name = |(i, country): (usize, &&str)| (format!("p{i}-{}", country.to_lowercase()), country.to_string());
    let mut world = World::open(&FORTY.iter().enumerate().map(name).collect::<Vec<_>>());
    world.lose("p3-br");
    world.lose("p7-de");
    world.settle();
    let first = "return [...document.querySelectorAll('#pools strong')].slice(0, 3).map((name) => name.innerText)";
    assert_eq!(
        world.browser.run(first),
        serde_json::json!(["p3-br", "p7-de", "p0-kr"]),
        "what needs hands comes first"
    );
    world.look([&[(DESK, "forty-pools", 1400)], &[]]);
    assert_eq!(world.browser.complaints(), Vec::<String>::new());
}
