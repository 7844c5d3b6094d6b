//! Names of master keys for people.
//!
//! A name is public, unless somebody pasted a private key where a recipient belongs: on the command line, in a rule, or
//! in the metadata of a file. Then it is not repeated anywhere.

use sops::MasterKey;

/// The name of a key for messages, reports and logs; a private key in its place is not shown.
pub fn public_name(key: &MasterKey) -> String {
    if holds_private_key(key) {
        PRIVATE.to_owned()
    } else {
        key.name()
    }
}

/// Whether a private key stands where a recipient, a fingerprint or an address of a key belongs.
pub fn holds_private_key(key: &MasterKey) -> bool {
    let name = key.name();
    looks_private(&name) || matches!(key, MasterKey::Age { .. }) && looks_secret(&name)
}

/// Whether a text has the marks of a private key, in any case, and however its white space was lost on the way.
pub fn looks_private(text: &str) -> bool {
    let compact: String = text
        .chars()
        .filter(|char| !char.is_whitespace() && !char.is_control())
        .map(|char| char.to_ascii_uppercase())
        .collect();
    MARKS.iter().any(|mark| compact.contains(mark))
        || WORDS.iter().any(|word| {
            compact
                .match_indices(word)
                .any(|(at, _)| is_identity(&compact, at))
        })
}

/// The same for a place where only age recipients belong: there the half of a prefix is enough.
pub(crate) fn looks_secret(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    looks_private(text)
        || ["AGE-SECRET", "SECRET-KEY"]
            .iter()
            .any(|mark| upper.contains(mark))
}

/// Whether an identity begins here. A key of a cloud may well be called `storage-secret-key-1`; then nothing follows, and
/// a word goes before. In a key file that lost its line breaks a word goes before, and the key follows.
fn is_identity(text: &str, at: usize) -> bool {
    let (before, from) = text.split_at_checked(at).unwrap_or(("", text));
    let begins_word = before
        .chars()
        .next_back()
        .is_none_or(|char| !char.is_ascii_alphanumeric() && char != '-');
    let is_data = |part: &str| part.bytes().take_while(u8::is_ascii_alphanumeric).count() >= LEAST_DATA;
    begins_word
        || from
            .match_indices("-1")
            .any(|(at, one)| from.get(at + one.len()..).is_some_and(is_data))
}

const PRIVATE: &str = "(a private key)";
/// The frame of PEM and PGP blocks without their blanks, and how the body of an OpenSSH key begins.
const MARKS: [&str; 3] = ["-----BEGIN", "PRIVATEKEY-----", "B3BLBNNZAC1RZXK"];
/// So many characters behind the prefix are a key, or enough of one.
const LEAST_DATA: usize = 10;
/// How identities of age begin.
const WORDS: [&str; 3] = ["AGE-SECRET-KEY-1", "AGE-SECRET-KEY-PQ-1", "AGE-PLUGIN-"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_known_wherever_it_stands() {
        let pgp = |text: &str| MasterKey::Pgp {
            fingerprint: text.to_owned(),
            created_at: String::new(),
            enc: String::new(),
        };
        let kms = |text: &str| MasterKey::AwsKms {
            arn: text.to_owned(),
            role: String::new(),
            context: Vec::new(),
            aws_profile: String::new(),
            created_at: String::new(),
            enc: String::new(),
        };
        let openssh = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAA\n-----END OPENSSH PRIVATE KEY-----\n";
        let cases = [
            ("identity", MasterKey::age("AGE-SECRET-KEY-1QQ"), true),
            ("lower case", MasterKey::age("age-secret-key-1qq"), true),
            ("post-quantum", MasterKey::age("AGE-SECRET-KEY-PQ-1QQ"), true),
            ("plugin identity", MasterKey::age("AGE-PLUGIN-X-1QQ"), true),
            ("half a prefix", MasterKey::age("AGE-SECRET-K"), true),
            (
                "a whole file",
                MasterKey::age("# public key: age1qq\nAGE-SECRET-KEY-1QQ"),
                true,
            ),
            (
                "a file that lost its line breaks",
                pgp("age1qqAGE-SECRET-KEY-1QQPPQQPPQQPP"),
                true,
            ),
            ("openssh", MasterKey::age(openssh), true),
            ("identity as fingerprint", pgp("AGE-SECRET-KEY-1QQ"), true),
            (
                "openssh without blanks",
                pgp(&openssh.replace([' ', '\n'], "")),
                true,
            ),
            ("body alone", pgp("b3BlbnNzaC1rZXktdjEAAAA"), true),
            ("identity as address", kms("AGE-SECRET-KEY-1QQ"), true),
            ("recipient", MasterKey::age("age1qq"), false),
            (
                "fingerprint",
                pgp("85D77543B3D624B63CEA9E6DBC17301B491B3F21"),
                false,
            ),
            (
                "alias of a cloud",
                kms("arn:aws:kms:eu-west-1:1111:alias/storage-secret-key-1"),
                false,
            ),
        ];
        for (name, key, want) in cases {
            assert_eq!(holds_private_key(&key), want, "case: {name}");
            let shown = public_name(&key);
            assert_eq!(shown == PRIVATE, want, "case: {name}: {shown}");
        }
    }
}
