//! The command lines of the transcript.

use gitseal_tests::cluster::Cluster;
use gitseal_tests::peer_controller::NAMED_PORT_SERVICE;
use gitseal_tests::sandbox::Sandbox;
use gitseal_tests::tools;

/// One command line, run by both programs.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) args: Vec<String>,
    pub(super) stdin: String,
    pub(super) files: Vec<(&'static str, String)>,
    pub(super) env: Vec<(&'static str, String)>,
    pub(super) differs: Option<Differs>,
}

/// What ours does instead, and why. `…` stands for anything.
pub(super) struct Differs {
    pub(super) why: &'static str,
    pub(super) code: i32,
    /// `None`: what the peer says.
    pub(super) stdout: Option<&'static str>,
    pub(super) stderr: &'static str,
    /// Mode and content; other files are as the peer leaves them.
    pub(super) files: Vec<(&'static str, &'static str)>,
}

fn row(name: &'static str, args: &str, stdin: &str) -> Row {
    Row {
        name,
        args: args
            .split_whitespace()
            .map(|word| word.replace('~', " ").replace("''", ""))
            .collect(),
        stdin: stdin.to_owned(),
        files: Vec::new(),
        env: Vec::new(),
        differs: None,
    }
}

impl Row {
    fn file(mut self, name: &'static str, content: &str) -> Self {
        self.files.push((name, content.to_owned()));
        self
    }

    fn env(mut self, name: &'static str, value: &str) -> Self {
        self.env.push((name, value.to_owned()));
        self
    }

    fn fails(self, why: &'static str, stderr: &'static str) -> Self {
        self.differs(why, 1, Some(""), stderr)
    }

    fn differs(
        mut self,
        why: &'static str,
        code: i32,
        stdout: Option<&'static str>,
        stderr: &'static str,
    ) -> Self {
        self.differs = Some(Differs {
            why,
            code,
            stdout,
            stderr,
            files: Vec::new(),
        });
        self
    }

    fn leaves(mut self, name: &'static str, content: &'static str) -> Self {
        self.differs.as_mut().unwrap().files.push((name, content));
        self
    }
}

/// All that needs no cluster. `~` in a line stands for a blank, `''` for nothing.
pub(super) fn offline() -> Vec<Row> {
    let mut rows = flags();
    rows.extend(documents());
    rows.extend(raw());
    rows.extend(files());
    rows.extend(recovery());
    rows
}

fn flags() -> Vec<Row> {
    let bare = "--cert key-a-2048.crt.pem";
    let with = |name, flags: &str| row(name, &format!("{bare} {flags}"), SECRET);
    vec![
        row("version", "--version", ""),
        row("version before help", "--help --version", ""),
        row("help goes to standard output", "--help", ""),
        row("letter h", "-h", ""),
        with("equals sign", "--format=yaml"),
        with("letter, blank", "-o yaml"),
        with("letter, at it", "-oyaml"),
        with("letter, equals sign", "-o=yaml"),
        with("last one counts", "-o json --format yaml -o YAML"),
        with("switch switched off", "--raw=false"),
        with("switch takes no word", "--raw=false true"),
        with("words are ignored", "some -o yaml -- --raw"),
        with("unknown flag", "--nope"),
        with("unknown letter", "-x"),
        with("one dash and a long name", "-cert x"),
        with("no value", "--name"),
        with("no value for a letter", "-n"),
        with("three dashes", "---raw"),
        with("not a boolean", "--raw=maybe"),
        with("bad scope", "--scope cluster"),
        with("bad quotes in a list", "--from-file=a\"b"),
        with("bad format", "-o toml"),
        with("empty format", "--format="),
        with(
            "klog switches",
            "--add_dir_header --alsologtostderr=false --logtostderr --one_output --skip_headers",
        ),
        with(
            "more klog switches",
            "--skip_log_headers --legacy_stderr_threshold_behavior=false",
        ),
        with(
            "klog values",
            "--v=1 -v 2 -v3 --vmodule=a=1 --stderrthreshold=ERROR --alsologtostderrthreshold 2",
        ),
        with(
            "klog files",
            "--log_dir=x --log_file= --log_file_max_size=10 --log_backtrace_at=a.go:1",
        ),
        with("klog not a boolean", "--skip_headers=maybe"),
        with("klog not a number", "-v x"),
        with("klog too large a number", "-v 99999999999"),
        with("klog not a severity", "--stderrthreshold=x"),
        with("klog not a size", "--log_file_max_size=x"),
        with("klog not a pattern", "--vmodule=x"),
        with("klog not a place", "--log_backtrace_at=x"),
        with(
            "connection flags without a use",
            "--as x --as-group a,b --as-group c --as-uid 1 --user u --username n",
        ),
        with(
            "more of them",
            "--certificate-authority x --client-certificate x --client-key x --tls-server-name x",
        ),
        with(
            "the rest of them",
            "--password p --proxy-url http://x --request-timeout zz --token t --context nope",
        ),
        with(
            "switches of the connection",
            "--insecure-skip-tls-verify --disable-compression --cluster c",
        ),
        row(
            "namespace of --server",
            &format!("{bare} --server http://127.0.0.1:1"),
            NAMELESS_SPACE,
        ),
        row("no cluster, no certificate", "", SECRET),
        with(
            "controller flags without a use",
            "--controller-name x --controller-namespace y",
        ),
        with("variables", "").env("SEALED_SECRETS_FORMAT", "yaml"),
        with("flag before variable", "-o json").env("SEALED_SECRETS_FORMAT", "yaml"),
        with("bad variable", "").env("SEALED_SECRETS_SCOPE", "foo"),
        row("variable for a namespace", bare, NAMELESS_SPACE).env("SEALED_SECRETS_NAMESPACE", "envns"),
        row("empty variable", bare, NAMELESS_SPACE).env("SEALED_SECRETS_NAMESPACE", ""),
        row("variable for a mode", "", "").env("SEALED_SECRETS_VERSION", "true"),
        with(
            "lists of variable and flag",
            "--raw --from-file s.txt --scope cluster-wide",
        )
        .env("SEALED_SECRETS_FROM_FILE", "s.txt")
        .file("s.txt", "x"),
        with("scope namespace-wide", "--scope namespace-wide"),
        with("scope cluster-wide", "--scope=cluster-wide -o yaml"),
        with("another name", "--name other"),
        with("namespace that is the Secret's", "--namespace prod"),
        with("namespace that is not", "-n other"),
        with("certificate missing", "--cert nope"),
        with("certificate of EC", "--cert ec-p256.crt.pem").fails(
            "the peer prints the fields of Go's key, an address among them",
            "error: expected RSA public key but found *ecdsa.PublicKey\n",
        ),
        with("certificate expired", "--cert expired-2048.crt.pem"),
        with("certificate is a key", "--cert key-a-2048.key.pem"),
        with(
            "certificate by file URL, missing",
            "--cert file:///nonexistent/x.pem",
        ),
        with("certificate by URL, no server", "--cert http://127.0.0.1:1/x"),
        with("chain", "--cert chain-b-then-a.crt.pem -o yaml"),
        row(
            "fetch a local certificate",
            "--fetch-cert --cert chain-b-then-a.crt.pem",
            "",
        ),
        row("fetch does not look inside", "--fetch-cert --cert s.yaml", "").file("s.yaml", SECRET),
        with("private key without its mode", "--recovery-private-key nope"),
    ]
}

fn documents() -> Vec<Row> {
    let seal = |name, stdin: &str| row(name, "--cert key-a-2048.crt.pem -o yaml", stdin);
    let two = format!("{SECRET}---\n{SECRET}");
    vec![
        seal("two documents", &two),
        row("two documents as JSON", "--cert key-a-2048.crt.pem", &two),
        seal("empty documents between", &format!("---\n---\n{SECRET}---\n")),
        seal("byte order mark", &format!("\u{feff}{SECRET}")),
        seal("plain text between", &format!("hello\n---\n{SECRET}---\n- a\n")),
        seal(
            "a mapping without a field of a Secret",
            &format!("{SECRET}---\nfoo: bar\n"),
        ),
        seal("nothing", ""),
        seal("plain text", "hello\n"),
        seal("no data", "kind: Secret\nmetadata: {name: x, namespace: z}\n"),
        seal(
            "empty data",
            "kind: Secret\nmetadata: {name: x, namespace: z}\ndata: {}\n",
        ),
        row(
            "empty data allowed",
            "--cert key-a-2048.crt.pem --allow-empty-data",
            "kind: Secret\nmetadata: {name: x, namespace: z}\n",
        ),
        seal(
            "no name",
            "kind: Secret\nmetadata: {namespace: z}\ndata: {a: YQ==}\n",
        ),
        seal("no namespace", NAMELESS_SPACE),
        seal(
            "second has no namespace",
            &format!("{SECRET}---\n{NAMELESS_SPACE}"),
        ),
        seal(
            "not base64",
            "kind: Secret\nmetadata: {name: x, namespace: z}\ndata: {a: '!!'}\n",
        ),
        row(
            "not base64 in JSON",
            "--cert key-a-2048.crt.pem",
            r#"{"kind":"Secret","metadata":{"name":"x"},"data":{"a":"YQ= ="}}"#,
        ),
        seal(
            "a list for a namespace",
            "kind: Secret\nmetadata: {name: x, namespace: [z]}\ndata: {a: YQ==}\n",
        ),
        seal(
            "a list for labels",
            "kind: Secret\nmetadata: {name: x, labels: [z]}\ndata: {a: YQ==}\n",
        ),
        seal(
            "a mapping for a text",
            "kind: Secret\nmetadata: {name: x}\nstringData: {a: {b: c}}\n",
        ),
        seal(
            "a number for base64",
            "kind: Secret\nmetadata: {name: x}\ndata: {a: 12}\n",
        ),
        seal(
            "text for a boolean",
            "kind: Secret\nmetadata: {name: x}\nimmutable: 'yes'\ndata: {a: YQ==}\n",
        ),
        seal(
            "YAML 1.1",
            "kind: Secret\nmetadata: {name: on, namespace: 0755}\nstringData: {y: ~, a: 1.0, b: 2024-01-01}\n",
        ),
        seal(
            "upper case name",
            "kind: Secret\nmetadata: {name: TestSecret, namespace: z}\ndata: {a: YQ==}\n",
        ),
        seal(
            "without kind",
            "metadata: {name: x, namespace: z}\ndata: {a: YQ==}\n",
        ),
        seal(
            "cannot be read, beside one that can",
            &format!("{SECRET}---\nfoo: [\n"),
        )
        .fails(
            "nothing is lost unsaid: the peer passes over it and ends well",
            "error: a document cannot be read: line 9…\n",
        ),
        seal("a ConfigMap", &SECRET.replace("kind: Secret", "kind: ConfigMap")).fails(
            "§17 no. 9",
            "error: line 1: kind ConfigMap found, and only Secrets can be sealed\n",
        ),
        seal(
            "a List",
            &format!(
                "kind: List\nitems:\n- {}",
                SECRET.trim_end().replace('\n', "\n  ")
            ),
        )
        .differs(
            "§17 no. 9",
            0,
            Some("---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: app\n…"),
            "",
        ),
    ]
}

fn raw() -> Vec<Row> {
    let raw = |name, flags: &str| {
        row(
            name,
            &format!("--raw --cert key-a-2048.crt.pem {flags}"),
            "value\n",
        )
        .file("v.txt", "v")
    };
    vec![
        raw("strict", "-n prod --name app"),
        raw("strict without a name", "-n prod"),
        raw("without a namespace", "--name app"),
        raw("namespace-wide", "-n prod --scope namespace-wide"),
        raw("namespace-wide without a namespace", "--scope namespace-wide"),
        raw("empty namespace", "--name app -n ''"),
        raw("cluster-wide", "--scope cluster-wide"),
        raw("from a file", "--scope cluster-wide --from-file v.txt"),
        raw(
            "from a file with a key",
            "--scope cluster-wide --from-file k=v.txt",
        ),
        raw("from two files", "--scope cluster-wide --from-file v.txt,v.txt"),
        raw(
            "from a file that is missing",
            "--scope cluster-wide --from-file k=a=b",
        ),
        raw("from a folder", "--scope cluster-wide --from-file .")
            .fails("the folder is named as one", "error: . is a folder, not a file\n"),
        raw(
            "from standard input",
            "--scope cluster-wide --from-file /dev/stdin",
        ),
        raw("a bad format is not looked at", "--scope cluster-wide -o toml"),
        raw("--secret-file must be there", "--scope cluster-wide -f nope"),
        raw("into a file", "--scope cluster-wide -w out.txt"),
        raw("kubeconfig missing", "--scope namespace-wide --kubeconfig nope"),
        row(
            "file without --raw",
            "--cert key-a-2048.crt.pem --from-file v.txt",
            SECRET,
        ),
        row("the certificate first", "--raw --cert nope", ""),
    ]
}

fn files() -> Vec<Row> {
    let seal = |name, flags: &str| {
        row(name, &format!("--cert key-a-2048.crt.pem {flags}"), SECRET).file("s.yaml", SECRET)
    };
    let merge = |name, flags: &str, stdin: &str| {
        row(
            name,
            &format!("--cert key-a-2048.crt.pem -o yaml --merge-into m.yaml {flags}"),
            stdin,
        )
        .file("m.yaml", SEALED)
    };
    vec![
        seal("input file", "-f s.yaml"),
        seal("long names", "--secret-file=s.yaml --sealed-secret-file out.yaml"),
        seal("input file missing", "-f nope -w no/x --cert nope"),
        seal("output file by its ending", "-f s.yaml -w out.yaml"),
        seal("output file by its other ending", "-w out.yml -o json"),
        seal("output file with another ending", "-w out.txt"),
        seal("the ending makes a bad format good", "-w out.yaml -o toml"),
        seal("failure leaves the output file", "-w s.yaml -o yaml -n other"),
        seal("fetched certificate into a file", "--fetch-cert -w c.pem"),
        seal("failure makes no file", "--fetch-cert --cert nope -w c.pem"),
        seal("existing output file", "-w s.yaml")
            .differs("§17 no. 8: the mode stays", 0, None, "")
            .leaves("s.yaml", "644\n---\napiVersion: bitnami.com/v1alpha1\n…"),
        seal("folder of the output file missing", "-w no/out.yaml")
            .fails("the file asked for is named: ours is written without a name first", "error: open no/out.yaml: no such file or directory\n"),
        seal("output file is a folder", "-w .").fails("the peer says nothing and writes nothing", "error: . is a folder\n"),
        merge("replaces an item", "", "kind: Secret\ndata: {old: YQ==}\n").differs(
            "§17 no. 7: only the value changes",
            0,
            None,
            "",
        )
        .leaves("m.yaml", "644\n# mine\napiVersion: bitnami.com/v1alpha1\n…\n    old: <…\n"),
        merge("adds an item, a label, an annotation", "", "kind: Secret\nmetadata: {labels: {l: x}, annotations: {an: z}}\ndata: {new: YQ==}\n")
            .differs("§17 no. 7: nothing but what is added changes, and missing maps are made", 0, None, "")
            .leaves("m.yaml", "644\n# mine\n…\n    old: AgBy3i4O\n    new: <…\n…labels:\n…l: x\n…annotations:\n…an: z\n"),
        merge("keeps its format", "-o json", "kind: Secret\ndata: {new: YQ==}\n")
            .differs("§17 no. 7", 0, None, "")
            .leaves("m.yaml", "644\n# mine\n…new: <…"),
        merge("all documents of the input", "", "kind: Secret\ndata: {a: YQ==}\n---\nkind: Secret\ndata: {b: YQ==}\n")
            .differs("§17 no. 7: the peer drops all but the first", 0, None, "")
            .leaves("m.yaml", "644\n# mine\n…a: <…b: <…"),
        merge("a scope that is not the file's", "--scope cluster-wide", "kind: Secret\ndata: {a: YQ==}\n")
            .fails("§17 no. 7: the item could not be opened", "error: the SealedSecret app is strict: an item that is cluster-wide could not be opened there\n")
            .leaves("m.yaml", "644\n# mine\n…\n    old: AgBy3i4O\n…"),
        merge("namespace of the file", "-n other", "kind: Secret\ndata: {a: YQ==}\n"),
        merge("no data", "", "kind: Secret\n"),
        merge("nothing", "", ""),
        merge("bad format", "-o toml", "kind: Secret\ndata: {a: YQ==}\n"),
        merge("output file beside it", "-w out.yaml", "kind: Secret\n"),
        row("merge into nothing", "--cert key-a-2048.crt.pem --merge-into nope", SECRET),
        row("merge into a ConfigMap", "--cert key-a-2048.crt.pem --merge-into m.yaml", SECRET)
            .file("m.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"),
        row("validate nothing", "--validate --kubeconfig kc", "").file("kc", KUBECONFIG).fails(
            "§17 no. 6",
            "error: no sealed secrets found. Ensure the input is valid and UTF-8 encoded\n",
        ),
        row("re-encrypt nothing", "--re-encrypt --kubeconfig kc", "").file("kc", KUBECONFIG).fails(
            "§17 no. 6",
            "error: no sealed secrets found. Ensure the input is valid and UTF-8 encoded\n",
        ),
        row("validate without a cluster", "--validate", SEALED),
        row("re-encrypt without a cluster", "--re-encrypt", SEALED),
        row("validate, no server", "--validate --kubeconfig kc", SEALED).file("kc", KUBECONFIG),
        row("re-encrypt, no server, file stays", "--re-encrypt --kubeconfig kc -f m.yaml", "").file("kc", KUBECONFIG).file("m.yaml", SEALED),
        row("the old name", "--rotate --kubeconfig kc", SEALED).file("kc", KUBECONFIG).differs(
            "§17 no. 8: the note goes to standard error",
            1,
            Some(""),
            "Flag --rotate has been deprecated, please use --re-encrypt instead\nerror: cannot get sealed secret service: …",
        ),
        row("namespace of the context", "--cert key-a-2048.crt.pem --kubeconfig kc", NAMELESS_SPACE).file("kc", KUBECONFIG),
        row("namespace of another context", "--cert key-a-2048.crt.pem --kubeconfig kc --context d", NAMELESS_SPACE).file("kc", KUBECONFIG),
        row("kubeconfig by its variable", "--cert key-a-2048.crt.pem", NAMELESS_SPACE).file("kc", KUBECONFIG).env("KUBECONFIG", "kc"),
        row("kubeconfig missing", "--cert key-a-2048.crt.pem --kubeconfig nope", SECRET),
        row("kubeconfig missing, no namespace", "--cert key-a-2048.crt.pem --kubeconfig nope", NAMELESS_SPACE),
    ]
}

fn recovery() -> Vec<Row> {
    let open = |name, flags: &str, stdin: &str| row(name, &format!("--recovery-unseal {flags}"), stdin);
    let key = "--recovery-private-key key-a-2048.key.pem";
    let keyed = format!("{key} -o yaml");
    vec![
        open("another key", "--recovery-private-key key-b-2048.key.pem", SEALED),
        open("missing key file", "--recovery-private-key nope", SEALED),
        open("bad base64", key, &SEALED.replace("AgBy3i4O", "Ag By")),
        open("not a SealedSecret", key, SECRET),
        open("a number for a name", key, &SEALED.replace("name: app", "name: 12")),
        open("a Secret for a key", "--recovery-private-key s.yaml", SEALED).file("s.yaml", SECRET),
        open("input file missing", &format!("{key} -f nope"), ""),
        open("the old blob", key, "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {data: Ag==}\n"),
        open("no items", &keyed, "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {encryptedData: {}}\n"),
        open("templates alone", &keyed, "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a, namespace: b, uid: u}\nspec: {encryptedData: {}, template: {type: t, data: {x: '{{ \"a\" | upper }}'}}}\n"),
        open("template that fails", key, "apiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: a, namespace: b}\nspec: {encryptedData: {}, template: {data: {x: '{{ fail \"no\" }}'}}}\n"),
        open("no keys", "", SEALED).fails(
            "§11.7: the reason is told before",
            "warning: no private key was given: --recovery-private-key names them\nerror: no key could decrypt secret (old)\n",
        ),
        open("a key of EC", "--recovery-private-key ec-p256.key.pem", SEALED).fails(
            "§11.7: the reason is told before",
            "warning: ec-p256.key.pem…: private key is not an RSA key\nerror: no key could decrypt secret (old)\n",
        ),
        open("empty", key, "").fails(
            "§17 no. 6",
            "error: no sealed secrets found. Ensure the input is valid and UTF-8 encoded\n",
        ),
    ]
}

/// All that asks the peer's controller.
pub(super) fn cluster(cluster: &Cluster) -> Vec<Row> {
    let config = cluster.kubeconfig().display().to_string();
    let at = |name, flags: &str, stdin: &str| row(name, &format!("--kubeconfig {config} {flags}"), stdin);
    let direct = format!(
        "--server {} --token {} --certificate-authority {}",
        cluster.server(),
        cluster.token(),
        cluster.authority().display()
    );
    let sandbox = Sandbox::new();
    let sealed = sandbox
        .run(tools::kubeseal())
        .args(["--kubeconfig", &config, "-o", "yaml"])
        .stdin(SECRET)
        .go();
    let sealed = sealed.expect(0).out();
    let labelled = format!(
        "# mine\n{}",
        sealed.replacen("metadata:\n", "metadata:\n  labels:\n    own: x\n", 1)
    );
    vec![
        at("opens", "--validate", &sealed),
        at("the first opens, the second does not", "--validate", &format!("{sealed}---\n{SEALED}")),
        at("re-encrypted", "--re-encrypt", &sealed),
        at("re-encrypted as YAML", "--re-encrypt -o yaml", &format!("{sealed}{sealed}")),
        at("re-encrypted into a file", "--re-encrypt -f m.yaml -w out.yaml", "").file("m.yaml", &sealed),
        at("re-encrypted in place", "--re-encrypt -f m.yaml", "")
            .file("m.yaml", &labelled)
            .differs("§17 no. 4 and 8, D2: comments, labels and the mode stay", 0, None, "")
            .leaves("m.yaml", "644\n# mine\n---\napiVersion: …\n    own: x\n…    a: <708 letters>\n…"),
        at("labels of its own", "--re-encrypt -o yaml", &labelled).differs(
            "§17 no. 4: the peer moves them into the template",
            0,
            Some("---\n…metadata:\n  labels:\n    own: x\n…  template:\n    metadata:\n      name: app\n      namespace: prod\n"),
            "",
        ),
        at("fetch the certificate", "--fetch-cert", ""),
        at("of a Service with a named port", &format!("--fetch-cert --controller-name {NAMED_PORT_SERVICE}"), ""),
        at("of a Service that is not there", "--fetch-cert --controller-name nope", ""),
        at("of a namespace that is not there", "--fetch-cert --controller-namespace nope", ""),
        row("by flags alone", &format!("--fetch-cert {direct}"), ""),
        row("not trusted", &format!("--fetch-cert --server {} --token x", cluster.server()), ""),
        at("seal by the controller's certificate", "-o yaml", SECRET),
        at("does not open", "--validate", SEALED),
        at("cannot be re-encrypted", "--re-encrypt", SEALED),
        at("cannot be re-encrypted in place", "--re-encrypt -f m.yaml", "").file("m.yaml", SEALED),
        row("variable for the kubeconfig", "--fetch-cert", "").env("SEALED_SECRETS_KUBECONFIG", &config),
    ]
}

const SECRET: &str =
    "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\n  namespace: prod\ndata:\n  a: YQ==\n";
const NAMELESS_SPACE: &str = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\ndata:\n  a: YQ==\n";
const SEALED: &str = "# mine\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: app\n  namespace: prod\nspec:\n  \
                      encryptedData:\n    old: AgBy3i4O\n";
const KUBECONFIG: &str = "apiVersion: v1\nkind: Config\ncurrent-context: c\nclusters: [{name: c, cluster: {server: \"http://127.0.0.1:1\"}}]\n\
                          contexts: [{name: c, context: {cluster: c, user: u, namespace: ctxns}}, {name: d, context: {cluster: c, user: u}}]\n\
                          users: [{name: u, user: {}}]\n";
