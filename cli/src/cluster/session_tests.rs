//! Calls against a server that answers as the test says; the real one is in the journeys.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use gitseal_tests::http_server::{HttpServer, Reply, Request};
use tempfile::TempDir;

use super::*;

const PEM: &str = "-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n";

/// An environment with nothing in it but a home.
fn io(home: &TempDir) -> Io {
    let folder = home.path().to_owned();
    let mut io = Io::system();
    io.cwd.clone_from(&folder);
    io.terminal.stdin = false;
    io.environment = Arc::new(move |name| (name == "HOME").then(|| folder.clone().into_os_string()));
    io
}

fn session(server: &HttpServer, change: impl FnOnce(&mut Connection)) -> Result<Session, ClusterError> {
    let mut connection = Connection {
        server: Some(server.url()),
        ..Connection::default()
    };
    change(&mut connection);
    let controller = Controller {
        namespace: "kube-system".to_owned(),
        name: "it".to_owned(),
    };
    Session::open(&connection, &controller, &io(&tempfile::tempdir().unwrap()))
}

/// A cluster whose Service has a port of this name, and whose controller answers so.
fn cluster(port: &'static str, controller: impl Fn(usize) -> Reply + Send + Sync + 'static) -> HttpServer {
    HttpServer::start(move |request, number| match request.line.contains("/proxy/") {
        true => controller(number - 1),
        false => Reply::ok(
            "application/json",
            format!(r#"{{"kind":"Service","spec":{{"ports":[{{"name":"{port}","port":8080}}]}}}}"#),
        ),
    })
}

fn lines(server: &HttpServer) -> Vec<String> {
    server.seen().into_iter().map(|request| request.line).collect()
}

#[test]
fn the_service_is_looked_up_once_and_its_port_named_in_the_path() {
    for (port, target) in [("http", "http:it:http"), ("", "http:it:")] {
        let server = cluster(port, |_| Reply::ok("application/x-pem-file", PEM));
        let mut session = session(&server, |_| {}).unwrap();
        assert_eq!(session.certificate().unwrap(), PEM.as_bytes());
        session.verify(b"{}").unwrap();
        assert_eq!(session.rotate(b"{}").unwrap(), PEM.as_bytes());
        let services = "/api/v1/namespaces/kube-system/services";
        assert_eq!(
            lines(&server),
            [
                format!("GET {services}/it"),
                format!("GET {services}/{target}/proxy/v1/cert.pem"),
                format!("POST {services}/{target}/proxy/v1/verify"),
                format!("POST {services}/{target}/proxy/v1/rotate"),
            ]
        );
        let [_, fetched, verified, _] = &server.seen()[..] else {
            panic!("four requests")
        };
        assert_eq!(fetched.header("accept"), Some("application/x-pem-file, */*"));
        assert_eq!(verified.header("content-type"), Some("application/json"));
        assert_eq!(verified.body, b"{}");
    }
}

#[test]
fn what_the_controller_refuses_has_its_status_and_a_reason() {
    let cases = [
        (
            "a foreign value",
            Reply::status("409 Conflict"),
            409,
            "the server reported a conflict (post services http:it:http)",
        ),
        (
            "an empty 500",
            Reply::status("500 Internal Server Error"),
            500,
            "an error on the server (\"\") has prevented the request from succeeding (post services http:it:http)",
        ),
        (
            "a page of another program",
            Reply::Whole(
                "502 Bad Gateway",
                vec!["Content-Type: text/html".to_owned()],
                b"<html>".to_vec(),
            ),
            502,
            "an error on the server (\"<html>\") has prevented the request from succeeding (post services http:it:http)",
        ),
        (
            "a refusal of the API server",
            Reply::Whole(
                "403 Forbidden",
                vec!["Content-Type: application/json".to_owned()],
                br#"{"kind":"Status","status":"Failure","message":"services \"it\" is forbidden"}"#.to_vec(),
            ),
            403,
            "services \"it\" is forbidden",
        ),
    ];
    for (name, reply, status, reason) in cases {
        let server = cluster("http", move |_| reply.clone());
        let error = session(&server, |_| {}).unwrap().verify(b"{}").unwrap_err();
        let ClusterError::Call {
            status: found,
            reason: text,
        } = &error
        else {
            panic!("case {name}: {error:?}")
        };
        assert_eq!((*found, text.as_str()), (Some(status), reason), "case: {name}");
    }
}

#[test]
fn a_server_that_is_no_api_server_is_told_from_one() {
    let elsewhere = cluster("http", |_| Reply::ok("application/x-pem-file", PEM));
    let place = format!("Location: {}/", elsewhere.url());
    let cases = [
        (
            "a page",
            Reply::ok("text/html", "<html>"),
            "the answer is not a Service with a port; is this the URL of an API server?",
        ),
        (
            "a redirect to another host",
            Reply::Whole("302 Found", vec![place], Vec::new()),
            "the server responded with the status code 302 but did not return more information (get services it)",
        ),
        (
            "nothing there",
            Reply::status("404 Not Found"),
            "the server could not find the requested resource (get services it)",
        ),
    ];
    for (name, reply, want) in cases {
        let server = HttpServer::start(move |_, _| reply.clone());
        let error = session(&server, |_| {}).unwrap().certificate().unwrap_err();
        assert!(
            matches!(&error, ClusterError::Service(text) if text == want),
            "case {name}: {error}"
        );
    }
    assert!(elsewhere.seen().is_empty(), "the redirect was followed");
}

#[test]
fn answers_that_are_too_long_cut_or_late_are_errors() {
    let cases = [
        (
            "too long",
            Reply::ok("text/plain", vec![b'x'; MAX_CERTIFICATE_BYTES + 1]),
            "the answer is larger than",
        ),
        (
            "cut",
            Reply::Half("200 OK", PEM.into()),
            "unexpected error when reading response body",
        ),
        ("late", Reply::Silence, "context deadline exceeded"),
    ];
    for (name, reply, want) in cases {
        let server = cluster("http", move |_| reply.clone());
        let mut session = session(&server, |it| it.request_timeout = Some("2s".to_owned())).unwrap();
        let error = session.certificate().unwrap_err().to_string();
        let url = format!(
            "Get \"{}/api/v1/namespaces/kube-system/services/http:it:http/proxy",
            server.url()
        );
        assert!(
            error.contains(want) && error.starts_with(&url),
            "case {name}: {error}"
        );
    }
}

/// What a controller answers to the n-th call, if it may also be busy.
type Script = fn(usize, Reply) -> Reply;

#[test]
fn a_busy_controller_is_asked_again_when_it_says_when() {
    let busy = || {
        Reply::Whole(
            "429 Too Many Requests",
            vec!["Retry-After: 0".to_owned()],
            Vec::new(),
        )
    };
    let cases: [(&str, Script, bool, usize); 3] = [
        (
            "twice",
            |number, busy| if number < 2 { busy } else { Reply::status("200 OK") },
            true,
            3,
        ),
        ("for ever", |_, busy| busy, false, 11),
        (
            "without saying when",
            |_, _| Reply::status("429 Too Many Requests"),
            false,
            1,
        ),
    ];
    for (name, controller, success, calls) in cases {
        let server = cluster("http", move |number| controller(number, busy()));
        let done = session(&server, |_| {}).unwrap().verify(b"{}");
        assert_eq!(done.is_ok(), success, "case: {name}");
        assert_eq!(lines(&server).len(), calls + 1, "case: {name}");
        let again: Vec<Request> = server
            .seen()
            .into_iter()
            .filter(|it| it.line.starts_with("POST"))
            .collect();
        assert!(
            again.iter().all(|request| request.body == b"{}"),
            "case {name}: the body was lost"
        );
    }
}

#[test]
fn flags_say_who_asks() {
    let server = cluster("http", |_| Reply::ok("text/plain", PEM));
    let mut by_token = session(&server, |it| {
        it.token = Some("the-token".to_owned().into());
        it.as_user = Some("boss".to_owned());
        it.as_uid = Some("7".to_owned());
        it.as_groups = vec!["a".to_owned(), "b".to_owned()];
    })
    .unwrap();
    by_token.certificate().unwrap();
    let seen = server.seen();
    for request in &seen {
        assert_eq!(request.header("authorization"), Some("Bearer the-token"));
        assert_eq!(request.header("impersonate-user"), Some("boss"));
        assert_eq!(request.header("impersonate-uid"), Some("7"));
        let groups = request
            .headers
            .iter()
            .filter(|(name, _)| name == "impersonate-group");
        assert_eq!(
            groups.map(|(_, value)| value.as_str()).collect::<Vec<_>>(),
            ["a", "b"]
        );
    }
    let server = cluster("http", |_| Reply::ok("text/plain", PEM));
    let mut by_password = session(&server, |it| {
        it.username = Some("me".to_owned());
        it.password = Some("hunter2".to_owned().into());
    })
    .unwrap();
    by_password.certificate().unwrap();
    assert_eq!(
        server.seen()[0].header("authorization"),
        Some("Basic bWU6aHVudGVyMg==")
    );
    let both = session(&server, |it| {
        it.token = Some("t".to_owned().into());
        it.username = Some("me".to_owned());
    });
    let error = both.err().unwrap().to_string();
    assert!(error.contains("more than one authentication method"), "{error}");
}

/// A home whose kubeconfig gets its token from a program.
fn with_program(server: &HttpServer, script: &str, mode: &str) -> (TempDir, Connection) {
    let home = tempfile::tempdir().unwrap();
    let program = home.path().join("plugin");
    fs::write(
        &program,
        format!(
            "#!/bin/sh\necho run >> {}/runs\n{script}\n",
            home.path().display()
        ),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o700)).unwrap();
    let kubeconfig = serde_json::json!({
        "clusters": [{"name": "c", "cluster": {"server": server.url()}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./plugin",
            "args": ["one"],
            "env": [{"name": "FROM_CONFIG", "value": "two"}],
            "interactiveMode": mode,
            "provideClusterInfo": true,
        }}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    });
    fs::write(home.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
    let connection = Connection {
        kubeconfig: Some("kubeconfig".into()),
        ..Connection::default()
    };
    (home, connection)
}

fn open(home: &TempDir, connection: &Connection) -> Result<Session, ClusterError> {
    let controller = Controller {
        namespace: "kube-system".to_owned(),
        name: "it".to_owned(),
    };
    Session::open(connection, &controller, &io(home))
}

#[test]
fn a_program_of_the_kubeconfig_runs_once_and_its_token_is_used() {
    let server = cluster("http", |_| Reply::ok("text/plain", PEM));
    let answer = r#"printf '{"status":{"token":"%s-%s"}}' "$1" "$FROM_CONFIG"
printf '%s' "$KUBERNETES_EXEC_INFO" > "${0%/*}/info""#;
    let (home, connection) = with_program(&server, answer, "IfAvailable");
    let mut session = open(&home, &connection).unwrap();
    session.certificate().unwrap();
    session.verify(b"{}").unwrap();
    assert!(
        server
            .seen()
            .iter()
            .all(|request| request.header("authorization") == Some("Bearer one-two"))
    );
    assert_eq!(fs::read_to_string(home.path().join("runs")).unwrap(), "run\n");
    let info: serde_json::Value =
        serde_json::from_slice(&fs::read(home.path().join("info")).unwrap()).unwrap();
    assert_eq!(info["kind"], "ExecCredential");
    assert_eq!(info["spec"]["interactive"], false);
    assert_eq!(info["spec"]["cluster"]["server"], server.url());
}

#[test]
fn a_program_that_fails_is_named_and_not_quoted() {
    let server = cluster("http", |_| Reply::ok("text/plain", PEM));
    let cases = [
        (
            "it fails",
            "echo hunter2; exit 3",
            "IfAvailable",
            "plugin failed with exit code 3",
        ),
        ("it says nothing", "true", "IfAvailable", "has no status"),
        (
            "it says something else",
            "echo '[hunter2'",
            "IfAvailable",
            "is no ExecCredential",
        ),
        (
            "it gives nothing",
            r#"echo '{"status":{}}'"#,
            "Never",
            "neither a token nor a certificate",
        ),
        (
            "it wants to ask",
            "true",
            "Always",
            "standard input is not a terminal",
        ),
    ];
    for (name, script, mode, want) in cases {
        let (home, connection) = with_program(&server, script, mode);
        let error = open(&home, &connection).err().unwrap().to_string();
        assert!(error.contains(want), "case {name}: {error}");
        assert!(!error.contains("hunter2"), "case {name}: {error}");
    }
    assert!(server.seen().is_empty());
}

#[test]
fn a_proxy_takes_what_does_not_stay_on_this_machine() {
    let proxy = HttpServer::start(|_, _| Reply::status("502 Bad Gateway"));
    let url = proxy.url();
    let error = session(&proxy, move |it| {
        it.server = Some("https://cluster.invalid".to_owned());
        it.proxy_url = Some(url);
    })
    .unwrap()
    .certificate();
    assert!(error.is_err());
    assert_eq!(lines(&proxy), ["CONNECT cluster.invalid:443"]);
}

#[test]
fn damaged_credentials_are_named_and_not_quoted() {
    let server = cluster("http", |_| Reply::ok("text/plain", PEM));
    let pem = "LS0tLS1CRUdJTiBub3RoaW5nLS0tLS0K";
    let cases = [
        (
            "no base64",
            "client-certificate-data",
            "-hunter2-",
            "the client certificate of the user cannot be read",
        ),
        (
            "no PEM",
            "client-certificate-data",
            "aHVudGVyMg==",
            "the client certificate and key of the user cannot be used",
        ),
        (
            "another PEM",
            "client-certificate-data",
            pem,
            "the client certificate and key of the user cannot be used",
        ),
    ];
    for (name, field, value, want) in cases {
        let home = tempfile::tempdir().unwrap();
        let kubeconfig = serde_json::json!({
            "clusters": [{"name": "c", "cluster": {"server": server.url()}}],
            "users": [{"name": "u", "user": {field: value, "client-key-data": value}}],
            "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
            "current-context": "x",
        });
        fs::write(home.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        let connection = Connection {
            kubeconfig: Some("kubeconfig".into()),
            ..Connection::default()
        };
        let error = open(&home, &connection).err().unwrap();
        let told = format!("{error} {error:?}");
        assert!(told.contains(want), "case {name}: {told}");
        assert!(!told.contains("110"), "case {name}: {told}");
        assert!(
            !told.contains("hunter2") && !told.contains(value),
            "case {name}: {told}"
        );
    }
}
