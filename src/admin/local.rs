//! The token of this machine: drawn at each start, and written where only the user who runs the server can read it, so that
//! the commands of that user, and root's, give orders without being set up.

use nix::libc;
use nix::unistd::getuid;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use std::env;
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// A token that is in its file for as long as this lives.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) path: PathBuf,
    pub(super) sha256: [u8; 32],
    /// Which file it is, open so that no other gets its number, and that it can be read whatever became of its name: a process that
    /// replaces us puts its own in the same place.
    file: File,
}

impl Local {
    /// Draws one for the listener at that address, unless the process before us has had one, and writes it down in the first
    /// directory that will do.
    pub(super) fn draw(listen: SocketAddr, given: Option<&str>) -> io::Result<Self> {
        let token = given.map_or_else(new_token, |token| Ok(token.to_owned()))?;
        let mut failed = io::Error::other("there is no directory for it");
        for directory in directories_to_write() {
            let path = file(&directory, listen);
            match write(&path, &token) {
                Ok(file) => return Ok(Self { path, sha256: hash(&token), file }),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    /// The token itself. Takes no file of the system's.
    pub(super) fn token(&self) -> io::Result<String> {
        let mut octets = vec![0; usize::try_from(self.file.metadata()?.len()).map_err(io::Error::other)?];
        self.file.read_exact_at(&mut octets, 0)?;
        Ok(String::from_utf8(octets).map_err(io::Error::other)?.trim().to_owned())
    }

    /// Writes the same token down once more where its file is no longer in its place.
    pub(super) fn put_back(&mut self) -> io::Result<()> {
        if !self.is_in_place() {
            self.file = write(&self.path, &self.token()?)?;
        }
        Ok(())
    }

    fn is_in_place(&self) -> bool {
        let inode = |meta: Metadata| (meta.dev(), meta.ino());
        let ours = self.file.metadata().map(inode);
        fs::symlink_metadata(&self.path).map(inode).is_ok_and(|there| ours.is_ok_and(|ours| ours == there))
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        if self.is_in_place() {
            // Where it is gone already, so much the better.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A token that nobody guesses: 256 random bits.
///
/// # Errors
/// Where the system gives no random numbers.
pub fn new_token() -> io::Result<String> {
    let mut octets = [0; 32];
    SystemRandom::new().fill(&mut octets).map_err(|_| io::Error::other("the system gives no random numbers"))?;
    Ok(format!("es_{}", hex(&octets)))
}

/// The SHA-256 of a token as a configuration has it.
pub fn sha256(token: &str) -> String {
    hex(&hash(token))
}

/// The token of this machine for the server at that admin address, where the caller may read it.
pub fn local_token(listen: SocketAddr) -> Option<String> {
    // Whoever listens on every address listens there. Only on loopback: elsewhere it may be another machine's server that answers.
    let every: IpAddr = if listen.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let every = listen.ip().is_loopback().then_some(SocketAddr::new(every, listen.port()));
    let directories = directories();
    let read = |listen| directories.iter().find_map(|directory| fs::read_to_string(file(directory, listen)).ok());
    Some([Some(listen), every].into_iter().flatten().find_map(read)?.trim().to_owned())
}

fn hash(token: &str) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest(&SHA256, token.as_bytes()).as_ref());
    octets
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Where it may be found: what systemd makes for a service, what a session has, and what we make ourselves.
fn directories() -> Vec<PathBuf> {
    let session = env::var_os("XDG_RUNTIME_DIR").map(|session| Path::new(&session).join("edgesteer"));
    let own = env::temp_dir().join(format!("edgesteer-{}", getuid()));
    session.into_iter().chain([PathBuf::from("/run/edgesteer"), own]).collect()
}

fn directories_to_write() -> impl Iterator<Item = PathBuf> {
    #[allow(clippy::disallowed_methods, reason = "where systemd wants a service's files; no setting of ours")]
    let service = env::var("RUNTIME_DIRECTORY").ok();
    let service = service.and_then(|all| all.split(':').next().map(PathBuf::from));
    service.into_iter().chain(directories())
}

fn file(directory: &Path, listen: SocketAddr) -> PathBuf {
    directory.join(format!("admin-{}.token", listen.to_string().replace([':', '[', ']'], "_")))
}

/// Where the token will be written, made where it is missing.
pub fn token_directory() -> Option<PathBuf> {
    directories_to_write().find(|directory| is_ours_alone(directory).is_ok())
}

/// Makes a directory where it is missing, in which nobody else may write.
fn is_ours_alone(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // Whoever else could write there could have us write elsewhere, or put a token of his own in its place.
    let meta = fs::symlink_metadata(directory)?;
    if !meta.is_dir() || meta.uid() != getuid().as_raw() || meta.mode() & 0o022 != 0 {
        return Err(io::Error::other(format!("{} is not ours alone to write in", directory.display())));
    }
    Ok(())
}

fn write(path: &Path, token: &str) -> io::Result<File> {
    path.parent().map_or(Ok(()), is_ours_alone)?;
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
    let mut file = options.open(path)?;
    writeln!(file, "{token}")?;
    Ok(file)
}
