//! Our program by itself, at work on a core of its own, with what is to be asked of it.

use crate::compare::{LOAD_CORE, free_address};
use crate::contestant::Setting;
use crate::mix::{self, Template};
use crate::process::Process;
use crate::{Failure, check, machine, peers, pools, sys};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A server that does not answer rightly by then never will.
pub(crate) const GIVE_UP: Duration = Duration::from_secs(120);

/// The program at work; it ends with this.
pub(crate) struct Ours {
    /// Where its files are.
    pub(crate) directory: TempDir,
    /// Where it answers.
    pub(crate) listen: SocketAddr,
    /// Where its operators look.
    pub(crate) admin: SocketAddr,
    /// It itself.
    pub(crate) process: Process,
    /// What is asked.
    pub(crate) templates: Vec<Template>,
    /// From its start to its first right answers.
    pub(crate) loaded: Duration,
}

impl Ours {
    /// Says what this machine is, and starts the program; the load is to come from this thread.
    pub(crate) fn start(program: &Path, mix: &Path, domains: u32) -> Result<Self, Failure> {
        println!("{}\n", machine::describe());
        sys::pin(LOAD_CORE)?;
        let templates = mix::parse(&std::fs::read_to_string(mix)?)?;
        let directory = tempfile::Builder::new().prefix("edgesteer-measure-").tempdir()?;
        let setting = Setting {
            directory: directory.path().to_owned(),
            listen: free_address()?,
            admin: free_address()?,
            domains,
            probe_port: pools::accept()?,
            database: Path::new(""),
        };
        let Setting { listen, admin, .. } = setting;
        let command = peers::edgesteer(&setting, program)?;
        let began = Instant::now();
        let process = Process::start(command, &directory.path().join("log"))?;
        let mut ours = Self { directory, listen, admin, process, templates, loaded: Duration::ZERO };
        while let Err(why) = check::all(listen, &ours.templates, domains, true) {
            ours.process.must_run()?;
            if began.elapsed() > GIVE_UP {
                return Err(why.into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        ours.loaded = began.elapsed();
        Ok(ours)
    }
}
