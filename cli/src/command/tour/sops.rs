//! SOPS files: key, rule, encrypt, change, decrypt.

use jiff::SignedDuration;

use super::walk::{Walk, broken, narrow};
use crate::error::CliError;

/// Key, rule, encrypt, change, decrypt.
pub(super) fn walk(tour: &mut Walk<'_>) -> Result<(), CliError> {
    tour.title("Make a key. The public half may be known to everyone.")?;
    tour.command(&["keygen", "--output", "age.txt"], SignedDuration::ZERO)?;
    let recipient = tour.read("age.txt")?;
    let recipient = recipient
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .ok_or_else(|| broken("the key file names no public key"))?
        .to_owned();

    tour.title("Say once which values are encrypted, and for whom.")?;
    let rules = format!(
        "creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n"
    );
    tour.write_and_show(".sops.yaml", &rules)?;

    tour.title("Here is a Secret, as it should never be committed.")?;
    tour.write_and_show(SECRET_PATH, SECRET)?;

    tour.title("Encrypt it in place. Only the values change, and a `sops` block comes last.")?;
    tour.command(&["encrypt", "-i", SECRET_PATH], SignedDuration::ZERO)?;
    let encrypted = tour.read(SECRET_PATH)?;
    tour.say(&format!("$ cat {SECRET_PATH}\n{}", narrow(&encrypted)))?;
    if encrypted.contains("hunter2") || !encrypted.contains("ENC[AES256_GCM,") {
        return Err(broken("the values were not encrypted"));
    }

    tour.title("Change one value. One line changes, and with it the MAC and the date.")?;
    // A minute later, so that the date shows: a person is not as fast as this tour.
    let later = SignedDuration::from_secs(60);
    tour.command(&["set", SECRET_PATH, VALUE_PATH, "\"correct horse\""], later)?;
    let changed = tour.read(SECRET_PATH)?;
    let lines = tour.diff("git diff", &encrypted, &changed)?;
    let expected = ["PASSWORD", "lastmodified", "mac"];
    if lines.iter().map(String::as_str).ne(expected) {
        return Err(broken(&format!("these lines changed: {}", lines.join(", "))));
    }

    tour.title("Decrypt. Comments, quotes and blank lines are where they were.")?;
    let plain = tour.command(&["decrypt", SECRET_PATH], later)?;
    let lines = tour.diff("diff with the Secret from above", SECRET, &plain)?;
    if lines != ["PASSWORD"] {
        return Err(broken(&format!("these lines differ: {}", lines.join(", "))));
    }

    tour.title("Put the old value back: the bytes are the original ones.")?;
    tour.command(&["set", SECRET_PATH, VALUE_PATH, "\"hunter2\""], later)?;
    tour.command(&["decrypt", "-i", SECRET_PATH], later)?;
    if tour.read(SECRET_PATH)? != SECRET {
        return Err(broken("the decrypted file is not the original one"));
    }
    tour.say(&format!("The same {} bytes as at the beginning.\n", SECRET.len()))
}

const SECRET_PATH: &str = "apps/web/secret.yaml";

const VALUE_PATH: &str = r#"["stringData"]["PASSWORD"]"#;

const SECRET: &str = r#"# Read by the Deployment beside it.
apiVersion: v1
kind: Secret
metadata:
  name: web
  namespace: web

stringData:
  USER: web          # the same in all clusters
  PASSWORD: "hunter2"
  CERTIFICATE: |
    -----BEGIN CERTIFICATE-----
    bm90IGEgY2VydGlmaWNhdGU=
    -----END CERTIFICATE-----
"#;
