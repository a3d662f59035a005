//! What a service's policy makes of verdicts: the ladder when every pool is down.

use crate::common::dns::{RecordType as T, look_up};
use crate::common::edges::Edges;
use crate::common::eventually;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get};
use edgesteer::demo::edge::Mode;
use hickory_proto::op::ResponseCode;

const SRV: &str = "_sipfederationtls._tcp.contoso.com";
const SIP: &str = "sip.contoso.com";

fn set_up(edges: &Edges, service: &str) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&scene.text(&format!("failback = \"auto\"\n{service}"), QUICK));
    let server = Server::ready(&scene);
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "seoul");
    (scene, server)
}

fn every_pool_breaks(edges: &mut Edges, server: &mut Server) {
    edges.set("seoul", Mode::Refusing);
    edges.set("dublin", Mode::Refusing);
    server.wait_for_log("every pool is down");
    eventually("the service is dark", || {
        (server.metric("edgesteer_service_up{service=\"federation\"}") == Some(0.0)).then_some(())
    });
}

#[test]
fn where_the_ladder_says_nodata_the_names_exist_and_have_no_address() {
    let mut edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "all_down = [\"nodata\"]");
    every_pool_breaks(&mut edges, &mut server);
    for (name, kind) in [(SRV, T::SRV), (SIP, T::A), (SIP, T::AAAA)] {
        let said = look_up(scene.listen, name, kind);
        let section =
            |records: &[hickory_proto::rr::Record]| records.iter().map(|r| r.record_type()).collect::<Vec<_>>();
        assert_eq!(said.response_code, ResponseCode::NoError, "{said:?}");
        assert_eq!((section(&said.answers), section(&said.authorities)), (vec![], vec![T::SOA]), "{said:?}");
        assert!(said.authoritative, "{said:?}");
    }
    let status = get(scene.admin, "/api/v1/status").unwrap().1;
    assert!(status.contains("\"basis\":\"every pool is down: nodata\"") && status.contains("\"pools\":[]"), "{status}");
    edges.set("dublin", Mode::Serving);
    eventually("dublin is told again", || (!look_up(scene.listen, SRV, T::SRV).answers.is_empty()).then_some(()));
    assert_eq!(scene.pool(&look_up(scene.listen, SIP, T::A)), "dublin");
}

#[test]
fn the_ladder_may_name_a_pool() {
    let mut edges = Edges::start();
    let (scene, mut server) = set_up(&edges, "all_down = [{ pool = \"dublin\" }, \"nodata\"]");
    every_pool_breaks(&mut edges, &mut server);
    assert_eq!(scene.pool(&look_up(scene.listen, SRV, T::SRV)), "dublin");
    assert_eq!(scene.pool(&look_up(scene.listen, SIP, T::A)), "dublin");
    let explained = get(scene.admin, "/api/v1/explain?name=sip.contoso.com&type=A").unwrap().1;
    assert!(explained.contains("every pool is down: the pool that the ladder names"), "{explained}");
}
