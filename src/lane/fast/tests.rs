use super::*;
use crate::config::{Dns, RateLimit};
use crate::lane::settings::Shared;
use crate::lane::tally::Tally;
use crate::limits::{UDP_ANSWER_MAX, UDP_ANSWER_MIN};
use crate::testing::{POOLS, ZONE, lake, service};
use hickory_proto::op::Message;
use prometheus::Registry;
use std::time::Duration;

/// Types.
const A: u8 = 1;
const NS: u8 = 2;
const SRV: u8 = 33;

/// A lane that gives one answer of a class in a second, and of the others something small to every second.
struct Limited {
    fast: Fast,
    now: Now,
    room: Box<[u8; ROOM]>,
}

/// What a question got, in short: "answer", "cut", "badcookie", "nothing", "declined", "declined over".
fn word(said: Said, answer: &[u8]) -> &'static str {
    match said {
        Said::Nothing => "nothing",
        Said::Declined { over: false } => "declined",
        Said::Declined { over: true } => "declined over",
        Said::Answer(_) => {
            let message = Message::from_vec(answer).unwrap();
            let bare = message.answers.len() + message.authorities.len() + message.additionals.len() == 0;
            match (message.metadata.truncation, message.metadata.response_code) {
                (true, ResponseCode::NoError) if bare => "cut",
                (false, ResponseCode::BADCOOKIE) if bare => "badcookie",
                (false, ResponseCode::NoError | ResponseCode::NXDomain | ResponseCode::Refused) => "answer",
                _ => panic!("{message:?}"),
            }
        }
    }
}

impl Limited {
    fn new(slip: u32) -> Self {
        let limit = RateLimit { per_second: 1, slip, exempt: vec!["10.9.0.0/16".parse().unwrap()] };
        Self::of(&service(""), Some(limit))
    }

    fn of(service: &str, rate_limit: Option<RateLimit>) -> Self {
        let lake = lake(&[ZONE, POOLS, service].concat());
        let dns = Dns { rate_limit, ..Dns::default() };
        let tally = Tally::new(&Registry::new()).unwrap();
        let full = Full::new(lake.clone(), tally.clone(), Arc::new(Shared::new(&dns)));
        let fast = Fast::new(&lake, &full, 1, tally.lane());
        let now = Now { uptime: Duration::from_secs(100), ..fast.now() };
        Self { fast, now, room: Box::new([0; ROOM]) }
    }

    fn ask(&mut self, client: &str, question: &[u8]) -> (&'static str, Vec<u8>) {
        let said =
            self.fast.message(question, SocketAddr::new(client.parse().unwrap(), 4000), self.now, &mut self.room);
        let answer = match said {
            Said::Answer(length) => self.room[..length].to_vec(),
            _ => Vec::new(),
        };
        (word(said, &answer), answer)
    }

    fn words(&mut self, client: &str, question: &[u8], times: usize) -> String {
        (0..times).map(|_| self.ask(client, question).0).collect::<Vec<_>>().join(" ")
    }

    fn counted(&self, word: &str) -> u64 {
        let counted = self.fast.counts.read().concat();
        counted.iter().filter(|(known, _)| *known == word).map(|(_, count)| count).sum()
    }
}

/// The question for a name and type of class IN, with a COOKIE option where one is given.
fn question(name: &[u8], kind: u8, cookie: Option<&[u8]>) -> Vec<u8> {
    let opt = cookie.map_or_else(Vec::new, |cookie| {
        let length = cookie.len() as u8;
        [&[0, 0, 41, 4, 208, 0, 0, 0, 0, 0, length + 4, 0, 10, 0, length], cookie].concat()
    });
    let head = [0xab, 0xcd, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(cookie.is_some())];
    [&head, name, &[0, kind, 0, 1], &opt].concat()
}

const SIP: &[u8] = b"\x03siP\x07contoso\x03com\x00";
const APEX: &[u8] = b"\x07contoso\x03com\x00";
const NOBODY: &[u8] = b"\x06nobody\x07contoso\x03com\x00";

#[test]
fn over_the_limit_every_second_client_is_told_to_use_tcp() {
    let mut lane = Limited::new(2);
    let asked = question(SIP, A, None);
    assert_eq!(lane.words("10.0.0.1", &asked, 7), "answer nothing cut nothing cut nothing cut");
    let (_, cut) = (lane.ask("10.0.0.1", &asked), lane.ask("10.0.0.1", &asked).1);
    assert_eq!((&cut[HEADER..], cut[2]), (&asked[HEADER..], 0x87), "the question, AA and TC");
    assert_eq!((lane.counted("slip"), lane.counted("drop")), (4, 4));
    // Another network, another class and an exempt network have limits of their own, or none.
    assert_eq!(lane.words("10.0.1.1", &asked, 1), "answer");
    assert_eq!(lane.words("10.0.0.9", &question(NOBODY, A, None), 2), "answer nothing");
    assert_eq!(lane.words("10.9.0.1", &asked, 3), "answer answer answer");
    lane.now.uptime += Duration::from_secs(1);
    assert_eq!(lane.words("10.0.0.1", &asked, 2), "answer nothing", "a second later");
}

#[test]
fn without_slip_nobody_over_the_limit_is_told_anything() {
    let mut lane = Limited::new(0);
    assert_eq!(lane.words("10.0.0.1", &question(SIP, A, None), 4), "answer nothing nothing nothing");
}

#[test]
fn over_the_limit_a_cookie_gets_badcookie_and_a_good_one_the_answer() {
    let mut lane = Limited::new(1);
    let (client, stranger) = ("10.0.0.1", "10.0.0.2");
    let asked = question(SIP, A, Some(&[7; 8]));
    assert_eq!(lane.words(client, &asked, 1), "answer");
    let (word, told) = lane.ask(client, &asked);
    assert_eq!((word, told[2] & 0x04), ("badcookie", 0), "no AA");
    let fresh = &told[told.len() - 24..];
    assert_eq!(fresh[..8], [7; 8]);
    let proven = question(SIP, A, Some(fresh));
    assert_eq!(lane.words(client, &proven, 3), "answer answer answer");
    assert_eq!(lane.words(stranger, &proven, 1), "badcookie", "it proves the address that it was given to");
}

#[test]
fn what_is_declined_counts_for_the_same_limit() {
    let mut lane = Limited::new(2);
    let [hot, declined] = [A, NS].map(|kind| question(if kind == A { SIP } else { APEX }, kind, None));
    assert_eq!(lane.words("10.0.0.1", &declined, 4), "declined nothing declined over nothing");
    assert_eq!(lane.words("10.0.0.1", &hot, 2), "cut nothing", "the limit is one");
    assert_eq!(lane.words("10.0.1.1", &hot, 1), "answer");
    assert_eq!(lane.words("10.0.1.1", &declined, 2), "nothing declined over", "the other way about");
    assert_eq!((lane.counted("ns"), lane.counted("drop")), (3, 4), "what is dropped is not handed over");
}

#[test]
fn a_flood_of_what_is_no_question_is_not_handed_over() {
    let mut lane = Limited::new(0);
    let update = [&[0xab, 0xcd, 0x28, 0, 0, 1, 0, 0, 0, 0, 0, 0], APEX, &[0, 6, 0, 1]].concat();
    assert_eq!(lane.words("10.0.0.1", &update, 4), "declined nothing nothing nothing");
    assert_eq!(lane.words("10.0.0.1", &question(SIP, A, None), 1), "answer", "errors are a class of their own");
}

#[test]
fn where_the_other_encoder_decides_what_fits_the_full_lane_answers() {
    // More labels than it remembers in one message, or fewer.
    for (depth, declines) in [(60, true), (20, false)] {
        let domain = "a.".repeat(depth) + "contoso.com";
        let mut lane = Limited::of(&service("").replace("[\"contoso.com\"]", &format!("[\"{domain}\"]")), None);
        let owner = crate::name::Name::parse(&format!("_sipfederationtls._tcp.{domain}")).unwrap();
        for size in (UDP_ANSWER_MIN..=UDP_ANSWER_MAX).step_by(4) {
            let [high, low] = size.to_be_bytes();
            let mut asked = question(owner.wire(), SRV, Some(&[7; 8]));
            let opt = asked.len() - 23;
            asked[opt + 3..opt + 5].copy_from_slice(&[high, low]);
            lane.ask("10.0.0.1", &asked);
        }
        assert_eq!(lane.counted("size") > 0, declines, "{depth}");
        assert!(lane.counted("NOERROR") > 0, "where all fits in any case, it is answered here");
    }
}
