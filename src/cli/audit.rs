//! `edgesteer audit`: proves that the trail on a disk is whole, and shows the last lines of a running server's.

use super::progress::Progress;
use super::reach::Reach;
use super::told::happened;
use super::{complain, count, say, try_say};
use clap::Subcommand;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Between two looks.
const GLANCE: Duration = Duration::from_secs(1);
/// Lines of one look where the trail is followed.
const FOLLOWED: usize = 1000;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Prove that no line was changed, taken out or put in. Exit code 1 names the first that was.
    Verify {
        /// The state directory, or one file of the trail.
        #[arg(value_name = "DIR|FILE")]
        path: PathBuf,
    },
    /// Show the last lines of a running server's trail.
    Tail(Tail),
}

/// What `edgesteer audit tail` is told.
#[derive(Debug, clap::Args)]
pub(super) struct Tail {
    /// How many lines, 1 to 1000.
    #[arg(short = 'n', long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=1000))]
    lines: u16,
    /// Go on with what is written from now on.
    #[arg(short, long)]
    follow: bool,
    /// Print each line as it stands in the trail, which is JSON.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Reach,
}

pub(super) fn run(command: &Command) -> ExitCode {
    match command {
        Command::Verify { path } => verify(path),
        Command::Tail(tail) => tail.run(),
    }
}

impl Tail {
    fn run(&self) -> ExitCode {
        let mut last = match self.look(0, self.lines.into()) {
            Ok(last) => last,
            Err(code) => return code,
        };
        if !self.follow {
            return ExitCode::SUCCESS;
        }
        loop {
            std::thread::sleep(GLANCE);
            last = match self.look(last, FOLLOWED) {
                Ok(last) => last,
                Err(code) => return code,
            };
        }
    }

    /// Prints lines after a number; returns that of the last line that there is. Where nobody reads any more, that is the end of it.
    fn look(&self, after: u64, most: usize) -> Result<u64, ExitCode> {
        let told = self.server.json(&format!("/api/v1/audit?after={after}&limit={most}"))?;
        let lines = told["lines"].as_array().map_or(&[][..], Vec::as_slice);
        let first = lines.first().and_then(|line| line["line"].as_u64());
        if let Some(missing) = first.filter(|_| after > 0).and_then(|first| first.checked_sub(after + 1))
            && missing > 0
        {
            complain(&format!(
                "{} went by too fast; they are in the server's state_dir",
                count(missing as usize, "line")
            ));
        }
        let mut words = lines.iter().map(|line| if self.json { line.to_string() } else { words(line) });
        words.try_for_each(|line| try_say(&line)).map_err(|_| ExitCode::SUCCESS)?;
        Ok(told["newest"].as_u64().unwrap_or(after))
    }
}

/// A line for people: its number, when, what, and the words that tell it.
fn words(line: &Value) -> String {
    let time = line["time"].as_str().unwrap_or("-");
    format!("{} {time} {}", line["line"], happened(line))
}

fn verify(path: &Path) -> ExitCode {
    let shown = Progress::of(format!("reading {}", path.display()));
    let verified = crate::audit::verify(path);
    drop(shown);
    match verified {
        Ok(trail) => {
            let lines = usize::try_from(trail.lines).unwrap_or(usize::MAX);
            say(&format!("{}: whole; {} in {}", path.display(), count(lines, "line"), count(trail.files, "file")));
            match trail.first {
                Some(1) | None => {}
                Some(first) => say(&format!("it begins at line {first}: what was before is in files that are gone")),
            }
            if trail.lines > 0 {
                say(&format!(
                    "seal of the last line: {}; note it elsewhere to prove that nothing was cut off",
                    trail.seal
                ));
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}
