//! From what kubeconfig and flags select to the settings of the client: address, trust, identity, proxy, time-out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::Uri;
use kube::Config;
use kube::config::{
    AuthInfo, Cluster, Context, KubeConfigOptions, Kubeconfig, KubeconfigError, NamedAuthInfo, NamedCluster,
    NamedContext,
};
use secrecy::{ExposeSecret, SecretString};

use super::kubeconfig::{self, Selected, given};
use super::{ClusterError, Connection, exec, proxy};
use crate::io::Io;

/// Settings of the client, and how long one call may take.
pub(super) struct Settings {
    /// For the client library.
    pub(super) config: Config,
    /// Of one call, the answer included; `None` is no limit.
    pub(super) timeout: Option<Duration>,
}

/// Makes the settings: reads the files that they name, and runs an exec plugin.
///
/// # Errors
///
/// [`ClusterError::NoConfiguration`], [`ClusterError::Configuration`]; [`ClusterError::Service`] for a plugin.
pub(super) async fn settings(connection: &Connection, io: &Io) -> Result<Settings, ClusterError> {
    let timeout = timeout(connection)?;
    let mut config = match kubeconfig::select(connection, io) {
        Ok(selected) => from_selected(selected, connection, io).await?,
        Err(ClusterError::NoConfiguration) if kubeconfig::in_cluster(io) => from_pod(connection)?,
        Err(error) => return Err(error),
    };
    // Ours wait for Retry-After, which these do not (`client`).
    config.default_retry = false;
    config.write_timeout = None;
    Ok(Settings { config, timeout })
}

async fn from_selected(selected: Selected, connection: &Connection, io: &Io) -> Result<Config, ClusterError> {
    check(&selected, |path| as_typed(path, connection, io))?;
    let Selected {
        cluster_name,
        mut cluster,
        user_name,
        mut user,
        ..
    } = selected;
    let has_authority =
        cluster.certificate_authority.is_some() || cluster.certificate_authority_data.is_some();
    let insecure = cluster.insecure_skip_tls_verify == Some(true);
    if has_authority && insecure {
        return Err(ClusterError::Configuration(
            "specifying a root certificates file with the insecure flag is not allowed".to_owned(),
        ));
    }
    let server = with_scheme(cluster.server.as_deref().unwrap_or_default());
    let proxy = proxy_of(&cluster, &server, io)?;
    cluster.server = Some(server.clone());
    exec::resolve(&mut user, &cluster, io)
        .map_err(|why| ClusterError::Service(format!("Get \"{server}\": {why}")))?;
    if user.username.is_some() {
        // The library wants both; an empty password is one.
        user.password.get_or_insert_with(|| String::new().into());
    }
    // The library would read the proxy variables of the process: wrongly for NO_PROXY, and behind the back of `io`.
    cluster.proxy_url = Some("http://unused.invalid".to_owned());
    let mut config = Config::from_custom_kubeconfig(alone(cluster, user), &KubeConfigOptions::default())
        .await
        .map_err(|error| unusable(&error, &cluster_name, &user_name))?;
    config.proxy_url = proxy;
    Ok(config)
}

/// A configuration of one cluster and one user.
fn alone(cluster: Cluster, user: AuthInfo) -> Kubeconfig {
    let name = || "it".to_owned();
    Kubeconfig {
        clusters: vec![NamedCluster {
            name: name(),
            cluster: Some(cluster),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo {
            name: name(),
            auth_info: Some(user),
            ..NamedAuthInfo::default()
        }],
        contexts: vec![NamedContext {
            name: name(),
            context: Some(Context {
                cluster: name(),
                user: Some(name()),
                ..Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some(name()),
        ..Kubeconfig::default()
    }
}

/// The identity of the pod; flags may put another in its place.
fn from_pod(connection: &Connection) -> Result<Config, ClusterError> {
    let mut config = Config::incluster_env().map_err(|_| {
        ClusterError::Configuration("the files of the service account cannot be read".to_owned())
    })?;
    if let Some(token) = connection
        .token
        .as_ref()
        .filter(|token| !token.expose_secret().is_empty())
    {
        config.auth_info.token = Some(token.clone());
        config.auth_info.token_file = None;
    }
    config.auth_info.impersonate = given(connection.as_user.as_ref());
    config.auth_info.impersonate_uid = given(connection.as_uid.as_ref());
    config.auth_info.impersonate_groups = Some(connection.as_groups.clone());
    Ok(config)
}

/// One way to say who one is, and it is complete; the files that are named can be read. All that is wrong is said at once.
fn check(selected: &Selected, shown: impl Fn(&Path) -> PathBuf) -> Result<(), ClusterError> {
    let Selected {
        cluster_name,
        cluster,
        user_name,
        user,
        ..
    } = selected;
    let mut wrong = Vec::new();
    let unread = |what: &str, whose: &str, data: bool, file: Option<&String>| {
        let path = Path::new(file.filter(|_| !data)?);
        let error = std::fs::File::open(path).err()?;
        let (path, why) = (shown(path), crate::certificate::plain_words(&error));
        let path = path.display();
        Some(format!(
            "unable to read {what} {path} for {whose} due to open {path}: {why}"
        ))
    };
    let certificate = user.client_certificate.is_some() || user.client_certificate_data.is_some();
    if certificate {
        if user.client_key.is_none() && user.client_key_data.is_none() {
            wrong.push(format!(
                "client-key-data or client-key must be specified for {user_name} to use the clientCert authentication method."
            ));
        }
        let has_data = user.client_certificate_data.is_some();
        wrong.extend(unread(
            "client-cert",
            user_name,
            has_data,
            user.client_certificate.as_ref(),
        ));
        wrong.extend(unread(
            "client-key",
            user_name,
            user.client_key_data.is_some(),
            user.client_key.as_ref(),
        ));
    }
    let says =
        |secret: &Option<SecretString>| secret.as_ref().is_some_and(|it| !it.expose_secret().is_empty());
    let basic = user.username.as_ref().is_some_and(|name| !name.is_empty()) || says(&user.password);
    if says(&user.token) && basic {
        wrong.push(format!(
            "more than one authentication method found for {user_name}; found [token basicAuth], only one is allowed"
        ));
    }
    let details = user.impersonate_uid.is_some() || user.impersonate_groups.iter().flatten().next().is_some();
    if details && user.impersonate.is_none() {
        wrong.push(format!(
            "requesting uid or groups for {user_name} without impersonating a user"
        ));
    }
    let has_data = cluster.certificate_authority_data.is_some();
    wrong.extend(unread(
        "certificate-authority",
        cluster_name,
        has_data,
        cluster.certificate_authority.as_ref(),
    ));
    let text = match &wrong[..] {
        [] => return known_provider(user),
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    Err(ClusterError::Configuration(format!(
        "invalid configuration: {text}"
    )))
}

/// Of the old providers one is left.
fn known_provider(user: &AuthInfo) -> Result<(), ClusterError> {
    match user
        .auth_provider
        .as_ref()
        .filter(|provider| provider.name != "oidc")
    {
        None => Ok(()),
        Some(provider) => Err(ClusterError::Configuration(format!(
            "the auth provider {} is gone from Kubernetes' own client; use an exec plugin",
            provider.name
        ))),
    }
}

/// A server without a scheme is spoken to in plain HTTP, whatever is said about trust, as with the peer.
fn with_scheme(server: &str) -> String {
    match server.contains("://") {
        true => server.to_owned(),
        false => format!("http://{server}"),
    }
}

/// The cluster's own proxy, else that of the environment.
fn proxy_of(cluster: &Cluster, server: &str, io: &Io) -> Result<Option<Uri>, ClusterError> {
    let invalid = |what: &str| ClusterError::Configuration(format!("{what} is not a URL"));
    let server: Uri = server.parse().map_err(|_| invalid("the server"))?;
    let (Some(scheme), Some(host)) = (server.scheme_str(), server.host()) else {
        return Err(invalid("the server"));
    };
    let url = given(cluster.proxy_url.as_ref()).or_else(|| {
        let port = server
            .port_u16()
            .unwrap_or(if scheme == "https" { 443 } else { 80 });
        proxy::for_request(scheme, host, port, io)
    });
    url.map(|url| url.replacen("socks5h://", "socks5://", 1).parse())
        .transpose()
        .map_err(|_| invalid("the proxy"))
}

/// What is wrong with the content of the files that a kubeconfig names, without what they hold.
pub(super) fn unusable(error: &KubeconfigError, cluster: &str, user: &str) -> ClusterError {
    let text = match error {
        KubeconfigError::LoadCertificateAuthority(_) => {
            format!("the certificate-authority of {cluster} cannot be read")
        }
        KubeconfigError::LoadClientCertificate(_) => {
            format!("the client certificate of {user} cannot be read")
        }
        KubeconfigError::LoadClientKey(_) => format!("the client key of {user} cannot be read"),
        KubeconfigError::ParseClusterUrl(_) => "the server is not a URL".to_owned(),
        KubeconfigError::ParseNoProxy(_) => "NO_PROXY cannot be read".to_owned(),
        _ => format!("the certificate-authority of {cluster} holds no certificate"),
    };
    ClusterError::Configuration(text)
}

/// The path of a flag as it was given; any other as it is.
fn as_typed(path: &Path, connection: &Connection, io: &Io) -> PathBuf {
    let flags = [
        &connection.certificate_authority,
        &connection.client_certificate,
        &connection.client_key,
    ];
    let typed = flags
        .into_iter()
        .flatten()
        .find(|typed| io.resolve(typed) == path);
    typed.map_or_else(|| path.to_owned(), PathBuf::clone)
}

/// Reads `--request-timeout`: a number of seconds, or numbers with units; 0 is no limit.
fn timeout(connection: &Connection) -> Result<Option<Duration>, ClusterError> {
    let Some(text) = given(connection.request_timeout.as_ref()) else {
        return Ok(Some(DEFAULT_TIMEOUT));
    };
    match duration(&text) {
        Some(Duration::ZERO) => Ok(None),
        Some(duration) => Ok(Some(duration)),
        None => Err(ClusterError::Configuration(BAD_TIMEOUT.to_owned())),
    }
}

/// A duration as Go writes it (`1m30s`, `0.5h`), or whole seconds.
fn duration(text: &str) -> Option<Duration> {
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let mut rest = text;
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        seconds += number
            * match rest.get(..unit)? {
                "ns" => 1e-9,
                "us" | "µs" | "μs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = rest.get(unit..)?;
    }
    Duration::try_from_secs_f64(seconds).ok()
}

/// Of a call where no flag says otherwise: longer than an API server takes for one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

const BAD_TIMEOUT: &str = "Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by \
                           a corresponding time unit (e.g. 1s | 2m | 3h)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        let cases = [
            ("0", Some(0.0)),
            ("30", Some(30.0)),
            ("30s", Some(30.0)),
            ("1m30s", Some(90.0)),
            ("0.5h", Some(1800.0)),
            ("500ms", Some(0.5)),
            ("abc", None),
            ("3 s", None),
            ("-1s", None),
            ("s", None),
            ("1d", None),
        ];
        for (text, want) in cases {
            assert_eq!(duration(text), want.map(Duration::from_secs_f64), "case: {text}");
        }
    }
}
