//! The joint behind which a kind of master key lives.

use std::future::Future;
use std::pin::Pin;

use sops::{KeyGroup, KeyKind, KeyShare, MasterKey};

use crate::{ProviderError, Settings, SettingsError};

/// A future that borrows, boxed: what a wire gives back.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How far a service may go to open a share. All keys of a kind are tried with one step before any is tried with the
/// next, so that nobody is asked for a passphrase while another key opens by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// With the key that is known to belong to this master key.
    Known,
    /// With all keys at hand; no program is run, nobody is asked.
    Quiet,
    /// Programs of the user may be run: commands that print keys, plugins.
    Programs,
    /// The person may be asked.
    Ask,
}

impl Effort {
    /// All steps, from cheap to dear.
    pub const ALL: [Self; 4] = [Self::Known, Self::Quiet, Self::Programs, Self::Ask];
}

/// Opens and wraps shares of data keys for some kinds of master key.
pub trait KeyService: Send + Sync {
    /// Whether this service speaks for that kind of key.
    fn handles(&self, key: &MasterKey) -> bool;

    /// Wraps a share; gives the text for `enc`.
    fn wrap<'a>(
        &'a self,
        key: &'a MasterKey,
        share: &'a KeyShare,
    ) -> BoxFuture<'a, Result<String, ProviderError>>;

    /// Opens the share that `key` wrapped, by what this step adds to the steps before it.
    fn unwrap<'a>(
        &'a self,
        key: &'a MasterKey,
        effort: Effort,
    ) -> BoxFuture<'a, Result<KeyShare, ProviderError>>;

    /// Where keys were looked for, and what was there or why not: one line each, for people, without key material.
    fn looked(&self) -> Vec<String> {
        Vec::new()
    }
}

/// The key services of one run: one session each, shared by all files and threads.
pub struct KeyServices {
    services: Vec<Box<dyn KeyService>>,
    order: Vec<KeyKind>,
}

impl KeyServices {
    /// Sets up every service this build has. Nothing is read and nobody is asked before a file needs it;
    /// what was read is kept for the next file.
    ///
    /// # Errors
    ///
    /// A setting that cannot be.
    pub fn assemble(settings: Settings) -> Result<Self, SettingsError> {
        let order = settings.decryption_order.clone();
        if let Some(kind) = order
            .iter()
            .enumerate()
            .find(|(at, kind)| order[..*at].contains(kind))
        {
            return Err(SettingsError::Bad {
                name: "decryption order".to_owned(),
                what: format!("{} is named twice", kind.1),
            });
        }
        Ok(Self {
            services: services(settings),
            order,
        })
    }

    /// The service for a key.
    pub(crate) fn service(&self, key: &MasterKey) -> Result<&dyn KeyService, ProviderError> {
        let service = self.services.iter().find(|service| service.handles(key));
        service
            .map(AsRef::as_ref)
            .ok_or_else(|| ProviderError::Unsupported { kind: key.kind() })
    }

    /// Where a kind stands in the decryption order; kinds that it does not name come last.
    pub(crate) fn rank(&self, kind: KeyKind) -> usize {
        self.order
            .iter()
            .position(|named| *named == kind)
            .unwrap_or(self.order.len())
    }

    /// Where keys were looked for so far, by the services that this file's keys need.
    pub(crate) fn looked(&self, groups: &[KeyGroup]) -> Vec<String> {
        let keys = || groups.iter().flat_map(|group| &group.0);
        let services = self
            .services
            .iter()
            .filter(|service| keys().any(|key| service.handles(key)));
        services.flat_map(|service| service.looked()).collect()
    }
}

#[cfg(feature = "age")]
fn services(settings: Settings) -> Vec<Box<dyn KeyService>> {
    vec![Box::new(crate::age::AgeService::new(settings))]
}

#[cfg(not(feature = "age"))]
fn services(_settings: Settings) -> Vec<Box<dyn KeyService>> {
    Vec::new()
}

/// A result that is there already: what a service without a wire gives back.
#[cfg(feature = "age")]
pub(crate) fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}
