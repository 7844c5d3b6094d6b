//! What must be done before a signal ends the process: remove a temp file, wipe a buffer.
//!
//! One handler thread for the whole process, started with the first [`Guard`]: two handlers would race for the end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// A duty of the handler; it is dropped with the guard, and not run then.
pub struct Guard(u64);

type Duty = Box<dyn FnOnce() + Send>;

static DUTIES: Mutex<(u64, Vec<(u64, Duty)>)> = Mutex::new((0, Vec::new()));
static HANDLER: Once = Once::new();

/// While one lives, an interrupt from the terminal is for the program that we wait for, not for us.
pub struct Spared(());

static SPARED: AtomicUsize = AtomicUsize::new(0);

/// Lets a child have SIGINT and SIGQUIT for itself: an editor may use them as commands.
#[must_use]
pub fn spare_interrupts() -> Spared {
    SPARED.fetch_add(1, Ordering::SeqCst);
    Spared(())
}

impl Drop for Spared {
    fn drop(&mut self) {
        SPARED.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Has `duty` run if SIGINT, SIGQUIT, SIGTERM or SIGHUP arrives while the guard lives. The signal then ends the process as
/// it would have without us.
#[must_use]
pub fn on_signal(duty: impl FnOnce() + Send + 'static) -> Guard {
    HANDLER.call_once(start);
    let mut duties = DUTIES.lock().unwrap_or_else(PoisonError::into_inner);
    duties.0 += 1;
    let id = duties.0;
    duties.1.push((id, Box::new(duty)));
    Guard(id)
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut duties = DUTIES.lock().unwrap_or_else(PoisonError::into_inner);
        duties.1.retain(|(id, _)| *id != self.0);
    }
}

fn start() {
    // Without handlers a signal ends the process at once, and a temp file may stay: said in the documentation of
    // `files::replace`, not worth an error.
    let ignored = ignored();
    let ours = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]
        .into_iter()
        .filter(|signal| (ignored >> (signal - 1)) & 1 == 0);
    let Ok(mut signals) = signal_hook::iterator::Signals::new(ours) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if matches!(signal, SIGINT | SIGQUIT) && SPARED.load(Ordering::SeqCst) > 0 {
                continue;
            }
            // The lock is kept until the end: nobody starts a new temp file meanwhile.
            let mut duties = DUTIES.lock().unwrap_or_else(PoisonError::into_inner);
            for (_, duty) in duties.1.drain(..).rev() {
                duty();
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

/// The signals that whoever started us wants ignored (`nohup`, a job in the background), as a mask. They stay ignored:
/// a handler would end the process.
fn ignored() -> u64 {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return 0;
    };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
