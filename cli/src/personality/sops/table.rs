//! The commands and flags of sops: spec/sops-cli §2 and §3 as data.

use crate::personality::flags::Flag;

/// One command.
pub(super) struct Command {
    /// Its word.
    pub(super) name: &'static str,
    /// What stands behind the flags in the usage line.
    pub(super) words: &'static str,
    /// One line of help.
    pub(super) about: &'static str,
    /// Its own flags.
    pub(super) flags: &'static [&'static [Flag]],
    /// What it is here.
    pub(super) kind: Kind,
}

/// Which command it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Completion,
    Decrypt,
    Edit,
    Encrypt,
    FileStatus,
    /// Known by name, refused.
    Later,
    Rotate,
    Set,
    Unset,
    UpdateKeys,
}

impl Command {
    /// All its flags in one list.
    pub(super) fn all_flags(&self) -> Vec<Flag> {
        self.flags.concat()
    }
}

/// The command of that word.
pub(super) fn command(word: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == word)
}

/// The flags of the root command, in one list.
pub(super) fn root_flags() -> Vec<Flag> {
    ROOT.concat()
}

/// `--help`, which every command has without listing it.
pub(super) const HELP: Flag = Flag::switch(&["help", "h"], "show help");

/// The commands, in the order of the help.
pub(super) const COMMANDS: &[Command] = &[
    Command {
        name: "completion",
        words: "command",
        about: "print a completion script for bash or zsh",
        flags: &[],
        kind: Kind::Completion,
    },
    later(
        "exec-env",
        "run a command with the decrypted values in its environment",
    ),
    later(
        "exec-file",
        "run a command with the decrypted file as a temporary file",
    ),
    later("publish", "publish a file or folder where the configuration says"),
    later("keyservice", "serve this machine's keys to other processes"),
    Command {
        name: "filestatus",
        words: "file",
        about: "say whether a file is encrypted",
        flags: &[&[INPUT_TYPE]],
        kind: Kind::FileStatus,
    },
    later("groups", "add or delete key groups of a file"),
    Command {
        name: "updatekeys",
        words: "file...",
        about: "make the keys of files those of the matching creation rule",
        flags: &[
            &[Flag::switch(&["yes", "y"], "do not ask"), INPUT_TYPE],
            KEY_SERVICES,
        ],
        kind: Kind::UpdateKeys,
    },
    Command {
        name: "decrypt",
        words: "[file]",
        about: "decrypt a file to standard output; without a file, standard input",
        flags: &[
            &[IN_PLACE, EXTRACT, OUTPUT],
            TYPES,
            &[IGNORE_MAC, FILENAME_OVERRIDE, ORDER],
            KEY_SERVICES,
        ],
        kind: Kind::Decrypt,
    },
    Command {
        name: "encrypt",
        words: "[file]",
        about: "encrypt a file to standard output; without a file, standard input",
        flags: &[
            &[IN_PLACE, OUTPUT],
            KEYS,
            TYPES,
            SELECTION,
            &[CONTEXT, THRESHOLD, FILENAME_OVERRIDE],
            KEY_SERVICES,
        ],
        kind: Kind::Encrypt,
    },
    Command {
        name: "rotate",
        words: "file",
        about: "encrypt all values anew with a new data key",
        flags: &[
            &[IN_PLACE, OUTPUT],
            TYPES,
            &[CONTEXT],
            ADD_REMOVE,
            &[FILENAME_OVERRIDE, ORDER],
            KEY_SERVICES,
        ],
        kind: Kind::Rotate,
    },
    Command {
        name: "edit",
        words: "file",
        about: "edit an encrypted file, or make a new one",
        flags: &[
            KEYS,
            TYPES,
            SELECTION,
            &[CONTEXT, THRESHOLD, SHOW_KEYS, IGNORE_MAC, ORDER],
            KEY_SERVICES,
        ],
        kind: Kind::Edit,
    },
    Command {
        name: "set",
        words: "file index [ value ]",
        about: "set one value; index like '[\"key\"][0]', value as JSON",
        flags: &[
            TYPES,
            &[
                Flag::switch(
                    &["value-file"],
                    "the value is the name of a file that holds it (keeps it out of process lists)",
                ),
                Flag::switch(
                    &["value-stdin"],
                    "read the value from standard input (keeps it out of process lists)",
                ),
                THRESHOLD,
                IGNORE_MAC,
                ORDER,
                Flag::switch(&["idempotent"], "write nothing if the value is there already"),
            ],
            KEY_SERVICES,
        ],
        kind: Kind::Set,
    },
    Command {
        name: "unset",
        words: "file index",
        about: "remove one value; index like '[\"key\"][0]'",
        flags: &[
            TYPES,
            &[
                THRESHOLD,
                IGNORE_MAC,
                ORDER,
                Flag::switch(&["idempotent"], "do nothing if there is no such value"),
            ],
            KEY_SERVICES,
        ],
        kind: Kind::Unset,
    },
];

const ROOT: &[&[Flag]] = &[
    &[
        Flag::switch(&["decrypt", "d"], "decrypt a file to standard output"),
        Flag::switch(&["encrypt", "e"], "encrypt a file to standard output"),
        Flag::switch(&["rotate", "r"], "encrypt all values anew with a new data key"),
        Flag::switch(
            &["disable-version-check"],
            "accepted; no version is ever looked up",
        )
        .or_variable("SOPS_DISABLE_VERSION_CHECK"),
        Flag::switch(&["check-for-updates"], "accepted; no version is ever looked up"),
    ],
    KEYS,
    &[IN_PLACE, EXTRACT],
    TYPES,
    &[SHOW_KEYS],
    ADD_REMOVE,
    &[
        IGNORE_MAC,
        Flag::switch(&["mac-only-encrypted"], "let the MAC cover encrypted values only"),
    ],
    SELECTION,
    &[
        Flag::text(
            &["unencrypted-comment-regex"],
            "leave in clear what stands below a matching comment",
        ),
        Flag::text(
            &["encrypted-comment-regex"],
            "encrypt only what stands below a matching comment",
        ),
        Flag::text(&["config"], "the configuration file; none is searched for then")
            .or_variable("SOPS_CONFIG"),
        CONTEXT,
        Flag::text(
            &["set"],
            "set one value, as in '[\"key\"][0] {\"some\": \"json\"}'",
        ),
        THRESHOLD,
        Flag::number(&["indent"], "spaces of indentation in YAML and JSON output"),
        Flag::switch(&["verbose"], "tell more"),
        OUTPUT,
        FILENAME_OVERRIDE,
        ORDER,
    ],
    KEY_SERVICES,
    &[HELP, Flag::switch(&["version", "v"], "print the version")],
];

const IN_PLACE: Flag = Flag::switch(&["in-place", "i"], "write the result to the file itself");
const OUTPUT: Flag = Flag::text(&["output"], "write the result to this file");
const EXTRACT: Flag = Flag::text(&["extract"], "print one value only, as in '[\"key\"][0]'");
const IGNORE_MAC: Flag = Flag::switch(&["ignore-mac"], "decrypt although the MAC does not hold");
const SHOW_KEYS: Flag = Flag::switch(
    &["show-master-keys", "s"],
    "show the sops block in the editor too",
);
const FILENAME_OVERRIDE: Flag = Flag::text(
    &["filename-override"],
    "the name that decides the file type and the creation rule",
);
const CONTEXT: Flag = Flag::text(
    &["encryption-context"],
    "KMS encryption context: key:value pairs, by commas",
);
const THRESHOLD: Flag = Flag::number(
    &["shamir-secret-sharing-threshold"],
    "how many key groups are needed to decrypt",
);
const ORDER: Flag = Flag::text(
    &["decryption-order"],
    "kinds of key in the order in which they are tried, by commas",
)
.or_variable("SOPS_DECRYPTION_ORDER");
const INPUT_TYPE: Flag = Flag::text(
    &["input-type"],
    "json, yaml, dotenv, ini or binary; else by the file name",
);

const TYPES: &[Flag] = &[
    INPUT_TYPE,
    Flag::text(
        &["output-type"],
        "json, yaml, dotenv, ini or binary; else by the file name",
    ),
];

const KEY_SERVICES: &[Flag] = &[
    Flag::switch(
        &["enable-local-keyservice"],
        "use the keys of this machine (on by default)",
    )
    .on()
    .or_variable("SOPS_ENABLE_LOCAL_KEYSERVICE"),
    Flag::list(
        &["keyservice"],
        "protocol://address of one more key service; may be repeated",
    )
    .or_variable("SOPS_KEYSERVICE"),
];

const KEYS: &[Flag] = &[
    Flag::text(&["kms", "k"], "ARNs of AWS KMS keys, by commas").or_variable("SOPS_KMS_ARN"),
    Flag::text(&["aws-profile"], "the AWS profile to use"),
    Flag::text(&["gcp-kms"], "resource ids of GCP KMS keys, by commas").or_variable("SOPS_GCP_KMS_IDS"),
    Flag::text(&["hckms"], "HuaweiCloud KMS keys (region:key-uuid), by commas")
        .or_variable("SOPS_HUAWEICLOUD_KMS_IDS"),
    Flag::text(&["azure-kv"], "URLs of Azure Key Vault keys, by commas")
        .or_variable("SOPS_AZURE_KEYVAULT_URLS"),
    Flag::text(&["hc-vault-transit"], "URIs of Vault transit keys, by commas").or_variable("SOPS_VAULT_URIS"),
    Flag::text(&["pgp", "p"], "PGP fingerprints, by commas").or_variable("SOPS_PGP_FP"),
    Flag::text(&["age", "a"], "age recipients, by commas").or_variable("SOPS_AGE_RECIPIENTS"),
];

const SELECTION: &[Flag] = &[
    Flag::text(
        &["unencrypted-suffix"],
        "leave in clear what stands below a key with this ending",
    ),
    Flag::text(
        &["encrypted-suffix"],
        "encrypt only what stands below a key with this ending",
    ),
    Flag::text(
        &["unencrypted-regex"],
        "leave in clear what stands below a matching key",
    ),
    Flag::text(
        &["encrypted-regex"],
        "encrypt only what stands below a matching key",
    ),
];

const ADD_REMOVE: &[Flag] = &[
    Flag::text(&["add-gcp-kms"], "GCP KMS keys to add, by commas"),
    Flag::text(&["rm-gcp-kms"], "GCP KMS keys to remove, by commas"),
    Flag::text(&["add-hckms"], "HuaweiCloud KMS keys to add, by commas"),
    Flag::text(&["rm-hckms"], "HuaweiCloud KMS keys to remove, by commas"),
    Flag::text(&["add-azure-kv"], "Azure Key Vault keys to add, by commas"),
    Flag::text(&["rm-azure-kv"], "Azure Key Vault keys to remove, by commas"),
    Flag::text(&["add-kms"], "AWS KMS keys to add, by commas"),
    Flag::text(&["rm-kms"], "AWS KMS keys to remove, by commas"),
    Flag::text(&["add-hc-vault-transit"], "Vault transit keys to add, by commas"),
    Flag::text(
        &["rm-hc-vault-transit"],
        "Vault transit keys to remove, by commas",
    ),
    Flag::text(&["add-age"], "age recipients to add, by commas"),
    Flag::text(&["rm-age"], "age recipients to remove, by commas"),
    Flag::text(&["add-pgp"], "PGP fingerprints to add, by commas"),
    Flag::text(&["rm-pgp"], "PGP fingerprints to remove, by commas"),
];

const fn later(name: &'static str, about: &'static str) -> Command {
    Command {
        name,
        words: "...",
        about,
        flags: &[],
        kind: Kind::Later,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_spelling_stands_for_two_flags() {
        let tables = COMMANDS.iter().map(|command| (command.name, command.all_flags()));
        for (name, flags) in tables.chain([("root", root_flags())]) {
            let mut seen = BTreeSet::new();
            for spelling in flags.iter().flat_map(|flag| flag.names) {
                assert!(seen.insert(*spelling), "{name}: {spelling}");
            }
        }
    }

    #[test]
    fn every_add_has_its_remove() {
        let names: BTreeSet<_> = ADD_REMOVE.iter().map(Flag::name).collect();
        for kind in [
            "age",
            "azure-kv",
            "gcp-kms",
            "hc-vault-transit",
            "hckms",
            "kms",
            "pgp",
        ] {
            assert!(names.contains(format!("add-{kind}").as_str()), "{kind}");
            assert!(names.contains(format!("rm-{kind}").as_str()), "{kind}");
        }
    }
}
