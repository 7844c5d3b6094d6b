//! Recovering the data key of a file: each group, each key, in order.

use secrecy::ExposeSecret;
use sops::{DataKey, KeyGroup, KeyShare, MasterKey, Metadata, shamir};

use crate::name::public_name;
use crate::{Attempt, Effort, KeyServices, ProviderError, UnlockError};

impl KeyServices {
    /// Recovers the data key (spec/sops-format §6, §10). All groups are tried, also when enough have opened.
    ///
    /// # Errors
    ///
    /// Every key tried and why it did not open, and every place where identities were looked for.
    pub async fn unlock(&self, metadata: &Metadata) -> Result<DataKey, UnlockError> {
        let groups = &metadata.key_groups;
        // One group holds the key itself; of several, two are the least that a polynomial can have.
        let needed = if groups.len() <= 1 {
            1
        } else {
            (metadata.shamir_threshold as usize).max(2)
        };
        let mut opened = Vec::new();
        let mut attempts = Vec::new();
        let mut dear = Dear::default();
        for (number, group) in groups.iter().enumerate() {
            if let Some((key, share)) = self.open_group(number, group, &mut dear, &mut attempts).await {
                opened.push((number, key, share));
            }
        }
        if opened.len() < needed {
            return Err(UnlockError::TooFewGroups {
                opened: opened.len(),
                groups: groups.len(),
                needed,
                opened_groups: opened.iter().map(|(number, _, _)| *number).collect(),
                attempts,
                looked: self.looked(groups),
            });
        }
        match opened.as_slice() {
            [(_, key, share)] if groups.len() == 1 => {
                DataKey::from_bytes(share.expose_secret()).ok_or_else(|| UnlockError::WrongLength {
                    name: format!("master key {}", public_name(key)),
                })
            }
            opened => {
                let shares: Vec<&[u8]> = opened.iter().map(|(_, _, share)| share.expose_secret()).collect();
                shamir::combine(&shares).map_err(|_| UnlockError::WrongLength {
                    name: "key groups".to_owned(),
                })
            }
        }
    }

    /// Opens a file that the program `age` made, armored or not, with the identities that open SOPS files too.
    ///
    /// # Errors
    ///
    /// As for [`unlock`](Self::unlock).
    #[cfg(feature = "age")]
    pub async fn open_age_file(&self, file: &[u8]) -> Result<KeyShare, UnlockError> {
        // A SOPS file keeps its data key in just such a file.
        let group = KeyGroup(vec![MasterKey::Age {
            recipient: String::new(),
            enc: crate::age::armored(file),
        }]);
        let mut attempts = Vec::new();
        if let Some((_, content)) = self
            .open_group(0, &group, &mut Dear::default(), &mut attempts)
            .await
        {
            return Ok(content);
        }
        Err(UnlockError::TooFewGroups {
            opened: 0,
            groups: 1,
            needed: 1,
            opened_groups: Vec::new(),
            attempts,
            looked: self.looked(&[group]),
        })
    }

    /// The first key of a group that opens. Failures are added to `attempts`, one for each key, only if none does.
    async fn open_group<'g>(
        &self,
        number: usize,
        group: &'g KeyGroup,
        dear: &mut Dear,
        attempts: &mut Vec<Attempt>,
    ) -> Option<(&'g MasterKey, KeyShare)> {
        let mut keys: Vec<&MasterKey> = group.0.iter().collect();
        keys.sort_by_key(|key| self.rank(key.kind()));
        let mut failed = Vec::new();
        for alike in keys.chunk_by(|one, other| one.kind() == other.kind()) {
            let mut why: Vec<Option<ProviderError>> = alike.iter().map(|_| None).collect();
            for effort in Effort::ALL {
                for (key, why) in alike.iter().zip(&mut why) {
                    let opened = match self.service(key) {
                        Ok(_) if !dear.allows(effort) => Err(ProviderError::Failed(TOO_MANY.to_owned())),
                        Ok(service) => service.unwrap(key, effort).await,
                        Err(error) => Err(error),
                    };
                    match opened {
                        Ok(share) => return Some((key, share)),
                        // The first thing that is wrong says most; that a later step found nothing says little.
                        Err(error) => {
                            if matches!(why, None | Some(ProviderError::NoIdentity)) {
                                *why = Some(error);
                            }
                        }
                    }
                }
            }
            failed.extend(alike.iter().zip(why).map(|(key, why)| Attempt {
                group: number,
                name: public_name(key),
                kind: key.kind(),
                source: why.unwrap_or(ProviderError::NoIdentity),
            }));
        }
        attempts.extend(failed);
        None
    }
}

/// How many keys of a file were tried with each of the steps that may start programs or ask the person. Whoever wrote
/// the file says how many keys it has: they must not start as many programs (spec/security S-11).
#[derive(Default)]
struct Dear {
    programs: usize,
    asked: usize,
}

impl Dear {
    /// Counts one more; false if it is one too many.
    fn allows(&mut self, effort: Effort) -> bool {
        let tried = match effort {
            Effort::Known | Effort::Quiet => return true,
            Effort::Programs => &mut self.programs,
            Effort::Ask => &mut self.asked,
        };
        *tried += 1;
        *tried <= MOST_KEYS
    }
}

/// Most keys of one file for which programs are started.
const MOST_KEYS: usize = 256;
const TOO_MANY: &str = "identity not available; no program was run for it, the file has too many keys";
