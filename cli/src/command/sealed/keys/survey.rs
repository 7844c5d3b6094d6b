//! Which keys the SealedSecrets of a repository need: found by opening them, since annotations are hints only.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use seal::KeyRing;
use seal::explain::{Explanation, Finding, explain};

use crate::command::sealed::text::SealedText;
use crate::error::CliError;
use crate::io::Io;

/// What one file needs.
#[derive(Default)]
pub(super) struct Survey {
    /// SealedSecrets in it.
    pub(super) objects: usize,
    /// Fingerprints of the keys that open its items.
    pub(super) keys: BTreeSet<String>,
    /// What does not open: place, item and why, a line each.
    pub(super) faults: Vec<String>,
}

/// Opens every item of a file.
///
/// # Errors
///
/// An object has a field of the wrong type.
pub(super) fn look(text: &SealedText, ring: &KeyRing) -> Result<Survey, CliError> {
    let mut survey = Survey::default();
    for (place, origin) in text.sealed() {
        let explained = explain(&text.secret(place)?, Some(ring), &[]);
        survey.objects += 1;
        survey.add(&text.place_of(place, origin), &explained);
    }
    Ok(survey)
}

impl Survey {
    fn add(&mut self, here: &str, explained: &Explanation) {
        if explained.findings.contains(&Finding::DeprecatedBlob) {
            self.faults.push(format!("{here}: {}", Finding::DeprecatedBlob));
        }
        for (item, findings) in &explained.items {
            let opens = findings.iter().find_map(|finding| match finding {
                Finding::Opens { fingerprint } => Some(fingerprint),
                _ => None,
            });
            if let Some(fingerprint) = opens {
                self.keys.insert(fingerprint.clone());
                continue;
            }
            if let Some(Finding::OpensAs { fingerprint, .. }) = findings.last() {
                self.keys.insert(fingerprint.clone());
            }
            // The annotation of the whole object says most where the key is missing.
            let of_object = explained.findings.iter().filter(|_| !hints(findings));
            let missing = of_object.chain(findings).filter(|finding| is_missing(finding));
            let mut why: Vec<String> = missing.map(ToString::to_string).collect();
            if why.is_empty() {
                why.extend(findings.last().map(ToString::to_string));
            }
            self.faults.push(format!("{here}: {item}: {}", why.join(" ")));
        }
    }
}

/// Whether the annotation has an entry for the item itself.
fn hints(findings: &[Finding]) -> bool {
    findings
        .iter()
        .any(|finding| matches!(finding, Finding::SealedBy { .. }))
}

fn is_missing(finding: &Finding) -> bool {
    matches!(finding, Finding::SealedBy { have_key: false, .. })
}

/// The folder of the repository that the working folder lies in, as the user would write it.
pub(super) fn repository(io: &Io) -> Option<PathBuf> {
    let root = io
        .cwd
        .ancestors()
        .position(|folder| folder.join(".git").exists())?;
    Some(match root {
        0 => PathBuf::from("."),
        above => std::iter::repeat_n(Path::new(".."), above).collect(),
    })
}
