//! Groups of flags of sops, as the groups of flags that our commands take.

use std::path::PathBuf;

use ::sops::Store;

use crate::args::{AddRemoveArgs, ConfigArgs, IdentityArgs, KeyArgs, OutputArgs, SelectorArgs, TypeArgs};
use crate::personality::flags::Parsed;

/// A type that does not exist counts as not given, as sops does.
pub(super) fn types(own: &Parsed) -> TypeArgs {
    let known = |name| Some(own.text(name)).filter(|word| Store::from_word(word).is_some());
    TypeArgs {
        input_type: known("input-type"),
        output_type: known("output-type"),
    }
}

pub(super) fn config_args(global: &Parsed) -> ConfigArgs {
    ConfigArgs {
        config: global.word("config").map(PathBuf::from),
        indent: global.is_set("indent").then(|| global.number("indent")),
    }
}

pub(super) fn output(own: &Parsed) -> OutputArgs {
    OutputArgs {
        in_place: own.on("in-place"),
        output: own.word("output").map(PathBuf::from),
        ..OutputArgs::default()
    }
}

pub(super) fn identity(own: &Parsed) -> IdentityArgs {
    IdentityArgs {
        decryption_order: list(own, "decryption-order"),
        ..IdentityArgs::default()
    }
}

pub(super) fn keys(own: &Parsed) -> KeyArgs {
    KeyArgs {
        age: list(own, "age"),
        pgp: list(own, "pgp"),
        kms: list(own, "kms"),
        aws_profile: list(own, "aws-profile"),
        gcp_kms: list(own, "gcp-kms"),
        hckms: list(own, "hckms"),
        azure_kv: list(own, "azure-kv"),
        hc_vault_transit: list(own, "hc-vault-transit"),
        encryption_context: list(own, "encryption-context"),
    }
}

pub(super) fn selector(own: &Parsed) -> SelectorArgs {
    SelectorArgs {
        unencrypted_suffix: list(own, "unencrypted-suffix"),
        encrypted_suffix: list(own, "encrypted-suffix"),
        unencrypted_regex: list(own, "unencrypted-regex"),
        encrypted_regex: list(own, "encrypted-regex"),
        unencrypted_comment_regex: list(own, "unencrypted-comment-regex"),
        encrypted_comment_regex: list(own, "encrypted-comment-regex"),
    }
}

pub(super) fn add_remove(own: &Parsed) -> AddRemoveArgs {
    AddRemoveArgs {
        add_age: list(own, "add-age"),
        rm_age: list(own, "rm-age"),
        add_azure_kv: list(own, "add-azure-kv"),
        rm_azure_kv: list(own, "rm-azure-kv"),
        add_gcp_kms: list(own, "add-gcp-kms"),
        rm_gcp_kms: list(own, "rm-gcp-kms"),
        add_hc_vault_transit: list(own, "add-hc-vault-transit"),
        rm_hc_vault_transit: list(own, "rm-hc-vault-transit"),
        add_hckms: list(own, "add-hckms"),
        rm_hckms: list(own, "rm-hckms"),
        add_kms: list(own, "add-kms"),
        rm_kms: list(own, "rm-kms"),
        add_pgp: list(own, "add-pgp"),
        rm_pgp: list(own, "rm-pgp"),
        encryption_context: list(own, "encryption-context"),
    }
}

fn list(own: &Parsed, name: &str) -> Option<String> {
    own.word(name).map(|word| word.to_string_lossy().into_owned())
}

/// 0 and anything below it count as not given.
pub(super) fn threshold(own: &Parsed) -> Option<u32> {
    u32::try_from(own.number("shamir-secret-sharing-threshold"))
        .ok()
        .filter(|number| *number > 0)
}

/// Whether a flag asks to add or remove a key.
pub(super) fn changes_keys(own: &Parsed) -> bool {
    ADD_REMOVE.iter().any(|name| own.word(name).is_some())
}

const ADD_REMOVE: [&str; 14] = [
    "add-age",
    "rm-age",
    "add-azure-kv",
    "rm-azure-kv",
    "add-gcp-kms",
    "rm-gcp-kms",
    "add-hc-vault-transit",
    "rm-hc-vault-transit",
    "add-hckms",
    "rm-hckms",
    "add-kms",
    "rm-kms",
    "add-pgp",
    "rm-pgp",
];
