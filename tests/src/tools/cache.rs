//! The folder of what was built, and the turn to build.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::error::ToolError;
use super::peer::say;

/// The folder that holds a folder for each pin.
pub(super) fn cache_folder() -> Result<PathBuf, ToolError> {
    let variable = |name| {
        std::env::var_os(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(folder) = variable("GITSEAL_TOOLS_CACHE") {
        return Ok(folder);
    }
    let base = variable("XDG_CACHE_HOME").or_else(|| variable("HOME").map(|home| home.join(".cache")));
    base.map(|base| base.join("gitseal/tools"))
        .ok_or(ToolError::NoCache)
}

/// Waits until nobody else builds; the turn ends when the file is dropped.
pub(super) fn take_turn(cache: &Path) -> Result<File, ToolError> {
    let path = cache.join("lock");
    let file_of_turn = File::create(&path).map_err(file("cannot make", &path))?;
    if flock(&file_of_turn, FlockOperation::NonBlockingLockExclusive).is_err() {
        say("waiting for another build of the tools");
        flock(&file_of_turn, FlockOperation::LockExclusive)
            .map_err(|errno| file("cannot lock", &path)(errno.into()))?;
    }
    Ok(file_of_turn)
}

/// Names the file of a failed call.
pub(super) fn file(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> ToolError + use<> {
    let path = path.to_owned();
    move |source| ToolError::File { what, path, source }
}

/// FNV-1a with 128 bits: names a folder in our own cache, guards against nothing.
pub(super) struct Fnv(pub(super) u128);

impl Fnv {
    pub(super) fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&[0xff]) {
            self.0 = (self.0 ^ u128::from(*byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}
