//! One HTTP client for one API server: a call, its limits and its retries. What is asked is decided in `session`.

use std::time::Duration;

use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, Method, Request, Response};
use http_body_util::BodyExt as _;
use kube::client::{Body, RustlsTlsError};
use tokio::runtime::Runtime;

use super::config::{self, Settings};
use super::{ClusterError, reason};

/// A connection to one API server.
pub(super) struct Client {
    runtime: Runtime,
    client: kube::Client,
    server: http::Uri,
    timeout: Option<Duration>,
}

/// One call.
pub(super) struct Call<'a> {
    /// From the server's root on, with the slash.
    pub(super) path: &'a str,
    /// What is sent, JSON; without it, this is a GET.
    pub(super) body: Option<&'a [u8]>,
    /// What is wanted.
    pub(super) accept: &'static str,
    /// Most bytes of an answer.
    pub(super) max_bytes: usize,
}

/// What came back, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Client {
    /// Makes the client; connects at the first call.
    pub(super) fn new(runtime: Runtime, settings: Settings) -> Result<Self, ClusterError> {
        let server = settings.config.cluster_url.clone();
        let client = {
            let _entered = runtime.enter();
            kube::Client::try_from(settings.config).map_err(|error| match error {
                kube::Error::InferKubeconfig(error) => config::unusable(&error, "the cluster", "the user"),
                // Their words quote what they could not read, byte by byte.
                kube::Error::RustlsTls(RustlsTlsError::AddRootCertificate(_)) => ClusterError::Configuration(
                    "the certificate-authority of the cluster cannot be used".to_owned(),
                ),
                kube::Error::RustlsTls(_) => ClusterError::Configuration(
                    "the client certificate and key of the user cannot be used".to_owned(),
                ),
                error => ClusterError::Configuration(reason::of_failure(&error, &address(&server))),
            })?
        };
        Ok(Self {
            runtime,
            client,
            server,
            timeout: settings.timeout,
        })
    }

    /// Sends one call. Where the server says when to come back, it is asked again, as the peer does.
    ///
    /// # Errors
    ///
    /// The reason, if there is no whole answer.
    pub(super) fn send(&self, call: &Call<'_>) -> Result<Answer, String> {
        self.runtime.block_on(async {
            let mut tries = 0;
            loop {
                let (answer, wait) = self.once(call).await?;
                match wait {
                    Some(wait) if tries < MAX_RETRIES => tokio::time::sleep(wait).await,
                    _ => return Ok(answer),
                }
                tries += 1;
            }
        })
    }

    async fn once(&self, call: &Call<'_>) -> Result<(Answer, Option<Duration>), String> {
        let method = if call.body.is_some() {
            Method::POST
        } else {
            Method::GET
        };
        let verb = if call.body.is_some() { "Post" } else { "Get" };
        let failed = |why: &str| format!("{verb} \"{}\": {why}", self.url(call.path));
        let mut request = Request::builder()
            .method(method)
            .uri(call.path)
            .header(ACCEPT, call.accept);
        if call.body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let body = call
            .body
            .map_or_else(Body::empty, |body| Body::from(body.to_vec()));
        let request = request.body(body).map_err(|_| failed("this is no path"))?;
        let whole = async {
            let response = self.client.send(request).await;
            let response =
                response.map_err(|error| failed(&reason::of_failure(&error, &address(&self.server))))?;
            let wait = retry_after(&response);
            Ok((
                read(response, call.max_bytes).await.map_err(|why| failed(&why))?,
                wait,
            ))
        };
        match self.timeout {
            None => whole.await,
            Some(limit) => tokio::time::timeout(limit, whole)
                .await
                .unwrap_or_else(|_| Err(failed(reason::TIMED_OUT))),
        }
    }

    /// The URL of a path, for messages: without user and password.
    fn url(&self, path: &str) -> String {
        let host = self.server.authority().map_or("", |whole| {
            let whole = whole.as_str();
            whole.rsplit_once('@').map_or(whole, |(_, host)| host)
        });
        let base = self.server.path().trim_end_matches('/');
        format!(
            "{}://{host}{base}{path}",
            self.server.scheme_str().unwrap_or("https")
        )
    }
}

/// The whole answer, up to a limit.
async fn read(response: Response<Body>, max_bytes: usize) -> Result<Answer, String> {
    let status = response.status().as_u16();
    let content_type = header(response.headers(), CONTENT_TYPE.as_str());
    let mut incoming = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = incoming.frame().await {
        let frame = frame.map_err(|error| {
            format!(
                "unexpected error when reading response body. Please retry. Original error: {}",
                reason::of_failure(&error, "")
            )
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if body.len() + data.len() > max_bytes {
            return Err(format!("the answer is larger than {max_bytes} bytes"));
        }
        body.extend_from_slice(&data);
    }
    Ok(Answer {
        status,
        content_type,
        body,
    })
}

/// How long a server that is busy asks to wait; nothing if it does not say, or asks for too much.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let status = response.status().as_u16();
    if status != 429 && status < 500 {
        return None;
    }
    let seconds: u64 = header(response.headers(), RETRY_AFTER.as_str())?.parse().ok()?;
    Some(Duration::from_secs(seconds)).filter(|wait| *wait <= MAX_WAIT)
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// `HOST:PORT`, for messages.
fn address(server: &http::Uri) -> String {
    let port = match (server.port_u16(), server.scheme_str()) {
        (Some(port), _) => port,
        (None, Some("http")) => 80,
        (None, _) => 443,
    };
    format!("{}:{port}", server.host().unwrap_or_default())
}

/// How often a call is repeated.
const MAX_RETRIES: usize = 10;

/// The longest that a server may make us wait between two of them.
const MAX_WAIT: Duration = Duration::from_secs(60);
