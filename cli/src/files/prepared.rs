//! New content that is complete beside its file, and waits to take its place.
//!
//! In a run over many files several are prepared, then made safe on the disk, then put: the disk gets the writes of all
//! before the first one is waited for, and the first wait is then most of the waiting.

use std::sync::Arc;

use super::target::Target;
use super::temp::Temp;
use crate::args::ReplaceArgs;
use crate::error::CliError;

/// The new content of one file. Dropped instead of put, it goes away without a trace.
pub struct Prepared {
    target: Arc<Target>,
    temp: Temp,
}

impl Target {
    /// Writes new content beside what was read, for [`Prepared::sync`] and [`Prepared::put`].
    ///
    /// # Errors
    ///
    /// As for [`replace`](Self::replace).
    pub fn prepare(self: &Arc<Self>, bytes: &[u8], allow: ReplaceArgs) -> Result<Prepared, CliError> {
        let temp = self.write_temp(bytes, allow, None)?;
        temp.start_writing();
        Ok(Prepared {
            target: Arc::clone(self),
            temp,
        })
    }
}

impl Prepared {
    /// Waits until the new content is on the disk.
    ///
    /// # Errors
    ///
    /// A full or broken disk: exit 3.
    pub fn sync(&self) -> Result<(), CliError> {
        self.target.sync_temp(&self.temp)
    }

    /// Puts it in its place; it must have been synced.
    ///
    /// # Errors
    ///
    /// As for [`Target::replace`]; the old content stays.
    pub fn put(self) -> Result<(), CliError> {
        self.target.put_temp(self.temp)
    }
}
