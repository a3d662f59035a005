//! What a partner is told when edges break and mend.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use edgesteer::demo::edge::Mode;

const SRV: &str = "_sipfederationtls._tcp.contoso.com";

/// Asks until the SRV answer with its additional addresses is this pool's; every answer on the way is wholly one pool.
/// Then the address agrees, since one generation says both.
fn wait_for(scene: &Scene, pool: &str) {
    eventually(&format!("partners are sent to {pool}"), || {
        (scene.pool(&look_up(scene.listen, SRV, T::SRV)) == pool).then_some(())
    });
    assert_eq!(scene.pool(&look_up(scene.listen, "sip.contoso.com", T::A)), pool);
}

fn set_up(edges: &Edges, service: &str) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&scene.text(service, QUICK));
    let server = Server::ready(&scene);
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "seoul");
    (scene, server)
}

#[test]
fn srv_and_address_move_together_whatever_breaks() {
    for mode in [Mode::Refusing, Mode::Unavailable] {
        let mut edges = Edges::start();
        let (scene, server) = set_up(&edges, "failback = \"auto\"");
        edges.set("seoul", mode);
        wait_for(&scene, "dublin");
        assert_eq!(server.metric("edgesteer_pool_up{pool=\"seoul\"}"), Some(0.0), "{mode:?}");
        edges.set("seoul", Mode::Serving);
        wait_for(&scene, "seoul");
        assert_eq!(server.metric("edgesteer_pool_up{pool=\"seoul\"}"), Some(1.0), "{mode:?}");
    }
}

#[test]
fn when_every_pool_is_down_the_last_good_one_is_still_told() {
    let mut edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "failback = \"auto\"");
    edges.set("seoul", Mode::Refusing);
    wait_for(&scene, "dublin");
    edges.set("dublin", Mode::Refusing);
    eventually("dublin is down too", || {
        assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "dublin");
        (server.metric("edgesteer_pool_up{pool=\"dublin\"}") == Some(0.0)).then_some(())
    });
    wait_for(&scene, "dublin");
    server.wait_for_log("every pool is down");
}

#[test]
fn a_pool_that_waits_for_a_release_is_used_where_no_other_lives() {
    let mut edges = Edges::start();
    let (scene, server) = set_up(&edges, "failback = \"manual\"");
    edges.set("seoul", Mode::Refusing);
    wait_for(&scene, "dublin");
    edges.set("seoul", Mode::Serving);
    eventually("seoul is up", || (server.metric("edgesteer_pool_up{pool=\"seoul\"}") == Some(1.0)).then_some(()));
    wait_for(&scene, "dublin");
    edges.set("dublin", Mode::Refusing);
    wait_for(&scene, "seoul");
}
