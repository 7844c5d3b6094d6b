//! Programs that a kubeconfig names to get credentials (`exec`): run once for a session.
//!
//! The client library would run the program itself, but three times, with our standard input (which may be the Secret to
//! seal), and its error prints all that the program wrote, tokens included.

use std::io::ErrorKind;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::{AuthInfo, Cluster, ExecAuthCluster, ExecConfig, ExecInteractiveMode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::reason::harmless;
use crate::io::Io;

/// What a program answers; only what is used.
#[derive(Deserialize)]
struct Credential {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    #[serde(default, deserialize_with = "secret")]
    token: Option<SecretString>,
    client_certificate_data: Option<String>,
    #[serde(default, deserialize_with = "secret")]
    client_key_data: Option<SecretString>,
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}

/// Runs the program of a user and puts its answer in the place of the program. A user who has another credential keeps it.
///
/// # Errors
///
/// In words, without what the program wrote to standard output.
pub(super) fn resolve(user: &mut AuthInfo, cluster: &Cluster, io: &Io) -> Result<(), String> {
    let Some(exec) = user.exec.take() else {
        return Ok(());
    };
    if user.token.is_some() || user.token_file.is_some() {
        return Ok(());
    }
    let status = run(&exec, cluster, io).map_err(|why| format!("getting credentials: {why}"))?;
    user.token = status.token;
    if let (Some(certificate), Some(key)) = (status.client_certificate_data, status.client_key_data) {
        user.client_certificate_data = Some(STANDARD.encode(certificate));
        user.client_key_data = Some(STANDARD.encode(key.expose_secret()).into());
    }
    Ok(())
}

fn run(exec: &ExecConfig, cluster: &Cluster, io: &Io) -> Result<Status, String> {
    let name = exec
        .command
        .as_deref()
        .ok_or("exec: the kubeconfig names no command")?;
    let terminal = io.terminal.stdin;
    let interactive = match exec.interactive_mode {
        Some(ExecInteractiveMode::Never) => false,
        Some(ExecInteractiveMode::Always) if !terminal => {
            return Err(format!(
                "exec: executable {name} wants to ask, and standard input is not a terminal"
            ));
        }
        _ => terminal,
    };
    let output = command(exec, name, interactive, cluster)?
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                let hint = exec.install_hint.as_deref().map(harmless).unwrap_or_default();
                format!("exec: executable {name} not found {hint}")
                    .trim_end()
                    .to_owned()
            }
            _ => format!("exec: {}", crate::certificate::plain_words(&error)),
        })?;
    let stdout = Zeroizing::new(output.stdout);
    if !output.status.success() {
        return Err(match output.status.code() {
            Some(code) => format!("exec: executable {name} failed with exit code {code}"),
            None => format!("exec: executable {name} was ended by a signal"),
        });
    }
    // JSON is YAML; some programs answer in the latter.
    let credential: Credential = serde_saphyr::from_slice(&stdout)
        .map_err(|_| format!("exec: the answer of {name} is no ExecCredential"))?;
    let status = credential
        .status
        .ok_or_else(|| format!("exec: the answer of {name} has no status"))?;
    if status.token.is_none() && status.client_certificate_data.is_none() {
        return Err(format!(
            "exec: the answer of {name} has neither a token nor a certificate"
        ));
    }
    Ok(status)
}

fn command(exec: &ExecConfig, name: &str, interactive: bool, cluster: &Cluster) -> Result<Command, String> {
    let mut spec = serde_json::json!({ "interactive": interactive });
    if exec.provide_cluster_info {
        let cluster = ExecAuthCluster::try_from(cluster)
            .map_err(|_| "exec: the certificate authority cannot be read".to_owned())?;
        spec["cluster"] = serde_json::to_value(cluster).map_err(|_| "exec: odd cluster")?;
    }
    let info = serde_json::json!({
        "apiVersion": exec.api_version,
        "kind": "ExecCredential",
        "spec": spec,
    });
    let mut command = Command::new(name);
    command
        .args(exec.args.iter().flatten())
        .envs(exec.env.iter().flatten().filter_map(|entry| {
            let value = |key: &str| entry.get(key);
            Some((value("name")?, value("value")?))
        }))
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .stdin(if interactive {
            Stdio::inherit()
        } else {
            Stdio::null()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit());
    Ok(command)
}
