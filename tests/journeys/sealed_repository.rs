//! A repository with `.gitseal.yaml` and two clusters: each opens only what is for it, its certificates are fetched and
//! replaced, and bad input leaves no trace of a value.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use gitseal_tests::canary::Canary;
use gitseal_tests::http_server::{HttpServer, Reply};
use gitseal_tests::peer_controller::{self, NAMED_PORT_SERVICE};
use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Sandbox};
use gitseal_tests::tools;
use serde_json::Value;

const CONFIG: &str = "\
version: 1
clusters:
  prod:
    cert: certs/prod.pem
    namespace: shop
    out: clusters/prod/{namespace}/{name}.yaml
  staging:
    cert: certs/staging.pem
    namespace: shop-staging
    scope: namespace-wide
    out: clusters/staging/{namespace}/{name}.yaml
rules:
  - {path: clusters/prod/**, clusters: [prod]}
  - {path: clusters/staging/**, clusters: [staging]}
  - {path: both/**, clusters: [prod, staging]}
";

/// The private keys of the two clusters.
const KEYS: [(&str, &str); 2] = [("prod", "key-a-2048.key.pem"), ("staging", "key-b-2048.key.pem")];

/// Fingerprints of the keys a, b and c of the vectors.
const A: &str = "SHA256:wvh4SiktsFCtTF5sxr0Nvswawce/ZTchPytcKZ5rI1w";
const B: &str = "SHA256:B3Lh8ce/b1aC/Fb7IQOVMxhXO/LdgYaHW7iq7GR/deA";

fn vector(name: &str) -> PathBuf {
    gitseal_tests::root().join("tests/vectors/sealed").join(name)
}

fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(".git/HEAD", "ref: refs/heads/main\n");
    sandbox.write(".gitseal.yaml", CONFIG);
    for (cluster, key) in [("prod", "key-a-2048.crt.pem"), ("staging", "key-b-2048.crt.pem")] {
        sandbox.write(format!("certs/{cluster}.pem"), fs::read(vector(key)).unwrap());
    }
    sandbox
}

fn run(sandbox: &Sandbox, words: &[&str]) -> Outcome {
    sandbox.run(gitseal()).args(words).go()
}

/// The data of the Secret that the real kubeseal makes of a file, in base64; nothing if it does not open.
fn opened(sandbox: &Sandbox, file: &str, key: &str) -> Option<Value> {
    let outcome = sandbox
        .run(tools::kubeseal())
        .args(["--recovery-unseal", "--recovery-private-key"])
        .arg(vector(key))
        .stdin(sandbox.read(file))
        .go();
    let secret: Option<Value> =
        (outcome.code == Some(0)).then(|| serde_json::from_slice(&outcome.stdout).unwrap());
    Some(secret?["data"].clone())
}

#[test]
fn each_cluster_opens_only_its_own() {
    let sandbox = repository();
    let secret = "kind: Secret\napiVersion: v1\nmetadata: {name: api}\nstringData: {key: hunter2}\ndata: {raw: /wA=}\n";
    sandbox.write("both/api.yaml", secret);
    sandbox.write("clusters/prod/db.yaml", secret.replace("api", "db"));
    sandbox.write("clusters/staging/db.yaml", secret.replace("api", "db"));
    run(&sandbox, &["seal", "--for", "prod,staging", "both/api.yaml"]).expect(0);
    run(&sandbox, &["seal", "-i", "clusters"]).expect(0);
    let data = serde_json::json!({"key": "aHVudGVyMg==", "raw": "/wA="});
    let files = [
        ("clusters/prod/shop/api.yaml", "prod"),
        ("clusters/prod/db.yaml", "prod"),
        ("clusters/staging/shop-staging/api.yaml", "staging"),
        ("clusters/staging/db.yaml", "staging"),
    ];
    for (file, of) in files {
        for (cluster, key) in KEYS {
            let want = (cluster == of).then(|| data.clone());
            assert_eq!(
                opened(&sandbox, file, key),
                want,
                "{file} with the key of {cluster}"
            );
        }
    }
    // A second run finds everything sealed.
    let before: Vec<_> = files.iter().map(|(file, _)| sandbox.read(file)).collect();
    run(&sandbox, &["seal", "-i", "clusters"]).expect(0);
    let after: Vec<_> = files.iter().map(|(file, _)| sandbox.read(file)).collect();
    assert!(before == after, "a second run changed a file");
}

#[test]
fn a_certificate_is_fetched_and_replaced() {
    let sandbox = repository();
    let certs = [("/a", "key-a-2048.crt.pem"), ("/b", "key-b-2048.crt.pem")];
    let server = HttpServer::start(move |request, _| {
        let path = request.line.trim_start_matches("GET ");
        let found = certs.iter().find(|(place, _)| *place == path);
        match (path, found) {
            (_, Some((_, name))) => Reply::ok("application/x-pem-file", fs::read(vector(name)).unwrap()),
            ("/page", _) => Reply::ok("text/html", "<!doctype html><title>Log in</title>"),
            ("/away", _) => Reply::Whole(
                "302 Found",
                vec!["Location: http://localhost:1/a".to_owned()],
                Vec::new(),
            ),
            ("/large", _) => Reply::ok("text/plain", vec![b'a'; 2 << 20]),
            _ => Reply::status("404 Not Found"),
        }
    });
    let config = |path: &str, pin: &str| {
        let url = format!(
            "    url: {}{path}\n    fingerprint: {pin}\n    namespace: shop\n",
            server.url()
        );
        let text = CONFIG.replace("    namespace: shop\n", &url);
        sandbox.write(".gitseal.yaml", text);
    };
    config("/a", A);
    let told = run(&sandbox, &["fetch-cert"]).expect(0).err();
    assert!(
        told.contains("certs/prod.pem is the certificate of today"),
        "{told}"
    );
    sandbox.write(
        "both/x.yaml",
        "kind: Secret\nmetadata: {name: x, namespace: shop}\nstringData: {a: b}\n",
    );
    run(&sandbox, &["seal", "--for", "prod", "both/x.yaml"]).expect(0);

    let refused = [
        ("/page", A, "it is a web page"),
        ("/away", A, "redirects to another host: localhost"),
        ("/nowhere", A, "404 Not Found"),
        ("/large", A, "too large"),
        // Somebody else answers.
        ("/b", A, "has the fingerprint"),
    ];
    for (path, pin, want) in refused {
        config(path, pin);
        let before = sandbox.read("certs/prod.pem");
        let told = run(&sandbox, &["fetch-cert", "prod"]).expect(1).err();
        assert!(told.contains(want), "{path}: {told}");
        assert!(sandbox.read("certs/prod.pem") == before, "{path} was stored");
        if path != "/b" {
            // A rule says prod for this file, and the address is bad all the same.
            let typed = format!("{}{path}", server.url());
            let told = run(&sandbox, &["seal", "--cert", &typed, "clusters/prod/shop/x.yaml"])
                .expect(1)
                .err();
            assert!(told.contains(want), "{path}: {told}");
        }
    }

    // The owner has renewed the key and says so.
    config("/b", B);
    let outcome = run(&sandbox, &["fetch-cert", "--json"]).expect(0);
    let report: Value = serde_json::from_slice(&outcome.stdout).unwrap();
    let entry = &report["clusters"][0];
    assert_eq!(entry["result"], "replaced", "{report}");
    assert_eq!(entry["replaced"], A);
    assert_eq!(entry["reseal"], serde_json::json!(["clusters/prod/shop/x.yaml"]));
    let text = String::from_utf8(sandbox.read(".gitseal.yaml")).unwrap();
    assert!(text.contains(&format!("replaced:\n      - {A}\n")), "{text}");
    run(&sandbox, &["seal", "--for", "prod", "both/x.yaml"]).expect(0);
    assert!(opened(&sandbox, "clusters/prod/shop/x.yaml", "key-b-2048.key.pem").is_some());
}

#[test]
fn the_controller_is_asked_where_the_repository_says() {
    let cluster = peer_controller::shared();
    let sandbox = repository();
    let text = CONFIG.replace(
        "    cert: certs/prod.pem\n",
        &format!(
            "    cert: certs/live.pem\n    context: bed\n    controller: {{name: {NAMED_PORT_SERVICE}}}\n"
        ),
    );
    sandbox.write(".gitseal.yaml", text);
    let with_cluster = |words: &[&str]| {
        let run = sandbox.run(gitseal()).env("KUBECONFIG", cluster.kubeconfig());
        run.args(words).go()
    };
    // Without its certificate nothing is sealed, and the way to it is told.
    sandbox.write(
        "both/x.yaml",
        "kind: Secret\nmetadata: {name: x}\nstringData: {a: b}\n",
    );
    let told = with_cluster(&["seal", "-i", "--for", "prod", "both/x.yaml"])
        .expect(1)
        .err();
    assert!(told.contains("gitseal fetch-cert prod stores it"), "{told}");
    with_cluster(&["fetch-cert"]).expect(0);
    let typed = with_cluster(&["fetch-cert", "--context", "bed"]).expect(0);
    assert!(typed.stdout == sandbox.read("certs/live.pem"));
    // From here on nobody needs the cluster.
    run(&sandbox, &["seal", "-i", "--for", "prod", "both/x.yaml"]).expect(0);
    let checked = sandbox
        .run(tools::kubeseal())
        .env("KUBECONFIG", cluster.kubeconfig())
        .arg("--validate")
        .stdin(sandbox.read("both/x.yaml"));
    checked.go().expect(0);
    let absent = ["fetch-cert", "--context", "bed", "--controller-name", "nobody"];
    let told = with_cluster(&absent).expect(1).err();
    assert!(told.contains("tried: kube-system/nobody"), "{told}");
    assert!(told.contains("tried: gitseal-system/nobody"), "{told}");
}

#[test]
fn sizes_up_to_the_limit_of_kubernetes() {
    let sandbox = repository();
    let secret = |size: usize| {
        let text = "x".repeat(size);
        format!("kind: Secret\nmetadata: {{name: big, namespace: shop}}\nstringData:\n  a: {text}\n")
    };
    sandbox.write("big.yaml", secret(1 << 20));
    run(&sandbox, &["seal", "--for", "prod", "big.yaml"]).expect(0);
    let data = opened(&sandbox, "clusters/prod/shop/big.yaml", "key-a-2048.key.pem").unwrap();
    assert_eq!(data["a"].as_str().unwrap().len(), (1_usize << 20).div_ceil(3) * 4);
    sandbox.write("big.yaml", secret((1 << 20) + 1));
    let before = sandbox.read("clusters/prod/shop/big.yaml");
    let told = run(&sandbox, &["seal", "--for", "prod", "big.yaml"])
        .expect(1)
        .err();
    assert!(
        told.contains("holds 1048577 bytes, and Kubernetes takes 1048576"),
        "{told}"
    );
    assert!(sandbox.read("clusters/prod/shop/big.yaml") == before);
    sandbox.write("big.yaml", secret(6 << 20));
    let told = run(&sandbox, &["seal", "-i", "--for", "prod", "big.yaml"])
        .expect(2)
        .err();
    assert!(told.contains("big.yaml"), "{told}");
}

#[test]
fn out_does_not_follow_a_link_out_of_the_repository() {
    let sandbox = Sandbox::new();
    sandbox.write("elsewhere/keep", "");
    sandbox.write("repo/.git/HEAD", "");
    sandbox.write(
        "repo/.gitseal.yaml",
        "version: 1\nclusters: {prod: {cert: c.pem, out: 'out/{namespace}/{name}.yaml'}}\n",
    );
    sandbox.write("repo/c.pem", fs::read(vector("key-a-2048.crt.pem")).unwrap());
    sandbox.write(
        "repo/a.yaml",
        "kind: Secret\nmetadata: {name: a, namespace: shop}\nstringData: {a: b}\n",
    );
    symlink(sandbox.path("elsewhere"), sandbox.path("repo/out")).unwrap();
    let seal = || {
        sandbox
            .run(gitseal())
            .args(["seal", "--for", "prod", "a.yaml"])
            .within("repo")
            .go()
    };
    let told = seal().expect(3).err();
    assert!(told.contains("out/shop/a.yaml lies outside of"), "{told}");
    assert_eq!(fs::read_dir(sandbox.path("elsewhere")).unwrap().count(), 1);
    fs::remove_file(sandbox.path("repo/out")).unwrap();
    seal().expect(0);
}

#[test]
fn no_refusal_shows_a_value() {
    let canary = Canary::new("seal");
    let value = canary.text();
    let quoted = serde_json::to_string(value).unwrap();
    let cases = [
        (
            "not base64",
            format!("kind: Secret\nmetadata: {{name: a, namespace: b}}\ndata:\n  a: {quoted}\n"),
        ),
        (
            "no namespace",
            format!("kind: Secret\nmetadata: {{name: a}}\nstringData: {{a: {quoted}}}\n"),
        ),
        (
            "a name in upper case",
            format!("kind: Secret\nmetadata: {{name: A, namespace: b}}\nstringData: {{a: {quoted}}}\n"),
        ),
        (
            "no YAML",
            format!("kind: Secret\nmetadata: {{name: a, namespace: b}}\nstringData: {{a: {quoted}\n"),
        ),
        (
            "a list",
            format!("kind: Secret\nmetadata: {{name: a, namespace: b}}\nstringData: {{a: [{quoted}]}}\n"),
        ),
        (
            "two keys of one name",
            format!(
                "kind: Secret\nmetadata: {{name: a, namespace: b}}\nstringData:\n  a: {quoted}\n  a: {quoted}\n"
            ),
        ),
        (
            "an alias",
            format!(
                "kind: Secret\nmetadata: {{name: a, namespace: b}}\nstringData: &x\n  a: {quoted}\ndata: *x\n"
            ),
        ),
        (
            "another kind",
            format!("kind: ConfigMap\nmetadata: {{name: a, namespace: b}}\ndata: {{a: {quoted}}}\n"),
        ),
        ("plain text", format!("{quoted}\n")),
        (
            "JSON cut off",
            format!("{{\"kind\": \"Secret\", \"stringData\": {{\"a\": {quoted}"),
        ),
    ];
    for (name, text) in cases {
        let sandbox = repository();
        let path = sandbox.write("a.yaml", &text);
        let outcome = run(&sandbox, &["seal", "-i", "--cert", "certs/prod.pem", "a.yaml"]);
        assert!(
            outcome.code.is_some_and(|code| code != 0),
            "{name}\n{}",
            outcome.told()
        );
        assert!(outcome.err().contains("a.yaml"), "{name}\n{}", outcome.told());
        outcome.keeps(&canary);
        assert_eq!(
            sandbox.read("a.yaml"),
            text.as_bytes(),
            "{name}: the file was changed"
        );
        fs::remove_file(path).unwrap();
        assert_eq!(canary.find_below(sandbox.root()), None, "{name}");
    }
}
