//! Some files of a run, taken together: each is read, changed and prepared, then all are made safe on the disk, then all
//! are put in their places.
//!
//! ```text
//! lock, read, compute, write beside ─ for each ─► fsync ─ for each ─► rename ─ for each ─► next bundle
//! ```
//!
//! Waiting for the disk once in a while is much cheaper than after each file: what is waited for last is there already.
//! The locks of all files of a bundle are held until their renames, so a lock that another program has is not waited
//! for before those have happened.

use std::sync::Arc;

use super::batch::{Done, Outcome};
use crate::error::CliError;
use crate::files::{Folders, Found, Lock, Turn};

/// Runs `work` on the files of one bundle; the results are in their order. `told` is called once for each file.
pub(super) fn run(
    files: &[Found],
    folders: &Arc<Folders>,
    work: impl Fn(&Found, &Turn) -> Outcome,
    told: impl Fn(),
) -> Vec<Outcome> {
    let mut results: Vec<Outcome> = Vec::with_capacity(files.len());
    // Those before it are in their places.
    let mut held = 0;
    for file in files {
        let turn = Turn::among(folders, Lock::Try);
        let mut result = work(file, &turn);
        if turn.met_lock() {
            put(&mut results[held..]);
            held = results.len();
            result = work(file, &Turn::among(folders, Lock::Hold));
        }
        results.push(result);
        told();
    }
    put(&mut results[held..]);
    results
}

/// Makes safe what is prepared, then puts it in place. What fails becomes the result of its file.
fn put(results: &mut [Outcome]) {
    each(results, |done| match &done.prepared {
        Some(prepared) => prepared.sync(),
        None => Ok(()),
    });
    each(results, |done| match done.prepared.take() {
        Some(prepared) => prepared.put(),
        None => Ok(()),
    });
}

fn each(results: &mut [Outcome], step: impl Fn(&mut Done) -> Result<(), CliError>) {
    for result in results {
        if let Ok(Some(done)) = result
            && let Err(error) = step(done)
        {
            *result = Err(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::fs;
    use std::path::Path;

    use rustix::fs::FlockOperation;

    use super::*;
    use crate::args::ReplaceArgs;
    use crate::files;

    fn found(path: &Path) -> Found {
        Found {
            path: path.to_owned(),
            shown: path.to_owned(),
            below: None,
        }
    }

    /// Adds a letter to a file.
    fn grow(found: &Found, turn: &Turn) -> Outcome {
        let opened = files::open_in_turn(&found.path, &found.shown, None, 1000, turn)?;
        let bytes = [opened.bytes.as_slice(), b"x"].concat();
        Ok(Some(Done {
            prepared: Some(Arc::new(opened.target).prepare(&bytes, ReplaceArgs::default())?),
            ..Done::new("grown")
        }))
    }

    #[test]
    fn files_change_together_and_one_that_fails_stays_alone() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["a", "b", "c"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "").unwrap());
        let files = paths.each_ref().map(|path| found(path));
        let count = Cell::new(0);
        let results = run(
            &files,
            &Arc::default(),
            |file, turn| {
                let done = grow(file, turn)?;
                assert_eq!(
                    fs::read(&paths[0]).unwrap(),
                    b"",
                    "nothing is put before all are prepared"
                );
                if file.path == paths[1] {
                    fs::write(&paths[1], "theirs").unwrap();
                }
                Ok(done)
            },
            || count.set(count.get() + 1),
        );
        assert_eq!(
            results.iter().map(Result::is_ok).collect::<Vec<_>>(),
            [true, false, true]
        );
        assert_eq!(
            paths.map(|path| fs::read_to_string(path).unwrap()),
            ["x", "theirs", "x"]
        );
        assert_eq!(count.get(), 3);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_file_that_is_named_twice_waits_for_itself_only_until_it_is_put() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(&path, "").unwrap();
        std::os::unix::fs::symlink("a", folder.path().join("link")).unwrap();
        let files = [found(&path), found(&folder.path().join("link")), found(&path)];
        let results = run(&files, &Arc::default(), grow, || {});
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(fs::read(&path).unwrap(), b"xxx");
    }

    #[test]
    fn what_is_held_is_put_before_a_lock_of_others_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let paths = ["ours", "theirs"].map(|name| folder.path().join(name));
        paths.iter().for_each(|path| fs::write(path, "").unwrap());
        let theirs = fs::File::open(&paths[1]).unwrap();
        rustix::fs::flock(&theirs, FlockOperation::LockExclusive).unwrap();
        let files = paths.each_ref().map(|path| found(path));
        let tries = Cell::new(0);
        let results = run(
            &files,
            &Arc::default(),
            |file, turn| {
                tries.set(tries.get() + 1);
                if tries.get() == 3 {
                    assert_eq!(fs::read(&paths[0]).unwrap(), b"x", "ours is in its place");
                    rustix::fs::flock(&theirs, FlockOperation::Unlock).unwrap();
                }
                grow(file, turn)
            },
            || {},
        );
        assert_eq!(tries.get(), 3);
        assert!(results.iter().all(Result::is_ok));
        assert_eq!(fs::read(&paths[1]).unwrap(), b"x");
    }
}
