//! Wrapping a data key for all recipients of a file.

use sops::shamir::{self, SplitError};
use sops::{DataKey, KeyGroup, KeyShare, Random};

use crate::name::public_name;
use crate::{Attempt, KeyServices, LockError};

/// What the caller decided about the recipients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mixing {
    /// Post-quantum and classical age recipients together are an error.
    Refuse,
    /// `--allow-mixed`, and the `sops` personality.
    Allow,
}

impl KeyServices {
    /// Wraps a data key (one group) or its Shamir shares (several) for every key of every group.
    /// `threshold` 0 becomes the number of groups. `now` is RFC 3339 seconds, UTC, for `created_at`.
    ///
    /// # Errors
    ///
    /// All recipients that failed, together.
    pub async fn lock(
        &self,
        key: &DataKey,
        mut groups: Vec<KeyGroup>,
        threshold: u32,
        mixing: Mixing,
        now: &str,
        random: &mut (dyn Random + Send),
    ) -> Result<Vec<KeyGroup>, LockError> {
        if groups.is_empty() {
            return Err(LockError::NoGroups);
        }
        if groups.iter().any(|group| group.0.is_empty()) {
            return Err(LockError::EmptyGroup);
        }
        if mixing == Mixing::Refuse {
            refuse_mixed(&groups)?;
        }
        let shares = match groups.len() {
            1 => vec![KeyShare::from(key)],
            count => shamir::split(key, count, threshold, random).map_err(|error| match error {
                SplitError::Random(error) => LockError::Random(error),
                error => LockError::Shamir(error),
            })?,
        };
        let mut attempts = Vec::new();
        for (number, (group, share)) in groups.iter_mut().zip(&shares).enumerate() {
            for key in &mut group.0 {
                let wrapped = match self.service(key) {
                    Ok(service) => service.wrap(key, share).await,
                    Err(error) => Err(error),
                };
                match wrapped {
                    Ok(wrapped) => key.set_enc(wrapped, now),
                    Err(source) => {
                        attempts.push(Attempt {
                            group: number,
                            name: public_name(key),
                            kind: key.kind(),
                            source,
                        });
                    }
                }
            }
        }
        if attempts.is_empty() {
            Ok(groups)
        } else {
            Err(LockError::Failed { attempts })
        }
    }
}

#[cfg(feature = "age")]
fn refuse_mixed(groups: &[KeyGroup]) -> Result<(), LockError> {
    let (post_quantum, classical) = crate::age::by_strength(groups.iter().flat_map(|group| &group.0));
    if post_quantum.is_empty() || classical.is_empty() {
        return Ok(());
    }
    Err(LockError::Mixed {
        post_quantum,
        classical,
    })
}

#[cfg(not(feature = "age"))]
fn refuse_mixed(_groups: &[KeyGroup]) -> Result<(), LockError> {
    Ok(())
}
