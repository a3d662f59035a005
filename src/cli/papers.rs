//! What packages ship beside the binary: completions of shells, and man pages; both are made from the grammar itself.

use super::{Cli, complain};
use clap::CommandFactory as _;
use std::path::Path;
use std::process::ExitCode;

/// Prints the completions of a shell.
pub(super) fn completions(shell: clap_complete::Shell) -> ExitCode {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "edgesteer", &mut text);
    super::say(String::from_utf8_lossy(&text).trim_end());
    ExitCode::SUCCESS
}

/// Writes a man page for every command, and one of the configuration.
pub(super) fn man(directory: &Path) -> ExitCode {
    let written = std::fs::create_dir_all(directory)
        .and_then(|()| clap_mangen::generate_to(super::codes::explained(Cli::command()), directory))
        .and_then(|()| std::fs::write(directory.join("edgesteer.toml.5"), super::manual::page()));
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("error: {}: {error}; name a directory that you may write to", directory.display()));
            ExitCode::FAILURE
        }
    }
}
