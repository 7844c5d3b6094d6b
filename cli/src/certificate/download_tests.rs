//! Downloads from servers that answer as the test says.

use std::ffi::OsString;
use std::sync::Arc;

use gitseal_tests::http_server::{HttpServer, Reply};

use super::*;

/// An environment with these variables alone.
fn io(variables: &'static [(&'static str, &'static str)], proxy: Option<String>) -> Io {
    let mut io = Io::system();
    io.environment = Arc::new(move |name| {
        let found = variables.iter().find(|(key, _)| *key == name);
        let proxy = proxy.clone().filter(|_| name == "http_proxy");
        found
            .map(|(_, value)| OsString::from(value))
            .or_else(|| proxy.map(OsString::from))
    });
    io
}

fn plain() -> Io {
    io(&[], None)
}

fn redirect(place: String) -> Reply {
    Reply::Whole("302 Found", vec![format!("Location: {place}")], Vec::new())
}

#[test]
fn answers_that_are_no_certificate_are_said() {
    let cases = [
        (
            "not there",
            Reply::status("404 Not Found"),
            "cannot fetch \"URL\": 404 Not Found",
        ),
        (
            "another success",
            Reply::status("204 No Content"),
            "cannot fetch \"URL\": 204 No Content",
        ),
        (
            "a number without a name",
            Reply::status("599 Odd"),
            "cannot fetch \"URL\": 599",
        ),
        (
            "too large",
            Reply::ok("text/plain", vec![b'x'; MAX_BYTES + 1]),
            "\"URL\" is too large for a certificate",
        ),
        (
            "a redirect to itself",
            redirect("/c".to_owned()),
            "cannot fetch \"URL\": stopped after 10 redirects",
        ),
        (
            "a redirect to a file",
            redirect("file:///etc/passwd".to_owned()),
            "cannot fetch \"URL\": 302 Found",
        ),
        (
            "silence",
            Reply::Silence,
            "cannot fetch \"URL\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        ),
    ];
    for (name, reply, want) in cases {
        let server = HttpServer::start(move |_, _| reply.clone());
        let url = format!("{}/c", server.url());
        let error = fetch(&url, Trust::Careful, &plain()).unwrap_err().to_string();
        assert_eq!(error.replace(&url, "URL"), want, "case: {name}");
    }
    let server = HttpServer::start(|_, _| Reply::Half("200 OK", b"-----BEGIN".to_vec()));
    assert!(
        fetch(&server.url(), Trust::Typed, &plain()).is_err(),
        "half an answer is none"
    );
}

#[test]
fn a_page_is_bytes_like_any_other() {
    let server = HttpServer::start(|_, _| Reply::ok("text/html", "<html>"));
    assert_eq!(fetch(&server.url(), Trust::Careful, &plain()).unwrap(), b"<html>");
}

#[test]
fn a_redirect_to_another_host_is_followed_only_for_who_typed_the_url() {
    let other = HttpServer::start(|_, _| Reply::ok("text/plain", "other"));
    let place = other.url();
    let server = HttpServer::start(move |request, _| match request.line.as_str() {
        "GET /away" => redirect(place.clone()),
        "GET /home" => redirect("/c".to_owned()),
        _ => Reply::ok("text/plain", "home"),
    });
    let get = |path: &str, trust| fetch(&format!("{}{path}", server.url()), trust, &plain());
    assert_eq!(get("/home", Trust::Careful).unwrap(), b"home");
    assert_eq!(get("/away", Trust::Typed).unwrap(), b"other");
    let before = other.seen().len();
    let error = get("/away", Trust::Careful).unwrap_err();
    assert!(
        matches!(&error, FetchError::Redirect { host, .. } if host == "127.0.0.1"),
        "{error}"
    );
    assert_eq!(other.seen().len(), before, "the other host was asked");
}

#[test]
fn a_proxy_of_the_environment_is_used() {
    let proxy = HttpServer::start(|_, _| Reply::ok("text/plain", "by proxy"));
    let with = |variables| {
        fetch(
            "http://certs.invalid/c",
            Trust::Typed,
            &io(variables, Some(proxy.url())),
        )
    };
    assert_eq!(with(&[]).unwrap(), b"by proxy");
    assert_eq!(proxy.seen()[0].line, "GET http://certs.invalid/c");
    let error = with(&[("NO_PROXY", ".invalid")]).unwrap_err().to_string();
    assert!(error.contains("no such host"), "{error}");
}

#[test]
fn user_and_password_go_to_the_server_and_not_into_errors() {
    let server = HttpServer::start(|_, _| Reply::status("403 Forbidden"));
    let url = server.url().replace("http://", "http://me:hunter2@");
    let error = fetch(&url, Trust::Typed, &plain()).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
    assert_eq!(
        server.seen()[0].header("authorization"),
        Some("Basic bWU6aHVudGVyMg==")
    );
}

#[test]
fn staying_is_host_port_and_no_step_down() {
    let cases = [
        ("https://a/x", "https://a/y", true),
        ("https://a/x", "https://a:443/y", true),
        ("https://a/x", "https://b/y", false),
        ("https://a/x", "https://a:8443/y", false),
        ("https://a/x", "http://a/y", false),
        ("http://a/x", "https://a/y", true),
        ("https://a/x", "https://a.b/y", false),
    ];
    for (from, to, want) in cases {
        let url = |text| Url::parse(text).unwrap();
        assert_eq!(stays(&url(from), &url(to)), want, "case: {from} to {to}");
    }
}

#[test]
fn a_message_has_no_user_and_password() {
    let url = Url::parse("https://me:hunter2@host/c?x=1").unwrap();
    assert_eq!(shown(&url), "https://host/c?x=1");
    assert_eq!(without_user("https://me:hunter2@ho st/c@d"), "https://ho st/c@d");
}
