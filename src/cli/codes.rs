//! Exit codes: what each means for each command. The help of every command, the man pages and docs/manual/commands.md say them.

use clap::Command;

/// Commands by their words, and what the codes 1 and 2 mean there; 0 is "done" for all. A command that is not here has the
/// meanings of `OTHERS`.
const MEANINGS: &[(&str, [&str; 2])] = &[
    ("serve", ["a socket, the state directory or the system failed", CONFIGURATION]),
    ("check", ["there are warnings, and --strict was given", CONFIGURATION]),
    ("explain", [REFUSED, "wrong usage, or with -c a configuration with errors"]),
    ("hold", [REFUSED, USAGE]),
    ("drain", [REFUSED, USAGE]),
    ("release", [REFUSED, USAGE]),
    ("status", [REFUSED, USAGE]),
    ("watch", [REFUSED, USAGE]),
    ("healthcheck", ["it does not answer, or is not ready", USAGE]),
    ("notify", ["somebody did not take the message", CONFIGURATION]),
    ("token local", ["there is none that you may read", USAGE]),
    ("audit verify", ["a line was changed, taken out or put in, or the trail cannot be read", USAGE]),
    ("audit tail", [REFUSED, USAGE]),
    (
        "reach",
        [
            "a port is not reached, or the inside of a pool is not known",
            "wrong usage, a configuration with errors, or one without an Edge",
        ],
    ),
    ("runbook", [OTHERS[0], CONFIGURATION]),
    ("what-if", ["somebody would have no live pool, or more would move than --max-moved allows", CONFIGURATION]),
    ("estimate", [OTHERS[0], CONFIGURATION]),
    ("drill", ["it was refused, ended early, or something was not as it should be", USAGE]),
    ("demo", ["a socket or the system failed", USAGE]),
];
/// Codes beyond those: command, code, where it is so.
const FURTHER: &[(&str, u8, &str)] =
    &[("check", 3, "--probe or --outside found errors: the configuration is good, and the world is not as it says")];
const OTHERS: [&str; 2] = ["it could not be done", USAGE];
const REFUSED: &str = "no server answers, or it refuses";
const USAGE: &str = "wrong usage";
const CONFIGURATION: &str = "wrong usage, or a configuration with errors";

/// The command with its exit codes at the end of its help, and so for every command below it.
pub(super) fn explained(command: Command) -> Command {
    command.mut_subcommands(|command| of(command, ""))
}

fn of(command: Command, above: &str) -> Command {
    let words = format!("{above}{}", command.get_name());
    if command.has_subcommands() {
        let above = format!("{words} ");
        return command.mut_subcommands(|command| of(command, &above));
    }
    let [failed, wrong] = meanings(&words);
    let further = FURTHER.iter().filter(|(command, ..)| *command == words);
    let further: String = further.map(|(_, code, meaning)| format!("\n  {code}  {meaning}")).collect();
    command.after_help(format!("Exit codes:\n  0  done\n  1  {failed}\n  2  {wrong}{further}"))
}

fn meanings(words: &str) -> [&'static str; 2] {
    MEANINGS.iter().find(|(command, _)| *command == words).map_or(OTHERS, |(_, meanings)| *meanings)
}

#[cfg(test)]
mod tests;
