//! The description of the API is that of the API: what it lists is served, what is served is listed, and answers have the form
//! that it says.

use crate::common::edges::Edges;
use crate::common::process::system;
use crate::common::scene::{QUICK, Scene};
use crate::common::server::Server;
use crate::http::{ask, json};
use edgesteer::admin::local_token;
use serde_json::Value;
use std::collections::BTreeSet;

fn set_up(edges: &Edges) -> (Scene, Server) {
    let scene = Scene::of(edges);
    scene.write(&scene.text("", QUICK).replace("[server]\n", "[server]\nstate_dir = \"state\"\n"));
    let server = Server::ready(&scene);
    (scene, server)
}

/// A path of the description with its places filled in.
fn filled(path: &str, scene: &Scene) -> String {
    let endpoint = scene.seoul.to_string();
    [("{service}", "federation"), ("{pools}", "seoul"), ("{pool}", "seoul"), ("{endpoint}", &endpoint)]
        .iter()
        .fold(path.to_owned(), |path, (place, value)| path.replace(place, value))
}

#[test]
fn what_it_lists_is_served_and_what_it_does_not_list_is_not() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let token = format!("Bearer {}", local_token(scene.admin).unwrap());
    let api = json(scene.admin, "/api/v1/openapi.json");
    let paths = api["paths"].as_object().unwrap();
    assert!(paths.len() >= 15, "{:?}", paths.keys());
    for (path, item) in paths {
        for method in ["get", "put", "post", "delete", "patch"] {
            let is_stream = path == "/api/v1/events";
            if is_stream && method == "get" {
                continue;
            }
            let request = format!("{} {}", method.to_uppercase(), filled(path, &scene));
            let fields = [("Authorization", &*token), ("Content-Type", "application/json")];
            let answer = ask(scene.admin, &request, &fields, if method == "get" { "" } else { "{}" });
            assert_ne!(answer.status, 404, "{request}: {answer:?}");
            assert_eq!(answer.status == 405, item.get(method).is_none(), "{request}: {answer:?}");
            let is_told = item.get(method).is_none_or(|operation| operation["responses"]["default"].is_object());
            assert!(is_told, "{request}: what an error looks like is not said");
        }
    }
    // The router's own source names every handler, and only those.
    let source = std::fs::read_to_string("src/admin/mod.rs").unwrap();
    let served = source.matches(".routes(routes!(").count();
    assert_eq!(served, paths.len());
    let others: Vec<&str> = source.split(".route(\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    let data: Vec<_> =
        others.iter().filter(|path| path.starts_with("/api/") && **path != "/api/v1/openapi.json").collect();
    assert!(data.is_empty(), "describe them with #[utoipa::path] and `routes!`: {data:?}");
}

#[test]
fn answers_have_the_form_that_it_says() {
    let edges = Edges::start();
    let (scene, _server) = set_up(&edges);
    let api = json(scene.admin, "/api/v1/openapi.json");
    let mut checked = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        let Some(schema) = item["get"]["responses"]["200"]["content"]["application/json"]["schema"].as_object() else {
            continue;
        };
        let query = match path.as_str() {
            "/api/v1/explain" => "?name=sip.contoso.com&type=A",
            "/api/v1/what-if" => "?lost=seoul",
            _ => "",
        };
        let told = json(scene.admin, &(filled(path, &scene) + query));
        fits(&api, &Value::Object(schema.clone()), &told, path);
        checked += 1;
    }
    assert!(checked >= 10, "{checked}");
}

/// Whether a value has the properties of its schema, all that are required and no other, down to the leaves.
fn fits(api: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = api.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("{at}: {name} leads nowhere"));
        return fits(api, schema, value, at);
    }
    if let Some(any) = schema["oneOf"].as_array().filter(|_| !value.is_null()) {
        let other = any.iter().find(|schema| schema["type"] != "null");
        return fits(api, other.unwrap(), value, at);
    }
    if let Some(all) = schema["allOf"].as_array() {
        let properties = all.iter().flat_map(|part| properties(api, part)).collect::<BTreeSet<_>>();
        let told = value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
        assert!(told.is_subset(&properties), "{at}: {told:?} beside {properties:?}");
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| fits(api, &schema["items"], item, at)),
        Value::Object(fields) if schema["properties"].is_object() => {
            for required in schema["required"].as_array().into_iter().flatten() {
                assert!(fields.contains_key(required.as_str().unwrap()), "{at}: {required} is missing in {value}");
            }
            for (name, field) in fields {
                let schema = &schema["properties"][name];
                assert!(schema.is_object(), "{at}: nobody tells of {name}");
                fits(api, schema, field, &format!("{at} {name}"));
            }
        }
        _ => {}
    }
}

fn properties(api: &Value, schema: &Value) -> Vec<String> {
    let schema = schema["$ref"].as_str().and_then(|name| api.pointer(name.trim_start_matches('#'))).unwrap_or(schema);
    let nested = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| properties(api, part));
    nested.chain(schema["properties"].as_object().into_iter().flat_map(|all| all.keys().cloned())).collect()
}

/// Property-based requests of other people's making. `.ci/run` puts the program there.
#[test]
#[ignore = "wants target/schemathesis"]
fn schemathesis_finds_nothing() {
    let edges = Edges::start();
    let (scene, server) = set_up(&edges);
    let token = format!("Authorization: Bearer {}", local_token(scene.admin).unwrap());
    let program = std::env::var_os("SCHEMATHESIS").expect("SCHEMATHESIS names the program, as .ci/run does");
    let url = format!("http://{}/api/v1/openapi.json", scene.admin);
    let mut command = system(program.to_str().unwrap());
    command.args(["run", &url, "--header", &token, "--exclude-path", "/api/v1/events", "--max-examples", "20"]);
    // That a name is one, or that a reason says something, is no matter of a schema: such requests may be refused.
    command.args([
        "--exclude-checks",
        "unsupported_method,positive_data_acceptance",
        "--seed",
        "7",
        "--rate-limit",
        "100/s",
    ]);
    let output = command.current_dir(scene.path()).output().unwrap();
    let words = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
    assert!(server.status("/readyz") == Some(200), "{words}");
}
