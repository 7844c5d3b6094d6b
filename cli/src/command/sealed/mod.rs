//! Commands on sealed files (spec/sealed-secrets): SealedSecrets, their certificates and keys.

pub mod certs;
pub mod connection;
pub mod edit;
pub mod explain;
pub mod fetch_cert;
pub mod get;
pub mod item;
pub mod judge;
pub mod keys;
pub mod names;
pub mod object_args;
pub mod rename_key;
pub mod reseal;
pub mod ring;
pub mod seal;
pub mod set;
pub mod source;
pub mod text;
pub mod unseal;
pub mod unset;
