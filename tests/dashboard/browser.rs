//! Chromium behind chromedriver: one session, by WebDriver over plain HTTP.

use crate::common::process::{Process, system};
use crate::common::{eventually, free_port};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;

/// A browser with one page; ends with its test.
pub(crate) struct Browser {
    driver: SocketAddr,
    session: String,
    _process: Process,
}

impl Browser {
    /// Starts one with an empty profile in that directory.
    pub(crate) fn start(directory: &Path) -> Self {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let driver = SocketAddr::new(ip, free_port(ip));
        let mut command = system("chromedriver");
        command.arg(format!("--port={}", driver.port()));
        let log = directory.join("chromedriver.log");
        let process = Process::start(&mut command, &log, "install chromium-driver");
        let mut browser = Self { driver, session: String::new(), _process: process };
        eventually("chromedriver listens", || browser.try_send("GET", "/status", &Value::Null).map(drop));
        let profile = format!("--user-data-dir={}", directory.join("profile").display());
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &profile,
        ];
        let wanted = json!({
            // The authority of a test is nobody's.
            "acceptInsecureCerts": true,
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let session = browser.send("POST", "/session", &json!({ "capabilities": { "alwaysMatch": wanted } }));
        browser.session = format!("/session/{}", session["sessionId"].as_str().unwrap());
        browser
    }

    /// Goes to an address.
    pub(crate) fn open(&self, url: &str) {
        self.of_session("POST", "/url", &json!({ "url": url }));
    }

    /// Runs a script in the page, and gives what it returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.of_session("POST", "/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Makes the window as wide as that, and as high as the screen of that width.
    pub(crate) fn size(&self, width: u64) {
        let is_phone = width < 600;
        let metrics = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": is_phone });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// The page as a PNG, from its beginning to its end or to that height.
    pub(crate) fn picture(&self, height: u64) -> Vec<u8> {
        let size = self.run("return [innerWidth, document.documentElement.scrollHeight]");
        let height = height.min(size[1].as_u64().unwrap());
        let clip = json!({ "x": 0, "y": 0, "width": size[0], "height": height, "scale": 1 });
        let asked = json!({ "format": "png", "captureBeyondViewport": true, "clip": clip });
        let told = self.devtools("Page.captureScreenshot", &asked);
        BASE64_STANDARD.decode(told["data"].as_str().unwrap()).unwrap()
    }

    /// A command of Chromium's own protocol.
    fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.of_session("POST", "/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// What the console was told since it was asked last: warnings and errors.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let lines = self.of_session("POST", "/se/log", &json!({ "type": "browser" }));
        lines.as_array().unwrap().iter().map(|line| line["message"].to_string()).collect()
    }

    fn of_session(&self, method: &str, path: &str, body: &Value) -> Value {
        self.send(method, &format!("{}{path}", self.session), body)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Value {
        let value = self.try_send(method, path, body).unwrap_or_else(|| panic!("no answer to {method} {path}"));
        assert!(value["error"].is_null(), "{method} {path}: {value}");
        value
    }

    fn try_send(&self, method: &str, path: &str, body: &Value) -> Option<Value> {
        let mut stream = TcpStream::connect(self.driver).ok()?;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.driver);
        write!(stream, "{head}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).ok()?;
        // chromedriver keeps the connection whatever it is told, so the length says where its answer ends.
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            match line.trim_end().split_once(':') {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.trim().parse().ok()?
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).ok()?;
        Some(serde_json::from_slice::<Value>(&body).ok()?["value"].take())
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // chromedriver ends its browser with the session.
        let _ = self.try_send("DELETE", &self.session, &Value::Null);
    }
}
