//! Reads the configuration again, as far as this process may do what it says. Not here: taking it over (`Running::reload`).

use super::{Running, World, read};
use crate::config::{Config, Stamp};
use std::collections::HashSet;
use std::path::PathBuf;

impl Running {
    /// Reads the configuration, as far as this process may do what it says. Whatever comes of it, the watch does not have it read again
    /// before a file changes.
    pub(super) async fn read_again(&mut self) -> Result<World, String> {
        let (path, watch) = (self.path.clone(), self.watch.clone());
        let known: Option<HashSet<_>> = self.is_confined.then(|| self.outline.config().files_of_checks().collect());
        let memory = self.memory.clone();
        let loaded = tokio::task::spawn_blocking(move || match memory.fits(watch.size()).map(|()| read(&path, None)) {
            Err(why) => (Err(why), watch.after(Vec::new())),
            Ok(Ok(world)) => {
                let watch = watch.after(world.files.clone());
                let forbidden = known.and_then(|known| forbidden(world.outline.config(), &known));
                (forbidden.map_or(Ok(world), Err), watch)
            }
            Ok(Err((refused, files))) => {
                let is_forbidden = known.is_some() && files.iter().any(Stamp::is_forbidden);
                let remark = if is_forbidden { SANDBOX } else { "" };
                (Err(format!("{}\n{remark}", refused.to_string().trim_end())), watch.after(files))
            }
        });
        match loaded.await {
            Ok((world, watch)) => {
                self.watch = watch;
                world
            }
            Err(panic) => {
                self.watch = self.watch.after(Vec::new());
                Err(format!("reading it failed: {panic}"))
            }
        }
    }
}

const SANDBOX: &str = "the sandbox lets this process read only in directories of files that it was started with";

/// What in a configuration this process has forbidden itself. `known` are files that checks read already.
fn forbidden(config: &Config, known: &HashSet<PathBuf>) -> Option<String> {
    if config.runs_commands() {
        return Some("it runs commands, which this process has forbidden itself: a restart takes it over".to_owned());
    }
    let far = config.files_of_checks().find(|path| !known.contains(path) && Stamp::now(path).is_forbidden())?;
    Some(format!("a check reads {}, and {SANDBOX}: a restart takes it over", far.display()))
}
