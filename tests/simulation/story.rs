//! What happens in one history, drawn from its seed.

use crate::Tally;
use crate::edges::{self, Edges, Mood};
use crate::laws::{Ordered, Watch, shown};
use crate::luck::Luck;
use crate::worlds::{self, Family};
use edgesteer::control::{Control, Metrics, Order, Release};
use edgesteer::health::{Grounds, Held, Moment, State, Subject};
use edgesteer::probe::Prober;
use edgesteer::state::{Kept, StateError, Store};
use edgesteer::topology::{TargetSpec, Topology};
use prometheus::Registry;
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;

const STEPS: usize = 20;

/// Tells the history of a seed; panics where a law is broken. Gives how often what happened.
pub(crate) fn tell(seed: u64, aloud: bool) -> Tally {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut story = Story::begin(seed, aloud).await;
        for _ in 0..STEPS {
            story.step().await;
        }
        story.end().await
    })
}

/// Awaits what a real thread does, as a write to the disk: the clock does not run while a blocking task does.
async fn really<T>(what: impl Future<Output = T>) -> T {
    let (done, until) = std::sync::mpsc::channel::<()>();
    let blocking = tokio::task::spawn_blocking(move || until.recv().is_ok());
    let got = what.await;
    drop(done);
    blocking.await.unwrap();
    got
}

struct Story {
    luck: Luck,
    seed: u64,
    aloud: bool,
    family: &'static Family,
    member: usize,
    addresses: BTreeSet<IpAddr>,
    /// Where state is kept, if any is.
    home: Option<tempfile::TempDir>,
    task: JoinHandle<()>,
    watch: Watch,
}

fn grounds() -> Grounds {
    Grounds::new("it is in the story", "the story").unwrap()
}

/// A directory in memory where there is one: what is tried here is not the disk.
fn home() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let builder = tempfile::Builder::new();
    if memory.is_dir() { builder.tempdir_in(memory).unwrap() } else { builder.tempdir().unwrap() }
}

/// Opens the directory; a thread of a process before this one may not have let go of it yet.
fn open(directory: &Path) -> (Store, Kept) {
    loop {
        let now = Moment { at: edges::now(), unix: edges::wall() };
        match Store::open(directory, None, now, &Registry::new()) {
            Ok(opened) => return opened,
            Err(StateError::Locked(_)) => std::thread::yield_now(),
            Err(other) => panic!("{other}"),
        }
    }
}

/// Starts a process.
fn start(topology: Arc<Topology>, kept: (Store, Kept), seed: u64) -> (JoinHandle<()>, Watch) {
    let (observations_in, observations) = tokio::sync::mpsc::channel(64);
    let prober = Prober::scripted(observations_in, edges::script, seed);
    let metrics = Metrics::new(&Registry::new()).unwrap();
    let (control, handle) = Control::by(edges::wall, topology, prober, observations, kept, metrics);
    let events = handle.events();
    (tokio::spawn(control.run()), Watch::new(handle, events, seed))
}

impl Story {
    async fn begin(seed: u64, aloud: bool) -> Self {
        let mut luck = Luck(seed);
        let family = worlds::family(luck.any());
        let member = luck.below(family.len());
        let targets = family.iter().flat_map(|topology| &topology.targets);
        let addresses: BTreeSet<IpAddr> = targets.map(|target| target.address.ip()).collect();
        Edges::begin(seed);
        edges::with(|edges| edges.heal(addresses.clone()));
        let home = luck.percent(25).then(home);
        let kept = home.as_ref().map_or_else(|| (Store::nowhere(), Kept::default()), |home| open(home.path()));
        let (task, watch) = start(family[member].clone(), kept, seed);
        let mut story = Self { luck, seed, aloud, family, member, addresses, home, task, watch };
        let world = shown(&story.family[story.member]);
        story.say(&world);
        story.watch.look(Vec::new()).await;
        story.pass(3000).await;
        story
    }

    fn say(&mut self, what: &str) {
        if self.aloud {
            println!("{:?} {what}", edges::now());
        }
    }

    /// Lets up to so many milliseconds pass. What waits for the disk is written now and then, since its queue is bounded.
    async fn pass(&mut self, most: usize) {
        let mut left = Duration::from_millis(self.luck.below(most) as u64);
        while !left.is_zero() {
            let part = left.min(Duration::from_secs(20));
            self.watch.pass(part).await;
            left -= part;
            if self.home.is_some() && !left.is_zero() {
                really(self.watch.handle.save()).await.unwrap();
            }
        }
    }

    fn address(&mut self) -> IpAddr {
        let all: Vec<IpAddr> = self.addresses.iter().copied().collect();
        self.luck.of(&all)
    }

    fn subject(&mut self) -> Subject {
        let topology = &self.family[self.member];
        let pool = self.luck.below(topology.pools.len());
        let places =
            topology.services.iter().flat_map(|service| &service.pools).filter(|place| place.pool.index() == pool);
        let endpoints: Vec<IpAddr> =
            places.flat_map(|place| &place.endpoints).map(|endpoint| endpoint.address).collect();
        let endpoint = (self.luck.percent(25) && !endpoints.is_empty()).then(|| self.luck.of(&endpoints));
        Subject { pool: topology.pools[pool].name.clone(), endpoint }
    }

    async fn step(&mut self) {
        match self.luck.below(100) {
            0..34 => self.change_one(),
            34..42 => self.change_pool(),
            42..48 => self.heal(),
            48..52 => self.cut_off(),
            52..54 => self.choke().await,
            54..64 => self.hold().await,
            64..69 => self.release().await,
            69..76 => self.reload().await,
            76..78 => self.refused_reload().await,
            78..82 => self.set_clock(),
            82..90 => self.restart().await,
            90..92 => self.pass(120_000).await,
            _ => {}
        }
        self.pass(8000).await;
    }

    fn change_one(&mut self) {
        let (ip, mood) = (self.address(), Mood::any(&mut self.luck));
        self.say(&format!("{ip} is {mood:?}"));
        edges::with(|edges| edges.set_mood(ip, mood));
    }

    /// All of a pool at once, or what leads to one address.
    fn change_pool(&mut self) {
        let (ip, mood) = (self.address(), Mood::any(&mut self.luck));
        if self.luck.percent(30) {
            self.say(&format!("{ip} cannot be reached"));
            return edges::with(|edges| edges.part(ip));
        }
        let second = |ip: &IpAddr| ip.to_string().split('.').nth(1).map(str::to_owned);
        let pool: Vec<IpAddr> = self.addresses.iter().copied().filter(|other| second(other) == second(&ip)).collect();
        self.say(&format!("{pool:?} are {mood:?}"));
        pool.into_iter().for_each(|ip| edges::with(|edges| edges.set_mood(ip, mood)));
    }

    fn heal(&mut self) {
        self.say("all is well");
        edges::with(|edges| edges.heal(self.addresses.clone()));
    }

    fn cut_off(&mut self) {
        self.say("we are cut off");
        self.watch.note("cut off");
        edges::with(|edges| edges.cut_off(true));
    }

    async fn choke(&mut self) {
        self.say("no probe can be sent");
        self.watch.note("no probe can be sent");
        edges::with(|edges| edges.choke(true));
        self.pass(9000).await;
        edges::with(|edges| edges.choke(false));
    }

    async fn hold(&mut self) {
        let subject = self.subject();
        let held = self.luck.of(&[Held::Up, Held::Down, Held::Drain]);
        let length = self.luck.of(&[None, Some(5), Some(40), Some(120)]).map(Duration::from_secs);
        let force = self.luck.percent(50);
        self.say(&format!("hold {subject} {held:?} for {length:?}"));
        let order = Order { subject: subject.clone(), held, length, grounds: grounds(), force };
        let answer = really(self.watch.handle.hold(order)).await.unwrap();
        match answer {
            Ok(done) => {
                assert_eq!(done.kept.is_ok(), self.home.is_some(), "{done:?}");
                assert!(done.forced.is_none() || force);
                let ends = length.map(|length| edges::now() + length);
                let clock = edges::with(|edges| edges.clock_is_set());
                // All are written anew with each order.
                self.watch.holds.values_mut().for_each(|ordered| ordered.clock = clock);
                self.watch.dormant.clear();
                self.watch.holds.insert(subject, Ordered { held, ends, length, clock });
                self.watch.note("hold");
            }
            Err(refusal) => {
                assert!(!force, "{refusal}");
                self.watch.note("hold refused");
            }
        }
        self.watch.look(Vec::new()).await;
    }

    async fn release(&mut self) {
        let held: Vec<Subject> = self.watch.holds.keys().cloned().collect();
        let subject = if held.is_empty() { self.subject() } else { self.luck.of(&held) };
        self.let_go(subject).await;
    }

    async fn let_go(&mut self, subject: Subject) {
        self.say(&format!("release {subject}"));
        let release = Release { subject: subject.clone(), grounds: grounds(), force: true };
        if let Ok(done) = really(self.watch.handle.release(release)).await.unwrap() {
            assert_eq!(done.kept.is_ok(), self.home.is_some(), "{done:?}");
            self.watch.holds.remove(&subject);
            self.watch.dormant.clear();
            self.watch.note("release");
        }
        self.watch.look(Vec::new()).await;
    }

    async fn reload(&mut self) {
        self.member = self.luck.below(self.family.len());
        self.say(&format!("reload: member {}", self.member));
        self.watch.note("reload");
        if self.watch.states().await.values().any(|state| *state == State::Down) {
            self.watch.note("reload in an outage");
        }
        self.watch.handle.replace(self.family[self.member].clone()).await.unwrap();
        self.watch.look(Vec::new()).await;
    }

    async fn refused_reload(&mut self) {
        let before = (self.watch.handle.lake().load(), self.watch.states().await);
        assert!(worlds::broken().contains("edgesteer.toml"));
        let after = (self.watch.handle.lake().load(), self.watch.states().await);
        assert!(Arc::ptr_eq(&before.0, &after.0) && before.1 == after.1, "a reload that fails changes nothing");
        self.watch.note("reload refused");
    }

    fn set_clock(&mut self) {
        let seconds = self.luck.of(&[-86_400, -30, -1, 1, 30, 3600, 86_400 * 400]);
        self.say(&format!("the clock is set by {seconds} s"));
        self.watch.note(if seconds < 0 { "clock set back" } else { "clock set forward" });
        edges::with(|edges| edges.set_clock(seconds));
    }

    /// Stops the process, or kills it, and starts another with what was kept.
    async fn restart(&mut self) {
        let Some(home) = self.home.as_ref().map(|home| home.path().to_owned()) else { return };
        let is_killed = self.luck.percent(50);
        let before = self.watch.states().await;
        if !is_killed {
            really(self.watch.handle.save()).await.unwrap();
        }
        self.say(if is_killed { "killed" } else { "stopped" });
        self.task.abort();
        let _ = (&mut self.task).await;
        if self.luck.percent(25) {
            self.set_clock();
        }
        let (task, watch) = start(self.family[self.member].clone(), open(&home), self.seed);
        let old = std::mem::replace(&mut self.watch, watch);
        self.task = task;
        self.watch.tally = old.tally.clone();
        self.watch.ever = old.ever.clone();
        self.watch.note(if is_killed { "killed and started" } else { "stopped and started" });
        let after = self.watch.states().await;
        if after.values().any(|state| *state != State::Unknown) {
            self.watch.note("started with what was known");
        }
        if !is_killed {
            let same =
                |(spec, state): (&Arc<TargetSpec>, &State)| *state == State::Unknown || before.get(spec) == Some(state);
            assert!(after.iter().all(same), "what is known is what was known: {before:?}, {after:?}");
        }
        self.keep_holds(&old).await;
        self.watch.look(Vec::new()).await;
    }

    /// Every hold that was acknowledged is there, unless its time is over; none is longer than it was made for.
    async fn keep_holds(&mut self, old: &Watch) {
        let now = edges::now();
        let set = edges::with(|edges| edges.clock_is_set());
        let second = Duration::from_secs(1);
        let report = self.watch.handle.report().await.unwrap();
        for (subject, ordered) in &old.holds {
            let found = report.holds.iter().find(|(other, ..)| other == subject).map(|(_, hold, _)| hold);
            let Some(hold) = found else {
                let ended = ordered.ends.is_some_and(|ends| ends <= now + second);
                assert!(ended || (ordered.ends.is_some() && set > ordered.clock), "{subject} was acknowledged");
                self.watch.dormant.insert(subject.clone(), ordered.clone());
                continue;
            };
            assert_eq!((hold.held, hold.ends.is_some()), (ordered.held, ordered.ends.is_some()));
            if let (Some(is), Some(was), Some(length)) = (hold.ends, ordered.ends, ordered.length) {
                assert!(is <= now + length + second, "{subject} is not held for longer than it was made for");
                let apart = is.max(was) - is.min(was);
                assert!(set != ordered.clock || apart <= 2 * second, "{subject} ends {apart:?} from when it did");
            }
            self.watch.holds.insert(subject.clone(), Ordered { ends: hold.ends, ..ordered.clone() });
            self.watch.note("hold kept over a restart");
        }
        for (subject, ordered) in &old.dormant {
            match report.holds.iter().find(|(other, ..)| other == subject) {
                Some((_, hold, _)) if !old.holds.contains_key(subject) => {
                    let is_no_longer = hold.ends <= ordered.length.map(|length| now + length);
                    assert!(hold.held == ordered.held && is_no_longer, "{subject}");
                    self.watch.holds.insert(subject.clone(), Ordered { ends: hold.ends, ..ordered.clone() });
                }
                _ => drop(self.watch.dormant.insert(subject.clone(), ordered.clone())),
            }
        }
    }

    /// All is mended and let go: everybody is sent where they were sent at the beginning.
    async fn end(mut self) -> Tally {
        self.heal();
        self.watch.pass(Duration::from_secs(40)).await;
        for subject in self.watch.holds.keys().cloned().collect::<Vec<_>>() {
            self.let_go(subject).await;
        }
        let pools: Vec<String> = self.family[self.member].pools.iter().map(|pool| pool.name.clone()).collect();
        for pool in pools {
            self.let_go(Subject { pool, endpoint: None }).await;
        }
        let snapshot = self.watch.handle.lake().load();
        for (i, service) in snapshot.topology.services.iter().enumerate() {
            let row = snapshot.row(edgesteer::ids::ServiceId::at(i));
            for (order, pools) in service.orders.list().iter().enumerate() {
                let first = row.choice(order).picks[0].pool;
                assert_eq!(first, usize::from(pools[0]), "{}: the preferred pool is preferred again", service.name);
            }
        }
        self.watch.note("mended and preferred again");
        self.task.abort();
        let _ = self.task.await;
        let mut tally = self.watch.tally;
        edges::with(|edges| std::mem::take(&mut edges.tally))
            .into_iter()
            .for_each(|(what, count)| *tally.entry(what).or_default() += count);
        tally
    }
}
