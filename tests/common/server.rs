//! The binary at work.

use super::eventually;
use super::process::Process;
use super::scene::Scene;
use rustix::process::{Pid, Signal};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, ExitStatus, Output};

/// The program under test.
pub(crate) fn edgesteer() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_edgesteer"));
    // What a developer has set must not change what is tested.
    command.env_remove("RUST_LOG");
    command
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    edgesteer().args(arguments).output().unwrap()
}

/// What a command wrote to standard output and standard error.
pub(crate) fn said(output: &Output) -> (String, String) {
    (String::from_utf8(output.stdout.clone()).unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// `edgesteer serve` on a scene.
pub(crate) struct Server {
    process: Process,
    admin: SocketAddr,
}

impl Server {
    /// Starts it on what is written in the scene.
    pub(crate) fn start(scene: &Scene) -> Self {
        Self::start_in(scene, &[])
    }

    /// Starts it with these variables in its environment.
    pub(crate) fn start_in(scene: &Scene, environment: &[(&str, &str)]) -> Self {
        Self::run(scene, edgesteer().envs(environment.iter().copied()), &[], "serve.log")
    }

    /// Starts one that takes over from the one that runs; it logs into a file of its own.
    pub(crate) fn replacing(scene: &Scene, log: &str) -> Self {
        Self::run(scene, &mut edgesteer(), &["--replace"], log)
    }

    /// Runs `serve` by a command that may do something before.
    pub(crate) fn run(scene: &Scene, command: &mut Command, arguments: &[&str], log: &str) -> Self {
        command.arg("serve").arg("--config").arg(scene.config()).args(arguments);
        Self { process: Process::start(command, &scene.path().join(log), ""), admin: scene.admin }
    }

    /// Starts it and waits until it answers.
    pub(crate) fn ready(scene: &Scene) -> Self {
        let mut server = Self::start(scene);
        server.wait_ready();
        server
    }

    /// Waits until it answers questions.
    pub(crate) fn wait_ready(&mut self) {
        self.process.wait_for_log("answering");
        eventually("readyz says 200", || (self.status("/readyz") == Some(200)).then_some(()));
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        self.process.signal(signal);
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.process.wait()
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until it has logged `text`.
    pub(crate) fn wait_for_log(&mut self, text: &str) {
        self.process.wait_for_log(text);
    }

    /// The status of a path of the admin listener; `None` where nobody listens yet.
    pub(crate) fn status(&self, path: &str) -> Option<u16> {
        get(self.admin, path).map(|(status, _)| status)
    }

    /// The value of a metric, named with its labels as Prometheus writes them; `None` where it is absent.
    pub(crate) fn metric(&self, name: &str) -> Option<f64> {
        self.metrics().into_iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    /// Probes so far that did not pass.
    pub(crate) fn failed_probes(&self) -> u64 {
        let failed = |name: &str| name.starts_with("edgesteer_probes_total{") && !name.contains("outcome=\"pass\"");
        self.metrics().iter().filter(|(name, _)| failed(name)).map(|(_, value)| *value as u64).sum()
    }

    fn metrics(&self) -> Vec<(String, f64)> {
        // Tests look more often than one address may.
        let is_served = |answer: &(u16, String)| answer.0 != 429;
        let (status, text) = eventually("metrics are served", || get(self.admin, "/metrics").filter(is_served));
        assert_eq!(status, 200, "{text}");
        let samples = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.rsplit_once(' '));
        samples.map(|(name, value)| (name.to_owned(), value.parse().unwrap())).collect()
    }
}

/// Status and body of an HTTP GET; `None` where nobody listens.
pub(crate) fn get(admin: SocketAddr, path: &str) -> Option<(u16, String)> {
    send(admin, "GET", path, "")
}

/// Status and body of an HTTP request with a JSON body and the token of this machine; `None` where nobody listens.
pub(crate) fn send(admin: SocketAddr, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(admin).ok()?;
    let length = body.len();
    let token = edgesteer::admin::local_token(admin);
    let token = token.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {admin}\r\n{token}Connection: close\r\n");
    write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let status = answer.split(' ').nth(1)?.parse().ok()?;
    let body = answer.split_once("\r\n\r\n")?.1;
    Some((status, body.to_owned()))
}
