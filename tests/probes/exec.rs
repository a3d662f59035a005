//! Commands of the operator's. They are scripts of a shell that is named as the program: no shell is ours.

use super::*;
use std::path::Path;

fn command(words: &[&str]) -> TargetSpec {
    let command = words.iter().map(|&word| word.to_owned()).collect();
    asking(Ask::Exec { command }, "192.0.2.10:5061".parse().unwrap(), TlsOptions::default())
}

fn script(text: &str) -> TargetSpec {
    command(&["/bin/sh", "-c", text])
}

#[tokio::test]
async fn a_command_says_by_its_exit_code_how_the_endpoint_is() {
    for (text, expected) in [
        ("exit 0", "pass"),
        ("echo fine; exit 0", "pass"),
        ("exit 1", "unavailable: the command says that it failed"),
        ("echo; echo no power; echo more; exit 1", "unavailable: no power"),
        ("echo no power >&2; exit 1", "unavailable: no power"),
        ("echo slow; exit 2", "degraded: slow"),
        ("exit 2", "degraded: the command says so"),
        ("echo what; exit 3", "local: could not ask: the command ended with exit status: 3: \"what\""),
        ("exit 255", "local: could not ask: the command ended with exit status: 255: \"\""),
        ("kill -9 $$", "local: could not ask: the command ended with signal: 9 (SIGKILL): \"\""),
        // Its child holds the output open, and is not waited for.
        ("sleep 600 & exit 0", "pass"),
    ] {
        assert_eq!(said(script(text)).await, expected, "{text}");
    }
    let absent = said(command(&["/nowhere/check"])).await;
    assert_eq!(absent, "local: could not ask: /nowhere/check: No such file or directory (os error 2)");
}

#[tokio::test]
async fn a_command_is_told_its_endpoint_and_nothing_else() {
    let all = "env | cut -d= -f1 | grep -v -e ^PWD -e ^_ -e ^SHLVL -e ^OLDPWD | sort | tr '\\n' ' '; exit 1";
    let names = "EDGESTEER_ADDRESS EDGESTEER_NAME EDGESTEER_PORT EDGESTEER_TIMEOUT_MS PATH";
    assert_eq!(said(script(all)).await, format!("unavailable: {names}"));
    let got = said(script(
        "echo $EDGESTEER_ADDRESS $EDGESTEER_PORT $EDGESTEER_NAME $EDGESTEER_TIMEOUT_MS \"$HOME\" $PWD; exit 1",
    ))
    .await;
    assert_eq!(got, "unavailable: 192.0.2.10 5061 sip.contoso.com 20000  /");
    let got = said(command(&["/bin/echo", "$HOME;", "exit 1"])).await;
    assert_eq!(got, "pass", "no shell reads the words");
    assert_eq!(said(script("cat; exit 1")).await, "unavailable: the command says that it failed", "there is no input");
}

/// The process whose number a script wrote down is gone, or dead and not yet collected.
fn is_gone(file: &Path) -> bool {
    let Ok(pid) = std::fs::read_to_string(file) else { return false };
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.is_empty() || stat.contains(") Z ")
}

async fn until_gone(file: &Path) {
    while !is_gone(file) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_command_that_hangs_is_killed_with_its_descendants() {
    let directory = tempfile::tempdir().unwrap();
    let child = directory.path().join("child");
    let hanging = format!("sleep 600 & echo $! > {}; trap '' TERM; wait; sleep 600", child.display());
    let spec = TargetSpec { timeout: SHORT, ..script(&hanging) };
    assert_eq!(said(spec).await, "timeout: command not finished within 400ms");
    until_gone(&child).await;

    let left_behind = format!("sleep 600 & echo $! > {}; exit 0", child.display());
    assert_eq!(said(script(&left_behind)).await, "pass");
    until_gone(&child).await;
}

#[tokio::test]
async fn a_command_that_prints_without_end_is_no_evidence() {
    let got = said(script("while :; do echo yyyyyyyyyyyyyyyyyyyyyyyyyyyy; done")).await;
    assert!(got.starts_with("local: could not ask: the command printed over 16384 octets: \"yyy"), "{got}");
}
