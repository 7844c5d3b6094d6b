//! SealedSecrets: certificate, seal, change, explain, open.

use jiff::SignedDuration;

use super::walk::{Walk, broken, narrow};
use crate::error::CliError;

/// Key pair, rule, seal, change, explain, open.
pub(super) fn walk(tour: &mut Walk<'_>) -> Result<(), CliError> {
    let now = SignedDuration::ZERO;
    tour.title("Now SealedSecrets. A cluster's controller has a key pair; here we make one in its place.")?;
    tour.command(
        &[
            "keys", "generate", "--output", KEY, "--cert", CERT, "--bits", "2048",
        ],
        now,
    )?;

    tour.title("Say once which files are for which cluster. The certificate is public: commit it.")?;
    tour.write_and_show(".gitseal.yaml", PROJECT)?;

    tour.title("Another Secret, for that cluster.")?;
    tour.write_and_show(SECRET_PATH, SECRET)?;

    tour.title("Seal it in place. No cluster is asked, and only that cluster can open it.")?;
    tour.command(&["seal", "-i", SECRET_PATH], now)?;
    let sealed = tour.read(SECRET_PATH)?;
    tour.say(&format!("$ cat {SECRET_PATH}\n{}", narrow(&sealed)))?;
    if sealed.contains("tr0ub4dor") || !sealed.contains("kind: SealedSecret") {
        return Err(broken("the Secret was not sealed"));
    }

    tour.title("Change one value, with the certificate alone. One line changes.")?;
    tour.write_value("new.txt", "battery staple")?;
    tour.command(&["set", SECRET_PATH, "PASSWORD", "--value-file", "new.txt"], now)?;
    let changed = tour.read(SECRET_PATH)?;
    let lines = tour.diff("git diff", &sealed, &changed)?;
    if lines != ["PASSWORD"] {
        return Err(broken(&format!("these lines changed: {}", lines.join(", "))));
    }

    tour.title("What is it bound to, and who opens it? No key is needed to ask.")?;
    tour.command(&["explain", SECRET_PATH], now)?;

    tour.title("Open it with the cluster's key, as the controller does in the cluster.")?;
    let opened = tour.command(&["unseal", SECRET_PATH, "--key", KEY, "--string-data"], now)?;
    if !opened.contains("battery staple") || !opened.contains("# the database of the shop") {
        return Err(broken("the sealed file did not open to what was sealed"));
    }
    Ok(())
}

const KEY: &str = "cluster/sealing-key.pem";

const CERT: &str = "certs/prod.pem";

const PROJECT: &str = r#"version: 1
clusters:
  prod:
    cert: certs/prod.pem
rules:
  - {path: "clusters/prod/**", clusters: [prod]}
"#;

const SECRET_PATH: &str = "clusters/prod/shop/db.yaml";

const SECRET: &str = r#"# the database of the shop
apiVersion: v1
kind: Secret
metadata:
  name: db
  namespace: shop
stringData:
  USER: shop
  PASSWORD: "tr0ub4dor&3"
"#;
