//! A certificate from a URL: limits, proxies and redirects are ours, the rest is the library's.

use std::error::Error;
use std::time::Duration;

use reqwest::header::LOCATION;
use reqwest::{Client, Proxy, Response, StatusCode, Url, redirect};

use super::{FetchError, MAX_BYTES, Trust};
use crate::cluster::{proxy, reason};
use crate::io::Io;

/// Reads all bytes of a URL.
pub(super) fn fetch(url: &str, trust: Trust, io: &Io) -> Result<Vec<u8>, FetchError> {
    let url = Url::parse(url).map_err(|error| FetchError::Network {
        url: without_user(url),
        why: error.to_string(),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| failed(&url, super::plain_words(&error)))?;
    runtime.block_on(async {
        tokio::time::timeout(TIMEOUT, follow(url.clone(), trust, io))
            .await
            .unwrap_or_else(|_| Err(failed(&url, reason::TIMED_OUT.to_owned())))
    })
}

/// Goes where the server sends us, as far as the trust goes.
async fn follow(start: Url, trust: Trust, io: &Io) -> Result<Vec<u8>, FetchError> {
    let mut url = start.clone();
    for _ in 0..=MAX_REDIRECTS {
        let response = get(&url, io).await?;
        let Some(next) = target(&response, &url) else {
            return whole(response, &url).await;
        };
        if trust == Trust::Careful && !stays(&url, &next) {
            return Err(FetchError::Redirect {
                url: shown(&start),
                host: next.host_str().unwrap_or_default().to_owned(),
            });
        }
        url = next;
    }
    Err(failed(&start, format!("stopped after {MAX_REDIRECTS} redirects")))
}

async fn get(url: &Url, io: &Io) -> Result<Response, FetchError> {
    let words = |error: reqwest::Error| failed(url, why(&error, url));
    let mut builder = Client::builder()
        .redirect(redirect::Policy::none())
        // The environment is read through `io`, with the same rules as for an API server.
        .no_proxy();
    let port = url.port_or_known_default().unwrap_or_default();
    if let Some(address) = proxy::for_request(url.scheme(), url.host_str().unwrap_or_default(), port, io) {
        let proxy = Proxy::all(&address).map_err(|_| failed(url, "the proxy is not a URL".to_owned()))?;
        builder = builder.proxy(proxy);
    }
    let client = builder.build().map_err(words)?;
    client.get(url.clone()).send().await.map_err(words)
}

/// Where a redirect leads; nothing if the answer is none.
fn target(response: &Response, url: &Url) -> Option<Url> {
    let redirects = [
        StatusCode::MOVED_PERMANENTLY,
        StatusCode::FOUND,
        StatusCode::SEE_OTHER,
        StatusCode::TEMPORARY_REDIRECT,
        StatusCode::PERMANENT_REDIRECT,
    ];
    if !redirects.contains(&response.status()) {
        return None;
    }
    let place = response.headers().get(LOCATION)?.to_str().ok()?;
    let next = url.join(place).ok()?;
    matches!(next.scheme(), "http" | "https").then_some(next)
}

/// The same host and port, and no step down from HTTPS.
fn stays(from: &Url, to: &Url) -> bool {
    let same_port = from.port_or_known_default() == to.port_or_known_default();
    let upgraded = from.scheme() == "http" && to.scheme() == "https";
    from.host() == to.host() && (upgraded || (same_port && from.scheme() == to.scheme()))
}

async fn whole(mut response: Response, url: &Url) -> Result<Vec<u8>, FetchError> {
    let status = response.status();
    if status != StatusCode::OK {
        let words = status.canonical_reason().unwrap_or_default();
        return Err(FetchError::Status {
            url: shown(url),
            status: format!("{} {words}", status.as_u16()).trim_end().to_owned(),
        });
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| failed(url, why(&error, url)))?
    {
        if bytes.len() + chunk.len() > MAX_BYTES {
            return Err(FetchError::TooLarge(shown(url)));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn why(error: &(dyn Error + 'static), url: &Url) -> String {
    let port = url.port_or_known_default().unwrap_or_default();
    reason::of_failure(error, &format!("{}:{port}", url.host_str().unwrap_or_default()))
}

fn failed(url: &Url, why: String) -> FetchError {
    FetchError::Network { url: shown(url), why }
}

/// A URL for a message.
fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Only a URL without a host refuses, and that has neither.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.into()
}

/// The same for a text that is no URL.
fn without_user(text: &str) -> String {
    match text.split_once("://") {
        Some((scheme, rest)) => {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (host, path) = rest.split_at(end);
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
        None => text.to_owned(),
    }
}

/// For everything, all redirects together. Tests do not wait that long for a server that is silent.
const TIMEOUT: Duration = Duration::from_secs(if cfg!(test) { 2 } else { 30 });

const MAX_REDIRECTS: usize = 10;

#[cfg(test)]
#[path = "download_tests.rs"]
mod tests;
