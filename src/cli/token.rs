//! `edgesteer token`: makes tokens for the configuration, and shows that of this machine.

use super::{complain, say};
use crate::admin;
use crate::config::Role;
use clap::Subcommand;
use std::net::SocketAddr;
use std::process::ExitCode;

#[derive(Debug, Subcommand)]
pub(super) enum Tokens {
    /// Make a token; it is shown once, with the lines for the configuration, which have only its hash.
    New {
        /// Whose it is: what the audit trail says of orders.
        name: String,
        /// What it is good for.
        #[arg(long, value_parser = ["read", "operate"], default_value = "read")]
        role: String,
    },
    /// Print the token of this machine for the server that runs here as the same user.
    Local {
        /// The server's admin address.
        #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9153")]
        admin: SocketAddr,
    },
}

pub(super) fn run(command: &Tokens) -> ExitCode {
    match command {
        Tokens::New { name, role } => new(name, role),
        Tokens::Local { admin } => local(*admin),
    }
}

fn new(name: &str, role: &str) -> ExitCode {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    if name.is_empty() || !name.chars().all(plain) || name == "local" {
        complain(&format!("error: {name:?} is no name for a token: use letters, digits, - and _, and not \"local\""));
        return ExitCode::from(2);
    }
    let role = Role::WORDS.iter().find(|(word, _)| *word == role).map_or("read", |(word, _)| word);
    match admin::new_token() {
        Ok(token) => {
            complain("The token, which is shown this once; give it as EDGESTEER_TOKEN or --token-file:");
            say(&token);
            complain("For the configuration, taken over by SIGHUP:");
            say(&format!("\n[token.{name}]\nrole   = \"{role}\"\nsha256 = \"{}\"", admin::sha256(&token)));
            ExitCode::SUCCESS
        }
        Err(error) => {
            complain(&format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn local(admin: SocketAddr) -> ExitCode {
    match admin::local_token(admin) {
        Some(token) => {
            say(&token);
            ExitCode::SUCCESS
        }
        None => {
            complain(&format!(
                "error: there is no token of this machine for {admin} that you may read: run this as the user who runs the \
                 server, or as root; the server's log names the file"
            ));
            ExitCode::FAILURE
        }
    }
}
