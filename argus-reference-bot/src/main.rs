//! The `argus` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    argus_reference_bot::cli::main()
}
