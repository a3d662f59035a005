//! Services of one group: federation on simulated edges, and the web names on ports of the same hosts, which are open or not.

use crate::common::dns::{RecordType as T, addresses, look_up};
use crate::common::edges::Edges;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::{Server, get, run, said};
use crate::common::{eventually, free_port};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, TcpListener};

const SRV: &str = "_sipfederationtls._tcp.contoso.com";

/// The pool of each name, whichever it is. One generation is one answer, and names are asked one after the other.
fn told(scene: &Scene) -> [&'static str; 3] {
    [(SRV, T::SRV), ("sip.contoso.com", T::A), ("meet.contoso.com", T::A)]
        .map(|(name, kind)| scene.pool(&look_up(scene.listen, name, kind)))
}

/// The services that each generation moved, as the audit trail says.
fn moved(scene: &Scene) -> Vec<BTreeSet<String>> {
    let trail = std::fs::read_to_string(scene.path().join("state/audit.log")).unwrap();
    let lines = trail.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut moves: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for line in lines.filter(|line| line["what"] == "move" && line["detail"]["from"] != line["detail"]["to"]) {
        let service = line["detail"]["service"].as_str().unwrap().to_owned();
        moves.entry(line["generation"].as_u64().unwrap()).or_default().insert(service);
    }
    moves.into_values().collect()
}

#[test]
fn a_lost_web_server_moves_federation_with_it_in_one_generation() {
    let edges = Edges::start();
    let scene = Scene::of(&edges);
    let port = free_port(scene.seoul);
    let open = |ip: IpAddr| TcpListener::bind((ip, port)).unwrap();
    let (seoul, _dublin) = (open(scene.seoul), open(scene.dublin));
    let tied = "steering = \"failover\"\nfailback = \"auto\"\ngroup = \"edge\"\n";
    let web = format!(
        "[service.web]\nkind = \"generic\"\naddress = \"meet.{{domain}}\"\ndomains = [\"contoso.com\"]\nttl = \"1s\"\n\
         pools = [\"seoul\", \"dublin\"]\n{tied}check = {{ kind = \"tcp\", port = {port}, {QUICK} }}\n"
    );
    let text = scene.text(tied, QUICK).replace("[server]", "[server]\nstate_dir = \"state\"");
    scene.write(&(text + &web));
    let server = Server::ready(&scene);
    eventually("both are up for both", || {
        (server.metric("edgesteer_service_up{service=\"web\"}")? == 1.0).then_some(())
    });
    assert_eq!(told(&scene), ["seoul"; 3]);

    drop(seoul);
    eventually("the web name has moved", || (told(&scene)[2] == "dublin").then_some(()));
    assert_eq!(told(&scene), ["dublin"; 3], "and all else with it");
    let together = BTreeSet::from(["federation", "web"].map(str::to_owned));
    eventually("the moves are recorded", || moved(&scene).pop().filter(|services| services.len() == 2));
    assert!(moved(&scene).iter().all(|services| *services == together), "each generation: {:?}", moved(&scene));
    assert_eq!(addresses(&look_up(scene.listen, SRV, T::SRV)), [scene.dublin].into());
    let up =
        format!("edgesteer_endpoint_up{{check=\"sip:{}\",endpoint=\"{}\",pool=\"seoul\"}}", edges.port(), scene.seoul);
    assert_eq!(server.metric(&up), Some(1.0), "the edge itself is well");
    let (_, why) = get(scene.admin, "/api/v1/explain?name=sip.contoso.com&type=A").unwrap();
    assert!(why.contains("not eligible: service web of group edge is down there"), "{why}");
    let (_, service) = get(scene.admin, "/api/v1/services/web").unwrap();
    assert!(service.contains(r#""group":["federation","web"]"#), "{service}");
    // Dublin would leave nobody: a hold of it is refused.
    let output = run(&["hold", "dublin", "down", "--reason", "patch", "--admin", &scene.admin.to_string()]);
    assert!(!output.status.success(), "{:?}", said(&output));

    let _seoul = TcpListener::bind((scene.seoul, port)).unwrap();
    eventually("all is back", || (told(&scene) == ["seoul"; 3]).then_some(()));
}

#[test]
fn explain_without_a_server_says_who_is_steered_as_one() {
    let scene = Scene::deserted("");
    let text = scene.text("group = \"edge\"\nfailback = \"auto\"", QUICK);
    let dir = "[service.dir]\nkind = \"generic\"\naddress = \"dir.{domain}\"\ndomains = [\"contoso.com\"]\npools = [\"seoul\", \"dublin\"]\n\
               group = \"edge\"\ncheck = { kind = \"tcp\", port = 636 }\n";
    scene.write(&(text.replace(", tls = { ca = \"ca.pem\" }", "") + dir));
    let config = scene.config().display().to_string();
    let (out, error) = said(&run(&["explain", "-c", &config, "dir.contoso.com", "A"]));
    assert!(out.contains("These choose the same pool: federation, dir."), "{out}{error}");
}
