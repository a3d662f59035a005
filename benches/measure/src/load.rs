//! A closed window of questions over several sockets, from one core: asks anew as soon as an answer is there.
//!
//! Every answer is matched by id and looked at for its RCODE and number of records, so that nobody wins by refusing. It spins
//! and never sleeps: waking it would cost the server time.

use crate::Failure;
use crate::answer::Glance;
use crate::mix::{self, Random, Template};
use crate::sys::{Batch, Peers, pin, roomy};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Sockets, each a flow of its own.
const SOCKETS: usize = 8;
/// Questions of one socket that wait: 256 in all.
const WINDOW: usize = 32;
/// A question that waited so long is lost.
const LOST_AFTER: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Whom to ask.
    server: SocketAddr,
    /// What to ask: a file of `NAME TYPE [edns] [ecs] [nxdomain]` lines.
    #[arg(long)]
    mix: PathBuf,
    /// Over how many domains `{n}` goes.
    #[arg(long, default_value_t = 1)]
    domains: u32,
    /// The server is an echo, so its answers are not looked at.
    #[arg(long)]
    echo: bool,
    /// For how long.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// The core to run on.
    #[arg(long, default_value_t = 1)]
    core: usize,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    pin(options.core)?;
    let templates = mix::parse(&std::fs::read_to_string(&options.mix)?)?;
    let mut load = Load::new(options.server, templates, options.domains, options.echo)?;
    let counts = load.run(Duration::from_secs_f64(options.seconds))?;
    println!("{:.0} answers a second, {} lost, {} wrong", counts.rate(), counts.lost, counts.wrong);
    Ok(())
}

/// What became of the questions.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Counts {
    /// Answers as they should be at a glance.
    pub(crate) right: u64,
    /// Other answers.
    pub(crate) wrong: u64,
    /// Questions without an answer.
    pub(crate) lost: u64,
    /// From the first question to the last answer.
    pub(crate) took: Duration,
}

impl Counts {
    /// Right answers a second.
    pub(crate) fn rate(&self) -> f64 {
        self.right as f64 / self.took.as_secs_f64()
    }
}

/// Load for one server.
pub(crate) struct Load {
    flows: Vec<Flow>,
    templates: Vec<Template>,
    domains: u32,
    echo: bool,
    random: Random,
    next: usize,
    answers: Batch,
    questions: Batch,
}

/// A socket with the questions that wait on it.
struct Flow {
    socket: UdpSocket,
    slots: [Slot; WINDOW],
    free: Vec<usize>,
}

/// A place in the window.
#[derive(Clone, Copy, Default)]
struct Slot {
    /// The id that waits; the slot's number is in its lowest bits, and no id comes again soon.
    id: u16,
    template: u16,
    waits: bool,
    /// Milliseconds since the start of the run.
    asked: u32,
}

impl Load {
    /// Opens the sockets.
    pub(crate) fn new(server: SocketAddr, templates: Vec<Template>, domains: u32, echo: bool) -> io::Result<Self> {
        let flow = |_| {
            let socket = UdpSocket::bind(SocketAddr::new(server.ip(), 0))?;
            roomy(&socket)?;
            socket.connect(server)?;
            let slots = std::array::from_fn(|i| Slot { id: i as u16, ..Slot::default() });
            Ok(Flow { socket, slots, free: (0..WINDOW).collect() })
        };
        let flows = (0..SOCKETS).map(flow).collect::<io::Result<_>>()?;
        let [answers, questions] = [(); 2].map(|()| Batch::new(WINDOW, Peers::Connected));
        let random = Random::new(0x9e37_79b9_7f4a_7c15);
        Ok(Self { flows, templates, domains, echo, random, next: 0, answers, questions })
    }

    /// Asks for so long, then waits for what is still asked.
    pub(crate) fn run(&mut self, duration: Duration) -> io::Result<Counts> {
        let mut counts = Counts::default();
        let began = Instant::now();
        loop {
            let elapsed = began.elapsed();
            let now = elapsed.as_millis() as u32;
            let (mut heard, mut waiting) = (0, 0);
            for flow in 0..SOCKETS {
                heard += self.take(flow, &mut counts)?;
                if elapsed < duration {
                    self.ask(flow, now)?;
                }
                waiting += WINDOW - self.flows[flow].free.len();
            }
            if heard > 0 {
                counts.took = began.elapsed();
            } else if waiting == 0 && elapsed >= duration {
                return Ok(counts);
            } else {
                counts.lost += self.flows.iter_mut().map(|flow| flow.give_up(now)).sum::<u64>();
            }
        }
    }

    /// Takes the answers that are there; returns how many.
    fn take(&mut self, flow: usize, counts: &mut Counts) -> io::Result<usize> {
        let flow = &mut self.flows[flow];
        let count = self.answers.receive(&flow.socket, WINDOW, false)?;
        for i in 0..count {
            let answer = Glance::at(self.answers.received(i));
            let slot = usize::from(answer.id) % WINDOW;
            let Slot { id, template, waits, .. } = flow.slots[slot];
            if !waits || id != answer.id {
                // It came after it was given up for lost.
                continue;
            }
            flow.slots[slot].waits = false;
            flow.free.push(slot);
            let right = self.echo || answer.is_right_for(&self.templates[usize::from(template)]);
            *(if right { &mut counts.right } else { &mut counts.wrong }) += 1;
        }
        Ok(count)
    }

    /// Fills the window.
    fn ask(&mut self, flow: usize, now: u32) -> io::Result<()> {
        let flow = &mut self.flows[flow];
        let mut count = 0;
        while let Some(slot) = flow.free.pop() {
            let id = flow.slots[slot].id.wrapping_add(WINDOW as u16);
            let template = self.next % self.templates.len();
            self.next += 1;
            let room = self.questions.room(count);
            let length = self.templates[template].write(room, id, self.domains, &mut self.random);
            self.questions.set_length(count, length);
            flow.slots[slot] = Slot { id, template: template as u16, waits: true, asked: now };
            count += 1;
        }
        if count > 0 {
            // What a full buffer refuses counts as lost.
            self.questions.send(&flow.socket, count)?;
        }
        Ok(())
    }
}

impl Flow {
    /// Frees the places of questions that waited too long; returns how many.
    fn give_up(&mut self, now: u32) -> u64 {
        let mut lost = 0;
        for (i, slot) in self.slots.iter_mut().enumerate() {
            if slot.waits && now.saturating_sub(slot.asked) > LOST_AFTER.as_millis() as u32 {
                slot.waits = false;
                self.free.push(i);
                lost += 1;
            }
        }
        lost
    }
}
