//! Which file, context and flag decide, beside what the peer was seen to do.

use std::ffi::OsString;
use std::fs;
use std::sync::Arc;

use tempfile::TempDir;

use super::*;

const ONE: &str = r#"
apiVersion: v1
kind: Config
clusters: [{name: one, cluster: {server: "https://one.invalid", certificate-authority: ca.pem}}]
users: [{name: me, user: {token: one-token}}]
contexts:
  - {name: first, context: {cluster: one, user: me, namespace: from-context}}
  - {name: bare, context: {cluster: one, user: me}}
  - {name: dangling, context: {cluster: gone, user: me}}
current-context: first
"#;

const TWO: &str = r#"
clusters: [{name: one, cluster: {server: "https://never.invalid"}}, {name: two, cluster: {server: "https://two.invalid"}}]
contexts: [{name: second, context: {cluster: two, user: me, namespace: from-second}}]
current-context: second
"#;

/// A home with two kubeconfigs and a damaged one.
fn home() -> TempDir {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir(home.path().join(".kube")).unwrap();
    for (name, text) in [
        (".kube/config", ONE),
        ("two", TWO),
        ("empty", ""),
        ("no-context", "current-context: \"\"\n"),
        ("damaged", "users: [{name: me, user: {token: hunter2"),
        ("other", "hunter2"),
    ] {
        fs::write(home.path().join(name), text).unwrap();
    }
    home
}

fn io(home: &TempDir, kubeconfig: &str) -> Io {
    let folder = home.path().to_owned();
    let list = kubeconfig.to_owned();
    let mut io = Io::system();
    io.cwd.clone_from(&folder);
    io.environment = Arc::new(move |name| match name {
        "HOME" => Some(folder.clone().into_os_string()),
        "KUBECONFIG" => Some(OsString::from(&list)),
        _ => None,
    });
    io
}

fn connection(change: impl FnOnce(&mut Connection)) -> Connection {
    let mut connection = Connection::default();
    change(&mut connection);
    connection
}

#[test]
fn the_namespace_comes_from_the_first_place_that_names_one() {
    let home = home();
    let says = |list: &str, connection: &Connection| {
        namespace(connection, &io(&home, list)).map_or_else(
            |error| error.to_string(),
            |found| format!("{} {}", found.name.unwrap_or_default(), found.explicit),
        )
    };
    let none = Connection::default;
    let context = |name: &str| connection(|it| it.context = Some(name.to_owned()));
    let file = |name: &str| connection(|it| it.kubeconfig = Some(name.into()));
    let cases = [
        ("the home's file", "", none(), "from-context false"),
        ("another context", "", context("bare"), "default false"),
        (
            "the flag",
            "",
            connection(|it| it.namespace = Some("mine".into())),
            "mine true",
        ),
        (
            "the flag, with a damaged file",
            "damaged",
            connection(|it| it.namespace = Some("mine".into())),
            "mine true",
        ),
        ("a list", "two:.kube/config", none(), "from-second false"),
        (
            "a list with a gap",
            "gone:.kube/config",
            none(),
            "from-context false",
        ),
        (
            "an empty word does not win",
            "no-context:.kube/config",
            none(),
            "from-context false",
        ),
        ("nothing there", "gone", none(), " false"),
        ("an empty file", "empty", none(), " false"),
        (
            "a server alone",
            "gone",
            connection(|it| it.server = Some("https://x".into())),
            "default false",
        ),
        ("a named file", "two", file(".kube/config"), "from-context false"),
        (
            "a named file that is gone",
            "",
            file("gone"),
            "stat gone: no such file or directory",
        ),
        (
            "no such context",
            "",
            context("nope"),
            "context \"nope\" does not exist",
        ),
        ("a context of no cluster", "", context("dangling"), " false"),
        (
            "no such cluster",
            "",
            connection(|it| it.cluster = Some("q".into())),
            "cluster \"q\" does not exist",
        ),
        (
            "no such user",
            "",
            connection(|it| it.user = Some("q".into())),
            "auth info \"q\" does not exist",
        ),
        (
            "damaged",
            "damaged",
            none(),
            "error loading config file \"damaged\": line 1: this is no kubeconfig",
        ),
        (
            "another file",
            "other",
            none(),
            "error loading config file \"other\": line 1: this is no kubeconfig",
        ),
    ];
    for (name, list, connection, want) in cases {
        assert_eq!(says(list, &connection), want, "case: {name}");
    }
}

#[test]
fn flags_lie_over_the_files_and_paths_are_seen_from_their_file() {
    let home = home();
    let io = io(&home, "");
    let plain = select(&Connection::default(), &io).ok().unwrap();
    let authority = home.path().join(".kube/ca.pem").display().to_string();
    assert_eq!(plain.cluster.certificate_authority, Some(authority));

    let flags = connection(|it| {
        it.server = Some("https://other.invalid".into());
        it.insecure_skip_tls_verify = true;
        it.token = Some("flag-token".to_owned().into());
        it.as_user = Some("boss".into());
        it.as_uid = Some("7".into());
        it.as_groups = vec!["a".into(), "b".into()];
        it.client_key = Some("key.pem".into());
    });
    let changed = select(&flags, &io).ok().unwrap();
    assert_eq!(changed.cluster.server.as_deref(), Some("https://other.invalid"));
    assert_eq!(changed.cluster.certificate_authority, None);
    assert_eq!(changed.user.token.unwrap().expose_secret(), "flag-token");
    assert_eq!(changed.user.impersonate.as_deref(), Some("boss"));
    assert_eq!(changed.user.impersonate_uid.as_deref(), Some("7"));
    assert_eq!(changed.user.impersonate_groups.unwrap().len(), 2);
    assert_eq!(
        changed.user.client_key,
        Some(home.path().join("key.pem").display().to_string())
    );
}

#[test]
fn the_first_file_of_a_list_wins_for_each_name() {
    let home = home();
    let pick = || connection(|it| it.context = Some("bare".into()));
    for (list, want) in [
        ("two:.kube/config", "https://never.invalid"),
        (".kube/config:two", "https://one.invalid"),
    ] {
        let selected = select(&pick(), &io(&home, list)).ok().unwrap();
        assert_eq!(selected.cluster.server.as_deref(), Some(want), "list {list}");
    }
}

#[test]
fn a_file_is_read_once_for_a_connection() {
    let home = home();
    let io = io(&home, "");
    let connection = Connection::default();
    let first = namespace(&connection, &io).unwrap();
    fs::remove_file(home.path().join(".kube/config")).unwrap();
    assert_eq!(namespace(&connection, &io).unwrap(), first);
    assert!(select(&connection, &io).is_ok());
    assert!(!format!("{connection:?}").contains("one-token"));
}
