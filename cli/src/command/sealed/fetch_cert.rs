//! `fetch-cert`: the certificates of the clusters of `.gitseal.yaml`, fetched and stored in the repository; what
//! changed is told, with the files that are sealed to the old key (spec/sealed-secrets §19.6).

mod stored;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::seal::{SealingCert, Validity};
use serde_json::{Value, json};

use super::certs::shown;
use super::connection::{self, ClusterArgs};
use super::judge::{AllowArgs, Judge};
use super::source::{self, fetches};
use super::text as sealed_text;
use crate::args::ReplaceArgs;
use crate::certificate::Source;
use crate::command::file::batch::print_json;
use crate::config::clean;
use crate::error::{CliError, Kind};
use crate::files::{self, Lock, Secrecy};
use crate::io::Io;
use crate::project::{Cluster, Project, Projects};
use stored::{Change, Stored};

/// Store the certificate of a cluster in the repository
///
/// Fetches the certificates of clusters of .gitseal.yaml from their url or context, and writes them to their cert.
/// If the key of a cluster has changed, its old fingerprint goes to replaced, and the files that are sealed to the old
/// key are named. With --cert, --context or --kubeconfig and no cluster, the certificate is printed.
#[derive(Debug, Default, clap::Args)]
pub struct Args {
    /// Clusters of .gitseal.yaml [default: all that have a url or a context]
    #[arg(value_name = "CLUSTER")]
    pub clusters: Vec<String>,

    /// Fetch from this address, or read this file
    #[arg(long, value_name = "FILE|URL")]
    pub cert: Option<String>,

    /// Write the certificate to this file instead of standard output
    #[arg(long, value_name = "FILE", conflicts_with = "clusters")]
    pub output: Option<PathBuf>,

    /// Report as JSON on standard output
    #[arg(long)]
    pub json: bool,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub allow: AllowArgs,

    #[command(flatten)]
    #[allow(missing_docs, reason = "a group of flags")]
    pub cluster: ClusterArgs,
}

/// Runs the command.
///
/// # Errors
///
/// See the exit codes of spec/sops-cli §6.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let flags_say_where =
        args.cert.is_some() || args.cluster.context.is_some() || args.cluster.kubeconfig.is_some();
    if args.clusters.is_empty() && (flags_say_where || args.output.is_some()) {
        return print(args, io);
    }
    let cwd = io.cwd.clone();
    let Some(project) = Projects::default().of_folder(&cwd, io)? else {
        return Err(CliError::new(Kind::Generic, "no .gitseal.yaml was found").hint(
            "without one, fetch-cert prints a certificate: name it with --cert URL or --context CONTEXT",
        ));
    };
    let names = names(args, &project)?;
    if names.len() > 1 && flags_say_where {
        return Err(CliError::new(
            Kind::Conflicting,
            "--cert and --context are for one cluster",
        ));
    }
    let mut report = Vec::new();
    let mut failures = Vec::new();
    for name in &names {
        match store(args, &project, name, io) {
            Ok(entry) => report.push(entry),
            Err(error) => {
                if args.json {
                    report.push(
                        json!({"cluster": name, "result": "failed", "error": error.message,
                        "causes": error.causes(), "hints": error.hints}),
                    );
                }
                failures.push(error);
            }
        }
    }
    if args.json {
        print_json(&json!({ "clusters": report }), io)?;
    }
    match failures.len() {
        0 => Ok(()),
        1 if names.len() == 1 => Err(failures.remove(0)),
        failed => {
            let all = names.len();
            let mut error = CliError::new(Kind::Several, format!("{failed} of {all} certificates failed"));
            error.failures = failures;
            Err(error)
        }
    }
}

fn names(args: &Args, project: &Project) -> Result<Vec<String>, CliError> {
    let mut names: Vec<String> = Vec::new();
    for name in &args.clusters {
        project.cluster(name)?;
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    if args.clusters.is_empty() {
        let all = project.clusters.iter().filter(|(_, cluster)| fetches(cluster));
        names.extend(all.map(|(name, _)| name.clone()));
    }
    if names.is_empty() {
        return Err(CliError::new(
            Kind::Generic,
            format!(
                "{} says for no cluster where its certificate is fetched",
                project.shown.display()
            ),
        )
        .hint("give a cluster a url or a context, or name it with --cert URL or --context CONTEXT"));
    }
    Ok(names)
}

/// Without a cluster of the repository: the certificate as it came.
fn print(args: &Args, io: &mut Io) -> Result<(), CliError> {
    let (bytes, from) = match &args.cert {
        Some(word) => (read(word, io)?, word.clone()),
        None => {
            let flags = &args.cluster;
            let bytes = connection::fetch_cert(&flags.connection(None), &flags.controllers(None), io)?;
            (bytes, "the answer".to_owned())
        }
    };
    let judge = Judge {
        from: &from,
        allow: &args.allow,
        pin: None,
        project: None,
        now: io.now(),
    };
    let (cert, warnings) = judge.parse(&bytes)?;
    for warning in warnings {
        io.warn(&warning);
    }
    tell_time(&cert, &from, io);
    match &args.output {
        Some(path) if path != Path::new("-") => {
            files::write_new(
                &io.resolve(path),
                path,
                &bytes,
                Secrecy::Sealed,
                ReplaceArgs::default(),
            )?;
        }
        _ if args.json => {}
        _ => io.write_stdout(&bytes)?,
    }
    if args.json {
        return print_json(
            &json!({"clusters": [{"result": "fetched", "fingerprint": cert.fingerprint(), "notAfter": day(&cert)}]}),
            io,
        );
    }
    Ok(())
}

fn read(word: &str, io: &Io) -> Result<Vec<u8>, CliError> {
    let source = Source::parse(word).map_err(|error| {
        CliError::new(Kind::Generic, format!("cannot read {word}"))
            .because(CliError::new(Kind::Generic, error.to_string()))
    })?;
    source::read(&source, io)
}

/// Fetches and stores the certificate of one cluster; gives its entry of the report.
fn store(args: &Args, project: &Arc<Project>, name: &str, io: &mut Io) -> Result<Value, CliError> {
    let cluster = project.cluster(name)?;
    let Some(file) = &cluster.cert else {
        return Err(CliError::new(
            Kind::Generic,
            format!(
                "{}: cluster {name} has no cert, the file that its certificate is stored in",
                project.shown.display()
            ),
        )
        .hint(format!("add for example cert: certs/{name}.pem")));
    };
    let bytes = fetch(args, project, name, cluster, io)?;
    let from = format!("the fetched certificate of cluster {name}");
    let judge = Judge {
        from: &from,
        allow: &args.allow,
        pin: cluster.fingerprint.as_deref(),
        project: Some((project, Some(name))),
        now: io.now(),
    };
    let (cert, warnings) = judge.cert(&bytes)?;
    for warning in warnings {
        io.warn(&warning);
    }
    let path = clean(&project.folder().join(file));
    let stored = Stored {
        shown: shown(&path, io),
        path,
    };
    let old = stored.read()?;
    let change = Change::between(old.as_ref(), &cert, &bytes);
    let mut entry = json!({
        "cluster": name,
        "result": change.word(),
        "cert": stored.shown.to_string_lossy(),
        "fingerprint": cert.fingerprint(),
        "notAfter": day(&cert),
    });
    if let (Change::NewKey, Some(old)) = (change, old.as_ref().and_then(|old| old.cert.as_ref())) {
        // First the list: if we are interrupted now, the old certificate is refused, and the next run ends the work.
        note_replaced(project, name, old.fingerprint())?;
        let sealed = sealed_to(project, old.fingerprint(), io)?;
        entry["replaced"] = json!(old.fingerprint());
        entry["reseal"] = json!(
            sealed
                .iter()
                .map(|path| path.to_string_lossy())
                .collect::<Vec<_>>()
        );
        stored.write(&bytes)?;
        if !args.json {
            tell_new_key(name, old, &cert, &sealed, &stored, io);
        }
        return Ok(entry);
    }
    if change != Change::None {
        stored.write(&bytes)?;
    }
    if !args.json {
        let shown = stored.shown.display();
        io.tell(&match change {
            Change::None => format!("{name}: {shown} is the certificate of today"),
            Change::First | Change::NewKey => format!("{name}: stored {shown}, {}", cert.fingerprint()),
            Change::SameKey => format!(
                "{name}: stored {shown}, renewed on the same key {}",
                cert.fingerprint()
            ),
        });
    }
    Ok(entry)
}

fn fetch(
    args: &Args,
    project: &Project,
    name: &str,
    cluster: &Cluster,
    io: &Io,
) -> Result<Vec<u8>, CliError> {
    if let Some(word) = &args.cert {
        return read(word, io);
    }
    if args.cluster.context.is_some() || !fetches(cluster) && args.cluster.is_given() {
        let connection = args.cluster.connection(None);
        return connection::fetch_cert(
            &connection,
            &args.cluster.controllers(cluster.controller.as_ref()),
            io,
        );
    }
    source::fetch(&args.cluster, project, name, cluster, io)
}

/// Adds a fingerprint to `replaced` of a cluster; every other byte of the file stays.
fn note_replaced(project: &Project, name: &str, fingerprint: &str) -> Result<(), CliError> {
    let shown = &project.shown;
    let failed = || {
        CliError::new(
            Kind::WriteOutput,
            format!("cannot add to replaced of cluster {name} in {}", shown.display()),
        )
        .hint(format!(
            "add {fingerprint} to it by hand, then run the command again"
        ))
    };
    let opened = files::open_for_update(&project.path, shown, Some(&project.root), MAX_BYTES, Lock::Hold)?;
    let text = std::str::from_utf8(&opened.bytes).map_err(|_| failed())?;
    let new = manifest::text::append_to_list(text, &["clusters", name, "replaced"], fingerprint)
        .map_err(|error| failed().because(error))?;
    if new == text {
        return Ok(());
    }
    opened.target.replace(new.as_bytes(), ReplaceArgs::default())
}

/// Files of the repository that say that they were sealed to a key. A hint, as their annotation is.
fn sealed_to(project: &Project, fingerprint: &str, io: &Io) -> Result<Vec<PathBuf>, CliError> {
    let is_manifest = |path: &Path| sealed_text::is_manifest(path) && path != project.path;
    let root = shown(&project.root, io);
    let root = if root.as_os_str().is_empty() {
        PathBuf::from(".")
    } else {
        root
    };
    let files = files::collect(&[root], io, &is_manifest)?;
    let says = |bytes: &[u8]| {
        let mut found = bytes
            .windows(fingerprint.len())
            .any(|window| window == fingerprint.as_bytes());
        let name = ::seal::SEALED_BY.as_bytes();
        found = found && bytes.windows(name.len()).any(|window| window == name);
        found
    };
    let files = files.into_iter();
    let sealed = files.filter(|found| {
        files::read(&found.path, &found.shown, MAX_MANIFEST_BYTES).is_ok_and(|bytes| says(&bytes))
    });
    Ok(sealed.map(|found| found.shown).collect())
}

fn tell_new_key(
    name: &str,
    old: &SealingCert,
    new: &SealingCert,
    sealed: &[PathBuf],
    stored: &Stored,
    io: &mut Io,
) {
    let mut lines = vec![
        format!("{name}: the key has changed; stored {}", stored.shown.display()),
        format!("  old {}", old.fingerprint()),
        format!("  new {}", new.fingerprint()),
    ];
    if sealed.is_empty() {
        lines.push("  no file says that it was sealed to the old key".to_owned());
    } else {
        lines.push(format!(
            "  sealed to the old key (gitseal reseal PATH --to {name}):"
        ));
        lines.extend(
            sealed
                .iter()
                .map(|path| format!("    {}", crate::ui::one_line(&path.to_string_lossy()))),
        );
    }
    io.tell(&lines.join("\n"));
}

/// A certificate that is only printed is not refused for its time.
fn tell_time(cert: &SealingCert, from: &str, io: &mut Io) {
    let text = match cert.validity(io.now()) {
        Validity::Good => return,
        Validity::EndsSoon(_) => format!("{from} expires on {}", day(cert)),
        Validity::Expired(_) => format!("{from} expired on {}", day(cert)),
        Validity::NotYet(start) => format!("{from} is not valid before {}", start.strftime("%Y-%m-%d")),
    };
    io.warn(&text);
}

fn day(cert: &SealingCert) -> String {
    cert.not_after().strftime("%Y-%m-%d").to_string()
}

/// Most bytes of a certificate or of `.gitseal.yaml`.
const MAX_BYTES: u64 = 1 << 20;
/// Most bytes of a file that is searched for the annotation.
const MAX_MANIFEST_BYTES: u64 = 5 << 20;
