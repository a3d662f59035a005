//! Deflates the built-in country database into `OUT_DIR`, where `geo::database` embeds it, and tells the version its commit.

use flate2::Compression;
use flate2::write::ZlibEncoder;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

const DATABASE: &str = "geoip/world.mmdb";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={DATABASE}");
    println!("cargo::rerun-if-changed=build.rs");
    tell_version();
    match deflate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!(
                "cargo::error=cannot embed the country database {DATABASE}: {error}; geoip/README.md says how it is made"
            );
            ExitCode::FAILURE
        }
    }
}

/// What `--version` says. The commit is told by `deploy/build` alone: were it read here, every commit would build everything anew.
fn tell_version() {
    println!("cargo::rerun-if-env-changed=EDGESTEER_COMMIT");
    let commit = env::var_os("EDGESTEER_COMMIT").unwrap_or_default();
    let commit = commit.to_string_lossy();
    let version = env!("CARGO_PKG_VERSION");
    let told = if commit.is_empty() { version.to_owned() } else { format!("{version} ({commit})") };
    println!("cargo::rustc-env=EDGESTEER_VERSION={told}");
    println!("cargo::rustc-env=EDGESTEER_COMMIT={commit}");
}

fn deflate() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo gave no OUT_DIR"))?;
    let database = fs::read(DATABASE)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&database)?;
    fs::write(Path::new(&out).join("world.mmdb.zlib"), encoder.finish()?)
}
