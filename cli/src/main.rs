//! The program: hardening, then one call.

use std::process::ExitCode;

/// Wipes what is freed (spec/security S-6).
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

fn main() -> ExitCode {
    gitseal::memory::harden();
    gitseal::memory::quiet_panics();
    gitseal::run(std::env::args_os(), &mut gitseal::Io::system())
}
