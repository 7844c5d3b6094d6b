//! Taking turns: locks between processes that change the same file, and what the files of one run share.
//!
//! A run holds the locks of several files, so it never waits for another one while it does: two processes would wait
//! for each other for ever. It puts the files that it holds in their places first.

use std::cell::Cell;
use std::fs::File;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::io::Errno;

use super::folders::Folders;

/// Whether other writers of the same file wait for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// From reading to replacing: two processes that change the same file do it one after the other. Waits for the
    /// other one, but not for ever.
    Hold,
    /// The same, without waiting.
    Try,
    /// No lock, for as long as an editor is open; a change by somebody else meanwhile is an error when writing.
    None,
}

/// The turn of one file in a run.
pub struct Turn {
    pub(super) lock: Lock,
    pub(super) folders: Option<Arc<Folders>>,
    met_lock: Cell<bool>,
}

impl Turn {
    /// Of a file that stands alone.
    pub fn alone() -> Self {
        Self::new(Lock::Hold, None)
    }

    /// Of a file among others, whose folders are synced together.
    pub fn among(folders: &Arc<Folders>, lock: Lock) -> Self {
        Self::new(lock, Some(Arc::clone(folders)))
    }

    pub(super) fn new(lock: Lock, folders: Option<Arc<Folders>>) -> Self {
        Self {
            lock,
            folders,
            met_lock: Cell::new(false),
        }
    }

    /// Whether the file was not opened because another program holds its lock.
    pub fn met_lock(&self) -> bool {
        self.met_lock.get()
    }

    /// Takes the lock of an open file. False: somebody else has it.
    pub(super) fn take(&self, file: &File) -> bool {
        let free = match self.lock {
            Lock::None => true,
            Lock::Try => take(file, Duration::ZERO),
            Lock::Hold => take(file, PATIENCE),
        };
        self.met_lock.set(!free);
        free
    }
}

/// Takes a lock within a time.
fn take(file: &File, patience: Duration) -> bool {
    let start = Instant::now();
    let mut pause = SHORTEST_PAUSE;
    loop {
        let taken =
            rustix::io::retry_on_intr(|| rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive));
        match taken {
            Err(Errno::WOULDBLOCK) if start.elapsed() < patience => {
                sleep(pause);
                pause = LONGEST_PAUSE.min(pause * 2);
            }
            Err(Errno::WOULDBLOCK) => return false,
            // A file system without locks: the check when writing is what remains.
            _ => return true,
        }
    }
}

/// How long a lock of another program is waited for.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);
/// Delay before the second try; it doubles.
const SHORTEST_PAUSE: Duration = Duration::from_micros(200);
/// Most delay between tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_not_waited_for_longer_than_asked() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::open(file.path()).unwrap();
        let (ours, theirs) = (open(), open());
        assert!(take(&theirs, Duration::ZERO));
        assert!(!take(&ours, Duration::ZERO));
        // Longer than one pause, so that it is tried again.
        assert!(!take(&ours, 3 * SHORTEST_PAUSE));
        let turn = Turn::new(Lock::Try, None);
        assert!(!turn.take(&ours) && turn.met_lock());
        drop(theirs);
        assert!(turn.take(&ours) && !turn.met_lock());
    }
}
