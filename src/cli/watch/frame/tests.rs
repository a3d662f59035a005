use super::*;
use serde_json::json;

/// 2026-11-29T22:41:07Z.
const NOW: u64 = 1_795_992_067;
const WIDE: Size = Size { columns: 100, rows: 40 };

fn endpoint(address: &str, state: &str) -> Value {
    json!({ "address": address, "state": state, "held": null })
}

fn pool(name: &str, state: &str, endpoints: &[Value]) -> Value {
    json!({
        "pool": name, "state": state, "held": null, "waits_for_failback": false, "damped": false, "canary": false,
        "suspect": false, "endpoints": endpoints,
    })
}

fn choice(region: &str, pools: &[&str], basis: &str) -> Value {
    json!({ "region": region, "pools": pools, "basis": basis })
}

fn target(address: &str, state: &str, since: Option<u64>, why: Option<&str>) -> Value {
    json!({ "address": address, "check": "sip", "state": state, "since": since, "why": why })
}

/// Two pools of one endpoint each, in these states.
fn status([seoul, dublin]: [&str; 2], choices: &[Value]) -> Value {
    let why = |state: &str| (state == "down").then_some("connection refused");
    let since = |state: &str| (state != "unknown").then_some(NOW - 75);
    json!({
        "version": "1.2.3", "generation": 7, "ready": true, "remarks": [], "holds": [],
        "services": [{
            "service": "federation",
            "choices": choices,
            "pools": [
                pool("seoul", seoul, &[endpoint("192.0.2.10", seoul)]),
                pool("dublin", dublin, &[endpoint("198.51.100.10", dublin)]),
            ],
        }],
        "services_left_out": 0,
        "targets": [
            target("192.0.2.10:5061", seoul, since(seoul), why(seoul)),
            target("198.51.100.10:5061", dublin, since(dublin), why(dublin)),
        ],
        "targets_left_out": 0,
    })
}

fn all_well() -> Value {
    let choices =
        [choice("seoul>dublin", &["seoul"], "proven alive"), choice("dublin>seoul", &["dublin"], "proven alive")];
    status(["up", "up"], &choices)
}

fn seoul_lost() -> Value {
    let choices = ["seoul>dublin", "dublin>seoul"].map(|region| choice(region, &["dublin"], "proven alive"));
    status(["down", "up"], &choices)
}

fn failover() -> Vec<Value> {
    let at = (NOW - 75) * 1000;
    vec![
        json!({ "id": 1, "at": at - 86_400_000, "what": "reload", "reason": "taken over", "detail": {} }),
        json!({ "id": 2, "at": at, "what": "verdict", "reason": "connection refused",
                "detail": { "address": "192.0.2.10:5061", "state": "down" } }),
        json!({ "id": 3, "at": at, "what": "publish", "reason": "the services named say something else", "detail": {} }),
        json!({ "id": 4, "at": at, "what": "move", "reason": "the nearest pool that may be used is another",
                "detail": { "service": "federation", "from": ["seoul"], "to": ["dublin"] } }),
    ]
}

fn picture(status: Value, events: Vec<Value>) -> Picture {
    let mut picture = Picture::of("127.0.0.1:9153".to_owned());
    picture.renew(Sight { status, events, at: NOW });
    picture
}

/// The lines of a picture, which must be as these.
fn shows(picture: &Picture, size: Size, expected: &str) {
    let frame = picture.frame(Style::Plain, size);
    assert!(frame.len() <= size.rows, "{} rows of {}", frame.len(), size.rows);
    assert!(frame.iter().all(|line| line.chars().count() <= size.columns), "{frame:#?}");
    let frame = frame.join("\n");
    assert_eq!(frame, expected.trim_matches('\n'), "it shows:\n{frame}\n");
}

#[test]
fn all_is_well() {
    shows(
        &picture(all_well(), Vec::new()),
        WIDE,
        "
edgesteer 1.2.3, generation 7, ready

service federation
  seoul>dublin                 -> seoul (proven alive)
  dublin>seoul                 -> dublin (proven alive)
    seoul                up
      192.0.2.10                   up
    dublin               up
      198.51.100.10                up

targets
  192.0.2.10:5061                sip     up  for 1m 15s
  198.51.100.10:5061             sip     up  for 1m 15s

last events
  none yet

127.0.0.1:9153 at 22:41:07Z; q ends this
",
    );
}

#[test]
fn a_pool_is_lost() {
    shows(
        &picture(seoul_lost(), failover()),
        WIDE,
        "
edgesteer 1.2.3, generation 7, ready

service federation
  seoul>dublin                 -> dublin (proven alive)
  dublin>seoul                 -> dublin (proven alive)
    seoul                down
      192.0.2.10                   down
    dublin               up
      198.51.100.10                up

targets
  192.0.2.10:5061                sip     down  for 1m 15s  connection refused
  198.51.100.10:5061             sip     up  for 1m 15s

last events
  2026-11-28T22:39:52Z reload: taken over
  22:39:52Z verdict 192.0.2.10:5061 down: connection refused
  22:39:52Z move federation: seoul -> dublin: the nearest pool that may be used is another

127.0.0.1:9153 at 22:41:07Z; q ends this
",
    );
}

#[test]
fn it_doubts_itself_and_pools_are_held() {
    let mut status = seoul_lost();
    status["remarks"] = json!(["self-doubt, verdicts stay as they are: no reference answers"]);
    let hold =
        |subject: &str, state: &str, until: Option<u64>, named: bool, named_until: Option<u64>, applies: bool| {
            json!({ "subject": subject, "state": state, "until": until, "author": "kim", "reason": "patch night",
                "named": named, "named_until": named_until, "applies": applies })
        };
    status["holds"] = json!([
        hold("dublin", "drain", Some(NOW + 7200), true, None, true),
        hold("seoul", "down", None, false, Some(NOW + 30), true),
        hold("busan", "up", None, false, None, false),
    ]);
    let pools = &mut status["services"][0]["pools"];
    pools[0]["held"] = "down".into();
    pools[0]["waits_for_failback"] = true.into();
    pools[1]["held"] = "drain".into();
    pools[1]["suspect"] = true.into();
    pools[1]["endpoints"][0]["held"] = "drain".into();
    shows(
        &picture(status, Vec::new()),
        WIDE,
        "
edgesteer 1.2.3, generation 7, ready
! self-doubt, verdicts stay as they are: no reference answers
HELD dublin drain for 2h, by kim: patch night; answers still name it, since nothing else is live
HELD seoul down until released, by kim: patch night; the last answer that named it expires in 30s
HELD busan up until released (not in the configuration), by kim: patch night

service federation
  seoul>dublin                 -> dublin (proven alive)
  dublin>seoul                 -> dublin (proven alive)
    seoul                down  held down  waits for its failback
      192.0.2.10                   down
    dublin               up  held drain  suspect: failing probes are being confirmed
      198.51.100.10                up  held drain

targets
  192.0.2.10:5061                sip     down  for 1m 15s  connection refused
  198.51.100.10:5061             sip     up  for 1m 15s

last events
  none yet

127.0.0.1:9153 at 22:41:07Z; q ends this
",
    );
}

#[test]
fn nothing_is_known_yet() {
    let mut status = status(["unknown", "unknown"], &[choice("seoul>dublin", &[], "every pool is down: nodata")]);
    status["ready"] = false.into();
    status["remarks"] = json!(["the first round of probes has not ended"]);
    shows(
        &picture(status, Vec::new()),
        WIDE,
        "
edgesteer 1.2.3, generation 7, NOT READY
! the first round of probes has not ended

service federation
  seoul>dublin                 -> no pool (every pool is down: nodata)
    seoul                unknown
      192.0.2.10                   unknown
    dublin               unknown
      198.51.100.10                unknown

targets
  192.0.2.10:5061                sip     unknown
  198.51.100.10:5061             sip     unknown

last events
  none yet

127.0.0.1:9153 at 22:41:07Z; q ends this
",
    );
}

#[test]
fn a_small_terminal_shows_what_is_not_well_and_what_happened_last() {
    let mut picture = picture(seoul_lost(), failover());
    let small = Size { columns: 40, rows: 18 };
    shows(
        &picture,
        small,
        "
edgesteer 1.2.3, generation 7, ready

service federation
  seoul>dublin                 -> dubli…
  dublin>seoul                 -> dubli…
    seoul                down
      192.0.2.10                   down
    dublin               up

targets
... 2 more lines: `edgesteer status` sh…

last events
  2026-11-28T22:39:52Z reload: taken ov…
  22:39:52Z verdict 192.0.2.10:5061 dow…
  22:39:52Z move federation: seoul -> d…

127.0.0.1:9153 at 22:41:07Z; q ends this
",
    );
    picture.lost = Some("no answer from 127.0.0.1:9153 for 3s: connection refused".to_owned());
    shows(
        &picture,
        Size { columns: 70, rows: 8 },
        "
edgesteer 1.2.3, generation 7, ready

service federation
  seoul>dublin                 -> dublin (proven alive)
  dublin>seoul                 -> dublin (proven alive)
... 7 more lines: `edgesteer status` shows all

this is from 22:41:07Z: no answer from 127.0.0.1:9153 for 3s: connect…
",
    );
}

#[test]
fn of_many_targets_those_that_are_well_are_a_number() {
    let mut status = all_well();
    let well = (1..=200).map(|i| target(&format!("192.0.2.{i}:5061"), "up", Some(NOW), None));
    let lost = target("203.0.113.7:5061", "down", Some(NOW - 5), Some("within 2s"));
    status["targets"] = well.chain([lost]).collect();
    status["targets_left_out"] = 9.into();
    let frame = picture(status, failover()).frame(Style::Plain, WIDE).join("\n");
    let expected = "targets\n  203.0.113.7:5061               sip     down  for 5s  within 2s\n  200 are up\nand 9 more target(s)\n";
    assert!(frame.contains(expected) && frame.contains("move federation"), "{frame}");
}

#[test]
fn only_the_newest_events_stay() {
    let event =
        |id: u64| json!({ "id": id, "at": NOW * 1000, "what": "reload", "reason": format!("the {id}."), "detail": {} });
    let mut picture = picture(all_well(), (0..50).map(event).collect());
    picture.renew(Sight { status: all_well(), events: vec![event(50)], at: NOW });
    let frame = picture.frame(Style::Plain, WIDE).join("\n");
    let told: Vec<_> = frame.split("reload: the ").skip(1).filter_map(|rest| rest.split('.').next()).collect();
    assert_eq!(told, ["41", "42", "43", "44", "45", "46", "47", "48", "49", "50"]);
}

#[test]
fn no_size_is_too_small() {
    let picture = picture(seoul_lost(), failover());
    for (columns, rows) in (1..60).flat_map(|columns| (1..30).map(move |rows| (columns, rows))) {
        for style in [Style::Plain, Style::Coloured] {
            let frame = picture.frame(style, Size { columns, rows });
            assert!(frame.len() <= rows, "{} rows of {rows}: {frame:#?}", frame.len());
            for line in &frame {
                let seen = characters(line).filter(|(_, is_seen)| *is_seen).count();
                assert!(seen <= columns, "{seen} columns of {columns}: {line:?}");
                assert!(!line.contains('\x1b') || line.contains("\x1b[0m"), "a colour that does not end: {line:?}");
            }
        }
    }
}

#[test]
fn colours_say_what_words_say() {
    let picture = picture(seoul_lost(), failover());
    let [plain, coloured] = [Style::Plain, Style::Coloured].map(|style| picture.frame(style, WIDE));
    let bare = |line: &String| characters(line).filter(|(_, is_seen)| *is_seen).map(|(c, _)| c).collect::<String>();
    assert_eq!(coloured.iter().map(bare).collect::<Vec<_>>(), plain);
    let coloured = coloured.join("\n");
    assert!(coloured.contains("\x1b[1;31mdown\x1b[0m") && coloured.contains("\x1b[32mup\x1b[0m"), "{coloured:?}");
    assert!(plain.iter().all(|line| !line.contains('\x1b')));
}
