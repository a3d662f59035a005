//! The `edgesteer` binary.

fn main() -> std::process::ExitCode {
    edgesteer::cli::run()
}
