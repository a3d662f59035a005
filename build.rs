//! Deflates the built-in country database into `OUT_DIR`, where `geo::database` embeds it.

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

fn deflate() -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo gave no OUT_DIR"))?;
    let database = fs::read(DATABASE)?;
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&database)?;
    fs::write(Path::new(&out).join("world.mmdb.zlib"), encoder.finish()?)
}
