//! `edgesteer demo` at its console. It has fixed addresses for its pools, so there is one test.

use crate::common::dns::{self, RecordType as T, from_subnet, question};
use crate::common::server::edgesteer;
use crate::common::{GENEROUS, eventually, fresh_address};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};

struct Console {
    child: Child,
    input: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Console {
    fn start(arguments: &[&str]) -> Self {
        let mut command = edgesteer();
        command.arg("demo").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(output).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, input, lines, seen: Vec::new() }
    }

    fn type_line(&mut self, line: &str) {
        writeln!(self.input, "{line}").unwrap();
    }

    /// Reads on until a line contains `text`.
    fn expect(&mut self, text: &str) {
        let mut found = false;
        while !found {
            match self.lines.recv_timeout(GENEROUS) {
                Ok(line) => {
                    found = line.contains(text);
                    self.seen.push(line);
                }
                Err(error) => panic!("{text:?} is missing: {error}"),
            }
        }
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        // It has ended already where the test passed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            self.seen.extend(self.lines.iter());
            eprintln!("--- the console\n{}", self.seen.join("\n"));
        }
    }
}

/// Waits for its turn, where another demo runs on this host.
fn wait_for_the_pools_addresses() {
    for address in ["127.0.1.10:5061", "127.0.2.10:5061"] {
        eventually(&format!("{address} is free"), || TcpListener::bind(address).ok());
    }
}

#[test]
fn the_demo_moves_partners_away_from_a_broken_pool_and_ends_on_quit() {
    wait_for_the_pools_addresses();
    let listen = fresh_address();
    let admin = fresh_address().to_string();
    let mut console = Console::start(&["--listen", &listen.to_string(), "--admin", &admin]);
    console.expect("edgesteer demo:");
    console.expect("seoul");
    console.expect(&format!("dig @{} -p {}", listen.ip(), listen.port()));
    console.expect(&format!("curl http://{admin}/metrics"));
    let korean = || {
        let question = from_subnet(question("sip.contoso.example", T::A), "168.126.63.0/24");
        dns::addresses(&dns::ask(listen, &question)).into_iter().next().unwrap().to_string()
    };
    assert_eq!(korean(), "127.0.1.10");

    console.type_line("nonsense");
    console.expect("? nonsense");
    console.type_line("break seoul");
    console.expect("seoul (127.0.1.10:5061) is down");
    console.expect("partners nearest to seoul are now told dublin, not seoul");
    assert_eq!(korean(), "127.0.2.10");

    console.type_line("mend seoul");
    console.expect("seoul (127.0.1.10:5061) is up");
    console.expect("partners nearest to seoul are now told seoul, not dublin");
    assert_eq!(korean(), "127.0.1.10");

    console.type_line("quit");
    let status = eventually("the demo ends", || console.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));

    // With its input open and nothing typed, a signal ends it too.
    let mut console = Console::start(&["--listen", &listen.to_string(), "--admin", &admin]);
    console.expect("edgesteer demo:");
    rustix::process::kill_process(rustix::process::Pid::from_child(&console.child), rustix::process::Signal::TERM)
        .unwrap();
    let status = eventually("the demo ends", || console.child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
}
