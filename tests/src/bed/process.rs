//! Programs that run until they are stopped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::tail;

/// Running programs, each with a log; stopped in the reverse order when this is dropped.
pub(super) struct Processes {
    folder: PathBuf,
    running: Vec<(&'static str, Child)>,
}

impl Processes {
    /// None yet; logs go into `folder`.
    pub(super) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            running: Vec::new(),
        }
    }

    /// Starts a program that dies with this one.
    pub(super) fn start(
        &mut self,
        name: &'static str,
        program: &Path,
        arguments: &[String],
    ) -> Result<(), String> {
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", "--"])
            .arg(program)
            .args(arguments);
        self.start_command(name, command)
    }

    /// The same for a command that is put together already.
    pub(super) fn start_command(&mut self, name: &'static str, mut command: Command) -> Result<(), String> {
        let log = File::create(self.log(name)).map_err(|error| format!("no log for {name}: {error}"))?;
        let copy = log
            .try_clone()
            .map_err(|error| format!("no log for {name}: {error}"))?;
        let child = command
            .env("HOME", &self.folder)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(copy)
            .spawn()
            .map_err(|error| format!("{command:?} does not start: {error}"))?;
        self.running.push((name, child));
        Ok(())
    }

    /// Waits until `ready` says so.
    ///
    /// # Errors
    ///
    /// A program ended, or it takes minutes: with the end of its log.
    pub(super) fn wait(&mut self, name: &'static str, mut ready: impl FnMut() -> bool) -> Result<(), String> {
        let end = Instant::now() + PATIENCE;
        while !ready() {
            let ended = self
                .running
                .iter_mut()
                .find_map(|(name, child)| child.try_wait().ok().flatten().map(|status| (*name, status)));
            if let Some((name, status)) = ended {
                return Err(format!("{name} ended ({status}):\n{}", tail(&self.log(name))));
            }
            if Instant::now() > end {
                return Err(format!("{name} is not ready:\n{}", tail(&self.log(name))));
            }
            // Nothing tells us when; asking more often would slow it down.
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        while let Some((_, mut child)) = self.running.pop() {
            // All they know is thrown away: there is nothing to end in good order.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// How long a program may take to be ready on a machine that builds something else at the same time.
const PATIENCE: Duration = Duration::from_secs(240);
