//! `edgesteer watch`: on a terminal, how a running server's pools stand, renewed each second, with what happened last; anywhere
//! else, and with `--json`, what happens, a line for each event.
//!
//! Here: who looks, how often, and what ends it. Not here: what a picture looks like (`frame`), what a terminal is told (`screen`).

use super::reach::{Failure, Reach, in_short};
use super::status::now;
use super::told::happened;
use super::{StopSignals, complain, on_runtime, try_say};
use frame::Picture;
use rustix::process::{Signal as Number, getpid, kill_process};
use screen::Screen;
use serde_json::Value;
use std::io::{self, IsTerminal as _, Read as _};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::{sleep, spawn};
use std::time::{Duration, Instant, UNIX_EPOCH};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{Receiver, Sender, channel};

mod frame;
mod screen;

/// Between two looks.
const GLANCE: Duration = Duration::from_secs(1);
/// For an answer: one that takes longer is told of, and asked for again.
const LOOK: Duration = Duration::from_secs(5);
/// From the first look that failed on, for a server that answered before: one that is restarted is back by then.
const PATIENCE: Duration = Duration::from_secs(10);
/// Events that are told in the beginning, and at most below the table.
const LAST: usize = 10;
/// Events that are asked for in the beginning where not each is shown.
const LAST_OF_ALL: usize = 50;

/// Looks on until it is told to stop, or the server cannot be asked.
pub(super) fn run(server: Reach, json: bool) -> ExitCode {
    let server = Arc::new(server.within(LOOK));
    if json || !io::stdout().is_terminal() {
        return lines(Looker::new(server.clone(), LAST), &server, json);
    }
    on_runtime(async move {
        match Signals::install() {
            Ok(signals) => live(server, signals).await,
            Err(error) => {
                complain(&format!("error: signals cannot be had: {error}"));
                ExitCode::FAILURE
            }
        }
    })
}

/// Tells events as they come.
fn lines(mut looker: Looker, server: &Reach, json: bool) -> ExitCode {
    let mut is_lost = false;
    loop {
        let look = looker.events();
        match looker.judged(look) {
            Seen::News(news) => {
                is_lost = false;
                if news["gap"] == true {
                    complain("some events were not told: the server keeps the last ones alone");
                }
                let events = news["events"].as_array().map_or(&[][..], Vec::as_slice);
                let told = events.iter().map(|event| if json { event.to_string() } else { line(event) });
                // Whoever read this has gone away, as `head`.
                if told.map(|told| try_say(&told)).any(|said| said.is_err()) {
                    return ExitCode::SUCCESS;
                }
            }
            Seen::Lost(why) if !is_lost => {
                is_lost = true;
                complain(&format!("{why}; it is asked again for {}", humantime::format_duration(PATIENCE)));
            }
            Seen::Lost(_) => {}
            Seen::Ended(failure) => return server.failed(failure),
        }
        sleep(GLANCE);
    }
}

/// Draws the picture again and again.
async fn live(server: Arc<Reach>, mut signals: Signals) -> ExitCode {
    let mut sights = watched(Looker::new(server.clone(), LAST_OF_ALL));
    let mut quit = typed();
    let mut picture = Picture::of(server.admin.to_string());
    // Not before there is something to show: an error at once is told where the command was typed.
    let mut screen: Option<Screen> = None;
    loop {
        tokio::select! {
            sight = sights.recv() => match sight {
                Some(Seen::News(sight)) => picture.renew(sight),
                Some(Seen::Lost(why)) => picture.lost = Some(why),
                Some(Seen::Ended(failure)) => {
                    drop(screen);
                    return server.failed(failure);
                }
                // Its thread panicked, which was told.
                None => return ExitCode::FAILURE,
            },
            Some(()) = quit.recv() => return ExitCode::SUCCESS,
            () = signals.stop.received() => return ExitCode::SUCCESS,
            _ = signals.hangup.recv() => return ExitCode::SUCCESS,
            _ = signals.resize.recv() => {}
            _ = signals.pause.recv() => {
                screen = None;
                // Here it stands until somebody lets it go on.
                let _ = kill_process(getpid(), Number::STOP);
            }
        }
        if picture.is_empty() {
            continue;
        }
        let drawn = match &mut screen {
            Some(screen) => Ok(screen),
            None => Screen::enter().map(|entered| screen.insert(entered)),
        };
        if let Err(error) = drawn.and_then(|screen| screen.draw(&picture)) {
            drop(screen);
            complain(&format!("error: the terminal cannot be written to: {error}"));
            return ExitCode::FAILURE;
        }
    }
}

/// An event for people: when, what, and the words that tell it.
fn line(event: &Value) -> String {
    format!("{} {}", when(event), happened(event))
}

/// When an event was, as 2026-11-29T22:41:07Z.
fn when(event: &Value) -> String {
    let at = UNIX_EPOCH + Duration::from_millis(event["at"].as_u64().unwrap_or_default());
    humantime::format_rfc3339_seconds(at).to_string()
}

/// What a look found.
enum Seen<T> {
    News(T),
    /// Not now, and why; it may come back.
    Lost(String),
    /// It never answered, or not for so long that it is given up.
    Ended(Failure),
}

/// What there is to draw.
#[derive(Debug)]
struct Sight {
    status: Value,
    /// What happened since the sight before.
    events: Vec<Value>,
    /// When the status was told, in seconds since 1970.
    at: u64,
}

/// Asks one server again and again.
struct Looker {
    server: Arc<Reach>,
    /// Events that are asked for in the beginning.
    first: usize,
    /// The newest event that is known.
    after: Option<u64>,
    silence: Silence,
}

impl Looker {
    fn new(server: Arc<Reach>, first: usize) -> Self {
        Self { server, first, after: None, silence: Silence::default() }
    }

    /// What happened since the last look; in the beginning, what happened last.
    fn events(&mut self) -> Result<Value, Failure> {
        let since = self.after.map_or(format!("limit={}", self.first), |after| format!("after={after}&limit=1000"));
        let news = self.server.ask("GET", &format!("/api/v1/events/recent?{since}"), "")?;
        // Not `newest`: there may be more than one look tells.
        let last = news["events"].as_array().and_then(|events| events.last()?["id"].as_u64());
        self.after = last.or(news["newest"].as_u64());
        Ok(news)
    }

    /// How it stands, and what happened. The events come last: once they are told, they are not told again.
    fn sight(&mut self) -> Result<Sight, Failure> {
        let status = self.server.ask("GET", "/api/v1/status", "")?;
        let at = now();
        let mut news = self.events()?;
        let events = news["events"].as_array_mut().map(std::mem::take).unwrap_or_default();
        Ok(Sight { status, events, at })
    }

    /// What becomes of a look, which ended just now.
    fn judged<T>(&mut self, look: Result<T, Failure>) -> Seen<T> {
        let now = Instant::now();
        match look {
            Ok(news) => {
                self.silence = Silence::since(now);
                Seen::News(news)
            }
            Err(failure) => match self.silence.goes_on(now) {
                Some(silent) => {
                    let silent = humantime::format_duration(Duration::from_secs(silent.as_secs()));
                    Seen::Lost(format!("no answer from {} for {silent}: {}", self.server.admin, in_short(&failure)))
                }
                None => Seen::Ended(failure),
            },
        }
    }
}

/// How long a server has been silent, and whether it is waited for.
#[derive(Debug, Default)]
struct Silence {
    /// When it answered last; `None` where it never did.
    answered: Option<Instant>,
    /// When the first look after that failed. A look may take long: what it took is none of our patience.
    failing: Option<Instant>,
}

impl Silence {
    /// It answered then.
    fn since(answered: Instant) -> Self {
        Self { answered: Some(answered), failing: None }
    }

    /// A look failed: for how long there was no answer; `None` where the server is given up.
    fn goes_on(&mut self, now: Instant) -> Option<Duration> {
        let failing = *self.failing.get_or_insert(now);
        let answered = self.answered?;
        (now.duration_since(failing) < PATIENCE).then(|| now.duration_since(answered))
    }
}

/// Looks each second, on a thread of its own: an answer may take long, and what is typed meanwhile counts at once.
fn watched(mut looker: Looker) -> Receiver<Seen<Sight>> {
    let (sender, sights) = channel(1);
    spawn(move || {
        loop {
            let look = looker.sight();
            if sender.blocking_send(looker.judged(look)).is_err() {
                return;
            }
            sleep(GLANCE);
        }
    });
    sights
}

/// Tells once "q" is typed. What is typed is read by a thread of its own, which nobody can end and the process takes with it.
fn typed() -> Receiver<()> {
    let (sender, quit) = channel(1);
    if io::stdin().is_terminal() {
        spawn(move || tell_quit(&sender));
    }
    quit
}

fn tell_quit(sender: &Sender<()>) {
    let typed = io::stdin().lock().bytes().map_while(Result::ok);
    if typed.into_iter().any(|octet| octet.eq_ignore_ascii_case(&b'q')) {
        let _ = sender.blocking_send(());
    }
}

/// Signals after which a terminal must be as it was, or is another.
struct Signals {
    stop: StopSignals,
    hangup: Signal,
    resize: Signal,
    pause: Signal,
}

impl Signals {
    fn install() -> io::Result<Self> {
        Ok(Self {
            stop: StopSignals::install()?,
            hangup: signal(SignalKind::hangup())?,
            resize: signal(SignalKind::window_change())?,
            pause: signal(SignalKind::from_raw(Number::TSTP.as_raw()))?,
        })
    }
}

#[cfg(test)]
mod tests;
