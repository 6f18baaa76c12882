//! The `argus` program.

use std::process::ExitCode;

/// The system's allocator takes twice as long for the many small things of a request.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    argus_reference_bot::cli::main()
}
