//! Our own uplink is lost: nothing answers, edges and third parties alike.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get};
use crate::common::{eventually, fresh_address};
use edgesteer::demo::edge::Mode;
use std::net::TcpListener;

const SRV: &str = "_sipfederationtls._tcp.contoso.com";

#[test]
fn while_references_and_edges_are_silent_verdicts_and_answers_stay_and_with_references_the_loss_is_believed() {
    let mut edges = Edges::start();
    let scene = Scene::of(&edges);
    let reference = fresh_address();
    let listener = TcpListener::bind(reference).unwrap();
    let health = format!("\n[health]\nreferences = [\"{reference}\"]\n");
    scene.write(&(scene.text("failback = \"auto\"", QUICK) + &health));
    let mut server = Server::ready(&scene);
    let metric = |server: &Server, name: &str| server.metric(name);
    let up = |server: &Server| {
        ["seoul", "dublin"].map(|pool| metric(server, &format!("edgesteer_pool_up{{pool=\"{pool}\"}}")))
    };
    eventually("both are up", || (up(&server) == [Some(1.0); 2]).then_some(()));
    assert_eq!(metric(&server, "edgesteer_self_doubt"), Some(0.0));

    // The uplink goes: the third party first, that the order is sure.
    drop(listener);
    eventually("the reference is known to be silent", || {
        metric(&server, "edgesteer_probes_total{kind=\"tcp\",outcome=\"refused\"}").filter(|count| *count >= 1.0)
    });
    assert_eq!(metric(&server, "edgesteer_self_doubt"), Some(0.0), "by itself it proves nothing: the edges answer");
    edges.set("seoul", Mode::Refusing);
    edges.set("dublin", Mode::Refusing);
    eventually("self-doubt", || (metric(&server, "edgesteer_self_doubt") == Some(1.0)).then_some(()));
    let failed = server.failed_probes();
    eventually("many more probes failed", || (server.failed_probes() > failed + 20).then_some(()));
    assert_eq!(up(&server), [Some(1.0); 2], "verdicts stay");
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "seoul");
    let (status, said) = get(scene.admin, "/readyz").unwrap();
    assert!(status == 200 && said.contains("self-doubt"), "DNS goes on: {said}");
    server.wait_for_log("self-doubt: no reference answers");

    // The third party is back, and the edges really are dead.
    let listener = TcpListener::bind(reference).unwrap();
    server.wait_for_log("self-doubt is over");
    eventually("both are down", || (up(&server) == [Some(0.0); 2]).then_some(()));
    assert_eq!(metric(&server, "edgesteer_self_doubt"), Some(0.0));
    edges.set("dublin", Mode::Serving);
    edges.set("seoul", Mode::Serving);
    eventually("both are back", || (up(&server) == [Some(1.0); 2]).then_some(()));
    eventually("seoul is told", || (scene.pool(&look_up(scene.listen, SRV, T::SRV)) == "seoul").then_some(()));
    drop(listener);
}
