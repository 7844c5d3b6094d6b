//! Hardening of the process, before any key is read (spec/security S-6).

use std::io::Write;
use std::panic::PanicHookInfo;

/// Has a panic say where it happened, and not what: the usual text may quote the value at hand (S-2). Nothing is left to
/// do then but to end.
pub fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        let _ = std::io::stderr().write_all(last_words(info).as_bytes());
    }));
}

fn last_words(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(
        || "an unknown place".to_owned(),
        |place| format!("{}:{}", place.file(), place.line()),
    );
    format!(
        "error: gitseal stopped at {place}, which is a mistake of its own\n  hint: please report that place; what gitseal worked on is not shown here\n"
    )
}

/// No core dumps, no reading of our memory by other processes of the same user.
///
/// A failure is not an error: a container may forbid either.
#[cfg(target_os = "linux")]
pub fn harden() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// No core dumps.
#[cfg(not(target_os = "linux"))]
pub fn harden() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(
        Resource::Core,
        Rlimit {
            current: Some(0),
            maximum: Some(0),
        },
    );
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn a_panic_names_its_place_and_not_its_subject() {
        let said = Arc::new(Mutex::new(String::new()));
        let usual = std::panic::take_hook();
        let words = Arc::clone(&said);
        std::panic::set_hook(Box::new(move |info| *words.lock().unwrap() = last_words(info)));
        let value = String::from("hunter2 ä");
        let ended = std::panic::catch_unwind(|| value[..9].len());
        std::panic::set_hook(usual);
        let said = said.lock().unwrap();
        assert!(ended.is_err());
        assert!(said.contains("memory.rs:"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
