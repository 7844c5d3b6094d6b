//! Commands on SOPS files, and what they share.

pub mod batch;
mod bundle;
pub mod change;
pub mod decrypt;
pub mod edit;
pub mod encrypt;
pub mod failures;
pub mod filestatus;
pub mod get;
pub mod keygen;
pub mod proof;
pub mod recipients;
pub mod rotate;
pub mod selection;
pub mod session;
pub mod set;
pub mod steps;
pub mod unset;
pub mod updatekeys;
