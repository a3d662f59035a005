//! Very many domains: how long they take to load, and how much memory, also while a changed list is taken over under load.

use crate::load::{Counts, Load};
use crate::ours::{GIVE_UP, Ours};
use crate::process::Process;
use crate::{Failure, check, peers};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Domains that come and go with each reload.
const CHANGED: u32 = 1_000;
/// Load before the state of a reload is looked at again.
const SLICE: Duration = Duration::from_millis(100);
/// After a reload the old world is freed; the next begins when that is done.
const REST: Duration = Duration::from_secs(2);

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many domains.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(2 * i64::from(CHANGED)..10_000_000))]
    domains: u32,
    /// How many reloads, each with another list.
    #[arg(long, default_value_t = 5)]
    reloads: u32,
    /// Fail where it ever holds more memory, MB.
    #[arg(long)]
    most_memory: Option<u64>,
    /// What is asked meanwhile.
    #[arg(long, default_value = "benches/measure/mixes/federation.txt")]
    mix: PathBuf,
    /// Our program.
    #[arg(long, default_value = "target/release/edgesteer")]
    edgesteer: PathBuf,
}

/// Runs the command.
pub(crate) fn run(options: &Options) -> Result<(), Failure> {
    let mut ours = Ours::start(&options.edgesteer, &options.mix, options.domains)?;
    println!(
        "| {} domains | took | peak memory | answers meanwhile | lost | wrong |\n|---|---|---|---|---|---|",
        options.domains
    );
    row("start to first right answers", ours.loaded, &ours.process, &Counts::default());
    bounded(&ours.process, options.most_memory)?;
    let kept = options.domains - CHANGED;
    let mut load = Load::new(ours.listen, ours.templates.clone(), kept, false)?;
    for n in 1..=options.reloads {
        load.run(REST)?;
        // The list's last domains give way to others.
        let newest = options.domains + n * CHANGED;
        let list = peers::domain_list(0..kept) + &peers::domain_list(newest - CHANGED..newest);
        std::fs::write(ours.directory.path().join("domains.txt"), list)?;
        ours.process.forget_peak()?;
        ours.process.hang_up()?;
        let (took, counts) = reload(&mut load, &mut ours, newest)?;
        row(&format!("reload {n}"), took, &ours.process, &counts);
        bounded(&ours.process, options.most_memory)?;
        if counts.wrong > 0 {
            return Err(format!("{} answers were wrong during the reload", counts.wrong).into());
        }
    }
    Ok(())
}

/// Puts load on it until it has taken over the list whose last domain is `newest - 1`.
fn reload(load: &mut Load, ours: &mut Ours, newest: u32) -> Result<(Duration, Counts), Failure> {
    let (began, mut sum) = (Instant::now(), Counts::default());
    loop {
        let counts = load.run(SLICE)?;
        sum = Counts {
            right: sum.right + counts.right,
            wrong: sum.wrong + counts.wrong,
            lost: sum.lost + counts.lost,
            ..sum
        };
        ours.process.must_run()?;
        match check::one(ours.listen, &ours.templates[0], newest - 1) {
            Ok(()) => return Ok((began.elapsed(), sum)),
            Err(why) if began.elapsed() > GIVE_UP => return Err(format!("{why}\n{}", ours.process.log()).into()),
            Err(_) => {}
        }
    }
}

fn bounded(process: &Process, most: Option<u64>) -> Result<(), Failure> {
    let peak = process.peak_memory() / 1_000_000;
    match most {
        Some(most) if peak > most => Err(format!("{peak} MB were held, and {most} MB are the most").into()),
        _ => Ok(()),
    }
}

fn row(what: &str, took: Duration, process: &Process, counts: &Counts) {
    let memory = process.peak_memory() as f64 / 1e6;
    let Counts { right, lost, wrong, .. } = counts;
    println!("| {what} | {:.2} s | {memory:.0} MB | {right} | {lost} | {wrong} |", took.as_secs_f64());
}
