//! What is really so: how each address behaves, what lies between it and us, and what it was seen to answer.
//!
//! Each thread has one such world at a time: the prober's script and the clock that may be set are plain functions, and all that asks
//! them runs on the thread of its history.

use crate::Tally;
use crate::luck::Luck;
use crate::worlds::REFERENCE;
use edgesteer::health::{FailureClass, Outcome};
use edgesteer::topology::TargetSpec;
use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How one address behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It answers within milliseconds.
    Well,
    /// Its port is closed.
    Refusing,
    /// It swallows packets.
    Silent,
    /// It answers after so many milliseconds.
    Slow(u64),
    /// It says that what is behind it is gone.
    Degraded,
    /// So many of a hundred probes fail.
    Lossy(usize),
    /// It is well and dead in turns of so many seconds.
    Flapping(u64),
    /// What is told of it is too old.
    Forgotten,
}

impl Mood {
    pub(crate) fn any(luck: &mut Luck) -> Self {
        match luck.below(12) {
            0..3 => Self::Well,
            3..5 => Self::Refusing,
            5..7 => Self::Silent,
            7 => Self::Slow(luck.of(&[300, 900, 1500, 3000])),
            8 => Self::Degraded,
            9 => Self::Lossy(luck.of(&[10, 30, 60, 90])),
            10 => Self::Flapping(luck.of(&[1, 3, 7, 20])),
            _ => Self::Forgotten,
        }
    }
}

/// What a probe will find for as long as nothing changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    Alive,
    Dead,
    /// It depends.
    Open,
}

/// What a probe found, as the laws need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Pass,
    Degraded,
    Fail,
    Stale,
    /// It could not be sent.
    Nothing,
}

#[derive(Clone, Debug)]
struct Edge {
    mood: Mood,
    /// Since when a probe finds what it finds.
    since: Instant,
}

/// The world of one history.
pub(crate) struct Edges {
    luck: Luck,
    began: Instant,
    edges: HashMap<IpAddr, Edge>,
    cut_off: bool,
    parted: Option<IpAddr>,
    choked: bool,
    /// By how many seconds the clock on the wall was set.
    set: i64,
    seen: HashMap<TargetSpec, VecDeque<Seen>>,
    pub(crate) tally: Tally,
}

/// One probe: when it began and ended, and what it found.
type Seen = (Instant, Instant, Found);

/// How many of its last probes are remembered of each target: more than any threshold.
const SEEN: usize = 12;
/// Seconds since 1970 when a history begins.
const EPOCH: u64 = 1_700_000_000;

thread_local! {
    static EDGES: RefCell<Option<Edges>> = const { RefCell::new(None) };
}

/// Looks at the world of this thread's history, or changes it.
pub(crate) fn with<T>(act: impl FnOnce(&mut Edges) -> T) -> T {
    EDGES.with_borrow_mut(|edges| act(edges.as_mut().expect("a history has a world")))
}

pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The clock that may be set.
pub(crate) fn wall() -> u64 {
    with(|edges| {
        let runs = (now() - edges.began).as_secs();
        (EPOCH + runs).saturating_add_signed(edges.set)
    })
}

/// What a probe finds, and how long it takes.
pub(crate) fn script(target: &TargetSpec) -> (Outcome, Duration) {
    with(|edges| {
        let (outcome, took) = edges.probe(target);
        let found = match &outcome {
            Outcome::Pass => Found::Pass,
            Outcome::Degraded(_) => Found::Degraded,
            Outcome::Stale(_) => Found::Stale,
            Outcome::Fail(_) if !outcome.is_evidence() => Found::Nothing,
            Outcome::Fail(_) => Found::Fail,
        };
        *edges.tally.entry("probe").or_default() += 1;
        // What could not be sent says nothing, and a row of others goes on.
        if found == Found::Nothing {
            return (outcome, took);
        }
        if !edges.seen.contains_key(target) {
            edges.seen.insert(target.clone(), VecDeque::new());
        }
        let seen = edges.seen.get_mut(target).unwrap();
        seen.push_back((now(), now() + took, found));
        while seen.len() > SEEN {
            seen.pop_front();
        }
        (outcome, took)
    })
}

impl Edges {
    /// Begins a world in which all is well.
    pub(crate) fn begin(seed: u64) {
        let new = Self {
            luck: Luck(!seed),
            began: now(),
            edges: HashMap::new(),
            cut_off: false,
            parted: None,
            choked: false,
            set: 0,
            seen: HashMap::new(),
            tally: Tally::new(),
        };
        EDGES.set(Some(new));
    }

    fn probe(&mut self, target: &TargetSpec) -> (Outcome, Duration) {
        let ms = Duration::from_millis;
        let quick = ms(1 + self.luck.any() % 20);
        let refused = || (Outcome::fail(FailureClass::Refused, "refused"), quick);
        let silent = || (Outcome::fail(FailureClass::Timeout, "no answer"), target.timeout);
        let ip = target.address.ip();
        if self.choked {
            return (Outcome::fail(FailureClass::Local, "no file"), ms(0));
        }
        if self.cut_off || self.parted == Some(ip) {
            return silent();
        }
        match self.mood(ip) {
            Mood::Well => (Outcome::Pass, quick),
            Mood::Refusing => refused(),
            Mood::Silent => silent(),
            Mood::Slow(after) if ms(after) < target.timeout => (Outcome::Pass, ms(after)),
            Mood::Slow(_) => silent(),
            Mood::Degraded => (Outcome::Degraded("behind it".into()), quick),
            Mood::Lossy(percent) if self.luck.percent(percent) => silent(),
            Mood::Lossy(_) => (Outcome::Pass, quick),
            Mood::Flapping(turn) if ((now() - self.began).as_secs() / turn).is_multiple_of(2) => refused(),
            Mood::Flapping(_) => (Outcome::Pass, quick),
            Mood::Forgotten => (Outcome::Stale("too old".into()), quick),
        }
    }

    fn mood(&self, ip: IpAddr) -> Mood {
        self.edges.get(&ip).map_or(Mood::Well, |edge| edge.mood)
    }

    /// What a target is for as long as nothing changes, and since when.
    pub(crate) fn truth(&self, target: &TargetSpec) -> (Truth, Instant) {
        let ip = target.address.ip();
        let since = self.edges.get(&ip).map_or(self.began, |edge| edge.since);
        // What was under way when it changed may still find what was.
        let under_way = self.seen.get(target).into_iter().flatten().filter(|(began, ..)| *began <= since);
        let since = under_way.map(|(_, ended, _)| *ended).chain([since]).max().unwrap_or(since);
        let truth = match self.mood(ip) {
            _ if self.choked => Truth::Open,
            _ if self.cut_off || self.parted == Some(ip) => Truth::Dead,
            Mood::Well => Truth::Alive,
            Mood::Slow(after) if Duration::from_millis(after) < target.timeout => Truth::Alive,
            Mood::Refusing | Mood::Silent | Mood::Slow(_) => Truth::Dead,
            Mood::Degraded | Mood::Lossy(_) | Mood::Flapping(_) | Mood::Forgotten => Truth::Open,
        };
        (truth, since)
    }

    /// Whether the last `count` probes of a target that said anything found what `is` says.
    pub(crate) fn saw(&self, target: &TargetSpec, count: usize, is: impl Fn(Found) -> bool) -> bool {
        let past = self.seen.get(target).into_iter().flatten().rev();
        let mut said = past.filter(|(_, ended, _)| *ended <= now()).map(|(.., found)| *found);
        (0..count).all(|_| said.next().is_some_and(&is))
    }

    /// What a target's last probes found, for people: how long ago each began and ended.
    pub(crate) fn told(&self, target: &TargetSpec) -> String {
        let ago = |at: &Instant| now().saturating_duration_since(*at).as_secs_f64();
        let seen = self.seen.get(target).into_iter().flatten();
        seen.map(|(began, ended, found)| format!(" {found:?} {:.3}-{:.3}", ago(began), ago(ended))).collect()
    }

    pub(crate) fn set_mood(&mut self, ip: IpAddr, mood: Mood) {
        let what = match mood {
            Mood::Slow(_) => Some("slow edge"),
            Mood::Lossy(_) => Some("lossy edge"),
            _ => None,
        };
        what.into_iter().for_each(|what| *self.tally.entry(what).or_default() += 1);
        self.edges.insert(ip, Edge { mood, since: now() });
    }

    /// Whatever is between all of them and us changed.
    fn begin_anew(&mut self) {
        self.edges.values_mut().for_each(|edge| edge.since = now());
    }

    /// Cuts us off from everything, or not.
    pub(crate) fn cut_off(&mut self, is: bool) {
        self.cut_off = is;
        self.begin_anew();
    }

    /// Cuts us off from one address.
    pub(crate) fn part(&mut self, ip: IpAddr) {
        self.parted = Some(ip);
        self.begin_anew();
    }

    /// Leaves us without files for probes, or not.
    pub(crate) fn choke(&mut self, is: bool) {
        self.choked = is;
        self.begin_anew();
    }

    /// All is well again with these addresses and whatever lies between.
    pub(crate) fn heal(&mut self, all: impl IntoIterator<Item = IpAddr>) {
        (self.cut_off, self.parted, self.choked) = (false, None, false);
        let reference = REFERENCE.parse().unwrap();
        self.begin_anew();
        all.into_iter().chain([reference]).for_each(|ip| self.set_mood(ip, Mood::Well));
    }

    /// Sets the clock on the wall by so many seconds.
    pub(crate) fn set_clock(&mut self, seconds: i64) {
        self.set += seconds;
    }

    /// By how much it was set in all.
    pub(crate) fn clock_is_set(&self) -> i64 {
        self.set
    }
}
