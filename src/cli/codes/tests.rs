use super::*;
use crate::cli::Cli;
use clap::CommandFactory as _;

const DOCUMENT: &str = include_str!("../../../docs/manual/commands.md");

/// Every command that does something, by its words.
fn all(command: &Command, above: &str, found: &mut Vec<String>) {
    for below in command.get_subcommands() {
        let words = format!("{above}{}", below.get_name());
        if below.has_subcommands() {
            all(below, &format!("{words} "), found);
        } else {
            found.push(words);
        }
    }
}

#[test]
fn every_command_stands_in_the_manual_with_its_codes() {
    let mut commands = Vec::new();
    all(&Cli::command(), "", &mut commands);
    let rows: Vec<String> = commands
        .iter()
        .map(|words| {
            let [failed, wrong] = meanings(words);
            format!("| `{words}` | done | {failed} | {wrong} |")
        })
        .collect();
    let told: Vec<&str> = DOCUMENT.lines().filter(|line| line.starts_with("| `")).collect();
    assert_eq!(
        told,
        rows,
        "docs/manual/commands.md on the left; on the right what it should have:\n{}",
        rows.join("\n")
    );
    for (words, code, meaning) in FURTHER {
        let sentence = format!("`{words}` exits with {code} where {meaning}.");
        assert!(DOCUMENT.contains(&sentence), "docs/manual/commands.md lacks: {sentence}");
        assert!(commands.iter().any(|command| command == words), "there is no command {words}");
    }
    for (words, _) in MEANINGS {
        assert!(commands.iter().any(|command| command == words), "there is no command {words}");
    }
}
