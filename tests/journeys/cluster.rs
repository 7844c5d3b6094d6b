//! What needs a cluster: the real kubeseal and ours against the peer's controller behind a real API server.
//!
//! One cluster serves all tests here; each has a namespace of its own. The controller takes two checks a second from one
//! caller and says when to come back, so that several calls in a row also show that both wait.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use gitseal_tests::cluster::Cluster;
use gitseal_tests::http_server::{HttpServer, Reply};
use gitseal_tests::peer_controller::{self, NAMED_PORT_SERVICE};
use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Run, Sandbox};
use gitseal_tests::tools;
use serde_json::{Value, json};

/// A folder with both programs under the name `kubeseal`.
struct Bench {
    sandbox: Sandbox,
    cluster: &'static Cluster,
}

/// Whose program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Peer,
    Ours,
}

const BOTH: [Who; 2] = [Who::Peer, Who::Ours];

impl Bench {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        symlink(gitseal(), sandbox.root().join("kubeseal")).unwrap();
        Self {
            sandbox,
            cluster: peer_controller::shared(),
        }
    }

    fn program(&self, who: Who) -> PathBuf {
        match who {
            Who::Peer => tools::kubeseal(),
            Who::Ours => self.sandbox.root().join("kubeseal"),
        }
    }

    /// `kubeseal` with the cluster's kubeconfig.
    fn kubeseal(&self, who: Who, arguments: &[&str]) -> Run {
        self.sandbox
            .run(self.program(who))
            .env("KUBECONFIG", self.cluster.kubeconfig())
            .args(arguments)
    }

    /// Both do the same, word for word; what they did.
    #[track_caller]
    fn same(&self, name: &str, arguments: &[&str], stdin: &[u8]) -> Outcome {
        let [peer, ours] = BOTH.map(|who| self.kubeseal(who, arguments).stdin(stdin).go());
        let of = |outcome: &Outcome| (outcome.code, outcome.out(), outcome.err());
        assert_eq!(of(&ours), of(&peer), "case {name}: {arguments:?}");
        ours
    }

    /// A Secret of the test, sealed.
    fn sealed(&self, who: Who, secret: &Value, more: &[&str]) -> Vec<u8> {
        let run = self.kubeseal(who, more).stdin(secret.to_string());
        run.go().expect(0).stdout
    }
}

fn secret(namespace: &str, name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": "shop"}},
        "stringData": {"password": "correct horse", "user": "shop"},
    })
}

/// The last two lines that both print when the Service is not found.
const ADVICE: &str = ".\nPlease, use the flag --controller-name and --controller-namespace to set up the name and namespace \
                      of the sealed secrets controller\n";

#[test]
fn the_certificate_comes_through_a_port_with_and_without_a_name() {
    let bench = Bench::new();
    for (name, flags) in [
        ("no name, and all defaults", &["--fetch-cert"][..]),
        (
            "a name",
            &["--fetch-cert", "--controller-name", NAMED_PORT_SERVICE],
        ),
        (
            "flags for the same",
            &[
                "--fetch-cert",
                "--controller-namespace=kube-system",
                "--context",
                "bed",
            ],
        ),
    ] {
        let done = bench.same(name, flags, b"").expect(0);
        assert!(
            done.out().starts_with("-----BEGIN CERTIFICATE-----\n"),
            "case: {name}"
        );
    }
    let file = bench.sandbox.path("cert.pem").display().to_string();
    for who in BOTH {
        bench.kubeseal(who, &["--fetch-cert", "-w", &file]).go().expect(0);
        assert!(
            bench
                .sandbox
                .read("cert.pem")
                .starts_with(b"-----BEGIN CERTIFICATE"),
            "{who:?}"
        );
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn the_controller_opens_what_is_sealed_without_a_certificate_file() {
    let bench = Bench::new();
    let namespace = bench.cluster.namespace();
    for (who, name, flags) in [
        (Who::Peer, "by-the-peer", &[][..]),
        (Who::Ours, "by-us", &[][..]),
        (
            Who::Ours,
            "by-a-named-port",
            &["--controller-name", NAMED_PORT_SERVICE, "-o", "yaml"],
        ),
        (Who::Ours, "namespace-wide", &["--scope", "namespace-wide"]),
        (Who::Ours, "cluster-wide", &["--scope", "cluster-wide"]),
    ] {
        let sealed = bench.sealed(who, &secret(&namespace, name), flags);
        let in_namespace = format!("--namespace={namespace}");
        let kubectl = |arguments: &[&str], stdin: &[u8]| {
            let output = bench
                .cluster
                .kubectl(&[arguments, &[in_namespace.as_str()]].concat(), stdin);
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{name}: {told}");
            output.stdout
        };
        kubectl(&["apply", "--filename=-"], &sealed);
        let object = format!("sealedsecret/{name}");
        kubectl(
            &["wait", "--for=condition=Synced", "--timeout=120s", &object],
            b"",
        );
        let opened: Value =
            serde_json::from_slice(&kubectl(&["get", "secret", name, "--output=json"], b"")).unwrap();
        assert_eq!(
            opened["data"],
            json!({"password": "Y29ycmVjdCBob3JzZQ==", "user": "c2hvcA=="}),
            "{name}"
        );
        assert_eq!(opened["metadata"]["labels"], json!({"app": "shop"}), "{name}");
    }
}

#[test]
fn validate_says_the_same() {
    let bench = Bench::new();
    for sealer in BOTH {
        let good = bench.sealed(sealer, &secret("shop", "db"), &[]);
        bench.same("it opens", &["--validate"], &good).expect(0);
        let moved = String::from_utf8(good).unwrap().replace("\"db\"", "\"other\"");
        let done = bench
            .same("moved to another name", &["--validate"], moved.as_bytes())
            .expect(1);
        assert_eq!(done.err(), "error: unable to decrypt sealed secret: other\n");
    }
    let foreign = gitseal_tests::root().join("tests/vectors/sealed/key-a-2048.crt.pem");
    let foreign = bench.sealed(
        Who::Ours,
        &secret("shop", "db"),
        &["--cert", foreign.to_str().unwrap()],
    );
    bench
        .same("sealed for another cluster", &["--validate"], &foreign)
        .expect(1);
}

#[test]
fn re_encrypt_gives_what_opens_and_keeps_what_it_is() {
    let bench = Bench::new();
    let sealed = bench.sealed(Who::Peer, &secret("shop", "db"), &[]);
    let old: Value = serde_json::from_slice(&sealed).unwrap();
    for who in BOTH {
        let done = bench
            .kubeseal(who, &["--re-encrypt"])
            .stdin(sealed.clone())
            .go()
            .expect(0);
        let new: Value = serde_json::from_slice(&done.stdout).unwrap();
        for item in ["password", "user"] {
            let text = |object: &Value| object["spec"]["encryptedData"][item].as_str().map(str::to_owned);
            assert!(
                text(&new).is_some_and(|text| text.starts_with("Ag")),
                "{who:?}: {item}"
            );
            assert_ne!(text(&new), text(&old), "{who:?}: {item} is the old one");
        }
        assert_eq!(new["metadata"]["name"], "db", "{who:?}");
        bench.same("the new one", &["--validate"], &done.stdout).expect(0);
    }
    // Ours alone: the peer's answer loses the labels of the template (spec/sealed-secrets §17 no. 4).
    let ours = bench
        .kubeseal(Who::Ours, &["--re-encrypt"])
        .stdin(sealed)
        .go()
        .expect(0);
    let ours: Value = serde_json::from_slice(&ours.stdout).unwrap();
    assert_eq!(ours["spec"]["template"], old["spec"]["template"]);
}

#[test]
fn what_cannot_be_reached_is_said_in_the_same_words() {
    let bench = Bench::new();
    let stray = bench.sandbox.write("stray.yaml", "users: {");
    let stray = stray.display().to_string();
    for (name, flags) in [
        ("no such Service", &["--controller-name", "nobody"][..]),
        ("no such namespace", &["--controller-namespace", "nowhere"]),
        ("a name that is a path", &["--controller-name", "a/b"]),
        ("no such context", &["--context", "nobody"]),
        ("no such cluster", &["--cluster", "nobody"]),
        ("no such user", &["--user", "nobody"]),
        ("no such kubeconfig", &["--kubeconfig", "nothing"]),
        ("nobody listens", &["--server", "https://127.0.0.1:1"]),
        (
            "nobody listens, without a scheme",
            &["--server", "127.0.0.1:1", "--insecure-skip-tls-verify"],
        ),
        ("a wrong token", &["--token", "wrong"]),
        ("not allowed", &["--as", "nobody"]),
        (
            "not allowed, with groups",
            &["--as", "nobody", "--as-group", "a", "--as-group", "b"],
        ),
        (
            "allowed by a group",
            &["--as", "somebody", "--as-group", "system:masters"],
        ),
        ("no authority there", &["--certificate-authority", "nothing.pem"]),
        (
            "no client certificate there",
            &["--client-certificate", "nothing.pem"],
        ),
        (
            "no client key there",
            &[
                "--client-certificate",
                "nothing.pem",
                "--client-key",
                "nothing.key",
            ],
        ),
        ("two ways to say who", &["--username", "me", "--password", "you"]),
        ("a time-out that is none", &["--request-timeout", "soon"]),
    ] {
        let flags = [&["--fetch-cert"][..], flags].concat();
        bench.same(name, &flags, b"");
    }
    let unread = bench
        .kubeseal(Who::Ours, &["--fetch-cert", "--kubeconfig", &stray])
        .go()
        .expect(1);
    assert_eq!(
        unread.err(),
        format!("error: error loading config file \"{stray}\": line 1: this is no kubeconfig\n")
    );
    let bare = |who| bench.sandbox.run(bench.program(who)).arg("--fetch-cert").go();
    let [peer, ours] = BOTH.map(bare);
    assert_eq!(
        (ours.code, ours.err()),
        (peer.code, peer.err()),
        "without any configuration"
    );
    let untrusted = bench
        .kubeseal(
            Who::Ours,
            &["--fetch-cert", "--server", "https://localhost.invalid"],
        )
        .go();
    let want = "error: cannot get sealed secret service: Get \"https://localhost.invalid/api/v1/namespaces/kube-system/services/\
                sealed-secrets-controller\": dial tcp: lookup localhost.invalid: no such host";
    // The peer also names the machine's name server.
    assert_eq!(untrusted.expect(1).err(), format!("{want}{ADVICE}"));
}

#[test]
fn servers_that_fail_are_said_in_the_same_words() {
    let bench = Bench::new();
    let media = |media: &str| vec![format!("Content-Type: {media}")];
    for (name, reply) in [
        ("an empty 500", Reply::status("500 Internal Server Error")),
        (
            "a page with 502",
            Reply::Whole(
                "502 Bad Gateway",
                media("text/html"),
                b"<h1>no \"luck\"</h1>\n".to_vec(),
            ),
        ),
        (
            "JSON with 503",
            Reply::Whole(
                "503 Service Unavailable",
                media("application/json"),
                b"{}".to_vec(),
            ),
        ),
        ("an empty 401", Reply::status("401 Unauthorized")),
        ("an empty 404", Reply::status("404 Not Found")),
        ("a teapot", Reply::status("418 I'm a teapot")),
    ] {
        let server = HttpServer::start(move |_, _| reply.clone());
        let done = bench.same(name, &["--fetch-cert", "--server", &server.url()], b"");
        assert!(done.err().ends_with(ADVICE), "case {name}: {}", done.err());
    }
    // The peer prints the library's "serializer for text/html doesn't exist".
    let page = HttpServer::start(|_, _| Reply::ok("text/html", "<html>"));
    let done = bench
        .kubeseal(Who::Ours, &["--fetch-cert", "--server", &page.url()])
        .go()
        .expect(1);
    assert!(
        done.err().contains("is this the URL of an API server?"),
        "{}",
        done.err()
    );
    // The peer would follow, with the token.
    let elsewhere = HttpServer::start(|_, _| Reply::status("200 OK"));
    let place = format!("Location: {}/", elsewhere.url());
    let redirecting =
        HttpServer::start(move |_, _| Reply::Whole("302 Found", vec![place.clone()], Vec::new()));
    bench
        .kubeseal(Who::Ours, &["--fetch-cert", "--server", &redirecting.url()])
        .go()
        .expect(1);
    assert!(elsewhere.seen().is_empty());
    let silent = HttpServer::start(|_, _| Reply::Silence);
    // The peer takes one of three texts, by chance.
    let limited = ["--fetch-cert", "--request-timeout=1s", "--server", &silent.url()];
    let [_, ours] = BOTH.map(|who| bench.kubeseal(who, &limited).go().expect(1).err());
    assert!(ours.contains(": context deadline exceeded"), "{ours}");
}

#[test]
fn a_program_of_the_kubeconfig_gives_the_token() {
    let bench = Bench::new();
    let answer = json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": bench.cluster.token()},
    });
    let script = format!("#!/bin/sh\necho run >> \"$RUNS\"\ncat <<'END'\n{answer}\nEND\n");
    let program = bench.sandbox.write("bin/plugin", script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let config = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {
            "server": bench.cluster.server(),
            "certificate-authority": bench.cluster.authority(),
        }}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "./plugin",
            "interactiveMode": "IfAvailable",
        }}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    });
    let config = bench.sandbox.write("bin/config", config.to_string());
    for who in BOTH {
        let runs = bench.sandbox.path(format!("runs-{who:?}"));
        let done = bench
            .kubeseal(who, &["--kubeconfig", config.to_str().unwrap()])
            .env("RUNS", &runs)
            .stdin(secret("shop", "db").to_string())
            .go();
        assert!(done.expect(0).out().contains("encryptedData"), "{who:?}");
        assert_eq!(fs::read_to_string(&runs).unwrap(), "run\n", "{who:?}");
    }
}

/// Arguments: token, authority, namespace, the program with its arguments.
const AS_POD: &str = r#"
place=$(readlink -f /var/run)
mount -t tmpfs tmpfs "$place"
account=$place/secrets/kubernetes.io/serviceaccount
mkdir -p "$account"
printf %s "$1" > "$account/token"
cp "$2" "$account/ca.crt"
printf %s "$3" > "$account/namespace"
shift 3
exec "$@"
"#;

#[test]
fn in_a_pod_the_service_account_is_the_configuration() {
    let bench = Bench::new();
    let port = bench.cluster.server().rsplit(':').next().unwrap().to_owned();
    let mut named = secret("unused", "db");
    named["metadata"].as_object_mut().unwrap().remove("namespace");
    for who in BOTH {
        let run = bench.sandbox.run("unshare").arg("--mount");
        let run = match rustix::process::geteuid().is_root() {
            true => run,
            false => run.args(["--user", "--map-root-user"]),
        };
        let done = run
            .args(["--", "sh", "-euc", AS_POD, "sh", &bench.cluster.token()])
            .arg(bench.cluster.authority())
            .arg("pods-namespace")
            .arg(bench.program(who))
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", &port)
            .stdin(named.to_string())
            .go()
            .expect(0);
        let sealed: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(sealed["metadata"]["namespace"], "pods-namespace", "{who:?}");
    }
}

#[test]
fn a_cluster_of_its_own_ends_with_its_test() {
    let cluster = Cluster::start();
    let namespace = cluster.namespace();
    let output = cluster.kubectl(&["get", "namespace", &namespace, "--output=name"], b"");
    assert_eq!(output.stdout, format!("namespace/{namespace}\n").as_bytes());
    let address = cluster.server().trim_start_matches("https://").to_owned();
    let folder = cluster.kubeconfig().parent().unwrap().to_owned();
    drop(cluster);
    assert!(
        std::net::TcpStream::connect(&address).is_err(),
        "the API server still listens"
    );
    assert!(!folder.exists(), "{} is left", folder.display());
}
