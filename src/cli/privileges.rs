//! Who this process is: started as root, it becomes somebody who may do nothing else once its sockets are bound.
//!
//! It keeps no capability: nothing that comes later binds a port below 1024, and a reload settles `listen` no more than before.
//! `/etc/passwd` and `/etc/group` are read as they stand, since a static binary has no other way; who comes from a directory service
//! is named by numbers.

use nix::unistd::{Gid, Uid, getuid, setgroups, setresgid, setresuid};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown};
use std::path::{Path, PathBuf};

/// Why the process cannot be who it should be.
#[derive(Debug, thiserror::Error)]
pub(super) enum PrivilegeError {
    /// Nobody is called that.
    #[error("there is no user {0} in /etc/passwd: make it (useradd --system {0}), or name another under [server]")]
    NoSuchUser(String),
    /// Only root can become somebody else.
    #[error(
        "only root can become the user {0}: start edgesteer as root or as that user, or take `user` out of [server]"
    )]
    NotRoot(String),
    /// It could not write there.
    #[error("{} belongs to the user {owner}, not to {user}: chown -R {user} {}", path.display(), directory.display())]
    NotTheirs {
        /// What.
        path: PathBuf,
        /// The state directory.
        directory: PathBuf,
        /// Whose it is, as a number.
        owner: u32,
        /// Whose it should be.
        user: String,
    },
    /// The system refuses.
    #[error("{0}: {1}")]
    Io(String, #[source] io::Error),
}

/// A user as the system knows it.
#[derive(Debug, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
    /// Further groups.
    groups: Vec<u32>,
}

/// Becomes a user for good, with every thread, who must be able to write in the state directory.
pub(super) fn become_user(user: &str, state_dir: Option<&Path>) -> Result<(), PrivilegeError> {
    let account = look_up(user).ok_or_else(|| PrivilegeError::NoSuchUser(user.to_owned()))?;
    let is_root = getuid().is_root();
    if !is_root && getuid().as_raw() != account.uid {
        return Err(PrivilegeError::NotRoot(user.to_owned()));
    }
    state_dir.map_or(Ok(()), |directory| is_theirs(directory, user, &account, is_root))?;
    if is_root {
        let failed = |errno: nix::Error| PrivilegeError::Io(format!("cannot become the user {user}"), errno.into());
        let (uid, gid) = (Uid::from_raw(account.uid), Gid::from_raw(account.gid));
        let groups: Vec<_> = account.groups.iter().copied().map(Gid::from_raw).collect();
        setgroups(&groups).map_err(failed)?;
        setresgid(gid, gid, gid).map_err(failed)?;
        setresuid(uid, uid, uid).map_err(failed)?;
        if setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).is_ok() {
            return Err(failed(nix::Error::EPERM));
        }
    }
    Ok(())
}

/// The number of a user, if there is one of that name.
pub(super) fn number(user: &str) -> Option<u32> {
    look_up(user).map(|account| account.uid)
}

fn look_up(user: &str) -> Option<Account> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    find(user, &read("/etc/passwd"), &read("/etc/group"))
}

/// A name out of the system's lists, or "uid:gid".
fn find(user: &str, passwd: &str, group: &str) -> Option<Account> {
    if let Some((uid, gid)) = user.split_once(':') {
        return Some(Account { uid: uid.parse().ok()?, gid: gid.parse().ok()?, groups: Vec::new() });
    }
    // name:password:uid:gid:... and name:password:gid:member,member
    let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<_>>();
    let own = passwd.lines().map(fields).find(|fields| fields.len() > 3 && fields[0] == user)?;
    let is_member = |fields: &Vec<String>| fields.len() > 3 && fields[3].split(',').any(|member| member == user);
    let groups = group.lines().map(fields).filter(is_member).filter_map(|fields| fields[2].parse().ok());
    Some(Account { uid: own[2].parse().ok()?, gid: own[3].parse().ok()?, groups: groups.collect() })
}

/// Whether the state directory and what is in it belong to the user; one that is not there yet is made.
fn is_theirs(directory: &Path, user: &str, account: &Account, is_root: bool) -> Result<(), PrivilegeError> {
    let failed = |error| PrivilegeError::Io(format!("the state_dir {}", directory.display()), error);
    match DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) if is_root => chown(directory, Some(account.uid), Some(account.gid)).map_err(failed)?,
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(failed(error)),
    }
    let inside = fs::read_dir(directory).map_err(failed)?.filter_map(Result::ok).map(|entry| entry.path());
    for path in std::iter::once(directory.to_owned()).chain(inside) {
        let owner = fs::symlink_metadata(&path).map_err(failed)?.uid();
        if owner != account.uid {
            let (directory, user) = (directory.to_owned(), user.to_owned());
            return Err(PrivilegeError::NotTheirs { path, directory, owner, user });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
