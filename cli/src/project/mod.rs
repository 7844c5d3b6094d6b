//! `.gitseal.yaml`: the clusters of a repository, and which files seal to which (spec/sealed-secrets §19.6).
//!
//! ```text
//! input file ─ folder, folders above, repository root ─► nearest .gitseal.yaml ─► first rule that fits ─► clusters
//! ```
//!
//! Nothing of a cluster is read here: certificates are `command::sealed::certs`' business.

mod out;
mod schema;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use globset::GlobMatcher;
use seal::Scope;

use crate::cluster::Controller;
use crate::config::clean;
use crate::error::{CliError, Kind};
use crate::files;
use crate::io::Io;
pub use out::OutPattern;

/// One `.gitseal.yaml`.
#[derive(Debug)]
pub struct Project {
    /// The file, absolute.
    pub path: PathBuf,
    /// The file as the user would write it.
    pub shown: PathBuf,
    /// The folder with `.git` that it lies in; its own folder if there is none.
    pub root: PathBuf,
    /// Clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    rules: Vec<Rule>,
}

/// One cluster of a repository.
#[derive(Debug, Default)]
pub struct Cluster {
    /// File of its certificate, seen from the file's folder.
    pub cert: Option<PathBuf>,
    /// Where the certificate is served.
    pub url: Option<String>,
    /// Context of the kubeconfig in which the controller answers.
    pub context: Option<String>,
    /// Fingerprint that the certificate must have.
    pub fingerprint: Option<String>,
    /// Where the controller is, if it was said.
    pub controller: Option<Controller>,
    /// Namespace of Secrets that name none.
    pub namespace: Option<String>,
    /// Labels of SealedSecrets that do not have them.
    pub labels: BTreeMap<String, String>,
    /// Scope of Secrets that ask for none.
    pub scope: Option<Scope>,
    /// Where `seal --for` writes.
    pub out: Option<OutPattern>,
    /// Fingerprints of certificates that were replaced.
    pub replaced: Vec<String>,
}

#[derive(Debug)]
struct Rule {
    path: GlobMatcher,
    clusters: Vec<String>,
}

/// The projects of a run: each file is read once.
#[derive(Default)]
pub struct Projects {
    by_folder: HashMap<PathBuf, Option<Arc<Project>>>,
    by_path: HashMap<PathBuf, Arc<Project>>,
}

impl Projects {
    /// The project that counts for files of a folder (absolute), if there is one.
    ///
    /// # Errors
    ///
    /// It cannot be read: exit 1.
    pub fn of_folder(&mut self, folder: &Path, io: &Io) -> Result<Option<Arc<Project>>, CliError> {
        if let Some(known) = self.by_folder.get(folder) {
            return Ok(known.clone());
        }
        let path = match io.env_text("GITSEAL_CONFIG") {
            Some(named) => Some(clean(&io.resolve(Path::new(&named)))),
            None => search(&clean(folder), &io.cwd),
        };
        let project = match path {
            None => None,
            Some(path) => Some(match self.by_path.get(&path) {
                Some(known) => Arc::clone(known),
                None => {
                    let project = Arc::new(Project::load(&path, io)?);
                    self.by_path.insert(path, Arc::clone(&project));
                    project
                }
            }),
        };
        self.by_folder.insert(folder.to_owned(), project.clone());
        Ok(project)
    }

    /// The project that counts for a file (absolute).
    ///
    /// # Errors
    ///
    /// As for [`of_folder`](Self::of_folder).
    pub fn of_file(&mut self, file: &Path, io: &Io) -> Result<Option<Arc<Project>>, CliError> {
        self.of_folder(file.parent().unwrap_or_else(|| Path::new("/")), io)
    }
}

/// The nearest file. Outside of a repository nobody above the working folder is asked: whoever may write to a folder
/// further up would choose the certificate.
fn search(folder: &Path, cwd: &Path) -> Option<PathBuf> {
    let repository = folder.ancestors().find(|above| above.join(".git").exists());
    let last = match repository {
        Some(root) => root,
        None if folder.starts_with(cwd) => cwd,
        None => folder,
    };
    let folders = folder.ancestors().take_while(|above| above.starts_with(last));
    folders.map(|above| above.join(NAME)).find(|path| path.is_file())
}

impl Project {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It cannot be read, or says something that is not known: exit 1.
    pub fn load(path: &Path, io: &Io) -> Result<Self, CliError> {
        let shown = path.strip_prefix(&io.cwd).unwrap_or(path).to_owned();
        let unreadable = || CliError::new(Kind::Generic, format!("cannot read {}", shown.display()));
        let bytes = files::read(path, &shown, MAX_BYTES).map_err(|error| unreadable().because(error))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| unreadable().because(CliError::new(Kind::Generic, "it is not UTF-8")))?;
        let wrong = |wrong: schema::Wrong| {
            let place = wrong
                .line
                .map_or_else(String::new, |(line, column)| format!(":{line}:{column}"));
            CliError::new(Kind::Generic, format!("{}{place}: {}", shown.display(), wrong.what))
                .hint("clusters have cert, url, context, fingerprint, controller, namespace, labels, scope, out, replaced; \
                       rules have path and clusters")
        };
        let (clusters, rules) = schema::parse(text).map_err(wrong)?;
        let folder = path.parent().unwrap_or_else(|| Path::new("/"));
        let root = folder.ancestors().find(|above| above.join(".git").exists());
        Ok(Self {
            path: path.to_owned(),
            root: root.unwrap_or(folder).to_owned(),
            shown,
            clusters,
            rules,
        })
    }

    /// The folder that paths in it are seen from.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or_else(|| Path::new("/"))
    }

    /// The clusters of the first rule that fits a file (absolute).
    pub fn clusters_of(&self, file: &Path) -> Option<&[String]> {
        let file = clean(file);
        let below = file.strip_prefix(self.folder()).ok()?;
        let rule = self.rules.iter().find(|rule| rule.path.is_match(below))?;
        Some(&rule.clusters)
    }

    /// A cluster by its name.
    ///
    /// # Errors
    ///
    /// There is none: those that are there are named.
    pub fn cluster(&self, name: &str) -> Result<&Cluster, CliError> {
        self.clusters.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.clusters.keys().map(String::as_str).collect();
            let there = if names.is_empty() {
                "it names no clusters".to_owned()
            } else {
                format!("its clusters are {}", names.join(", "))
            };
            CliError::new(
                Kind::Generic,
                format!("{} has no cluster {name}", self.shown.display()),
            )
            .hint(there)
        })
    }

    /// Whether a fingerprint is one that some cluster has replaced; the name of that cluster.
    pub fn replaced_by(&self, fingerprint: &str) -> Option<&str> {
        let has = |cluster: &Cluster| cluster.replaced.iter().any(|old| old == fingerprint);
        let mut clusters = self.clusters.iter();
        clusters
            .find(|(_, cluster)| has(cluster))
            .map(|(name, _)| name.as_str())
    }
}

/// Name of the file.
pub const NAME: &str = ".gitseal.yaml";
/// Most bytes of the file.
const MAX_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn io(cwd: &Path, config: Option<&str>) -> Io {
        let config = config.map(std::ffi::OsString::from);
        Io {
            environment: Arc::new(move |name| config.clone().filter(|_| name == "GITSEAL_CONFIG")),
            cwd: cwd.to_owned(),
            ..Io::system()
        }
    }

    fn write(root: &Path, name: &str, text: &str) {
        std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        std::fs::write(root.join(name), text).unwrap();
    }

    const ONE: &str = "version: 1\nclusters: {prod: {cert: prod.pem}, dev: {cert: dev.pem}}\nrules:\n  - {path: 'apps/**', clusters: [prod]}\n  - {path: '**', clusters: [dev]}\n";

    #[test]
    fn the_nearest_file_up_to_the_root_of_the_repository_counts() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        write(&root, ".gitseal.yaml", "not even read");
        write(&root, "repo/.git/HEAD", "");
        write(&root, "repo/.gitseal.yaml", ONE);
        write(&root, "repo/near/.gitseal.yaml", "version: 1\n");
        write(&root, "bare/a/b/x.yaml", "");
        let found = |file: &str, cwd: &str, config| {
            let mut projects = Projects::default();
            let project = projects
                .of_file(&root.join(file), &io(&root.join(cwd), config))
                .unwrap();
            project.map(|project| project.path.strip_prefix(&root).unwrap().display().to_string())
        };
        let cases = [
            (
                "above",
                "repo/apps/x/a.yaml",
                "repo",
                None,
                Some("repo/.gitseal.yaml"),
            ),
            (
                "nearest",
                "repo/near/deep/a.yaml",
                "repo",
                None,
                Some("repo/near/.gitseal.yaml"),
            ),
            (
                "from elsewhere",
                "repo/a.yaml",
                "bare",
                None,
                Some("repo/.gitseal.yaml"),
            ),
            ("no repository", "bare/a/b/x.yaml", "bare/a", None, None),
            (
                "named",
                "bare/a/b/x.yaml",
                "repo",
                Some("near/.gitseal.yaml"),
                Some("repo/near/.gitseal.yaml"),
            ),
        ];
        for (name, file, cwd, config, want) in cases {
            assert_eq!(found(file, cwd, config).as_deref(), want, "case: {name}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_names_the_clusters() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        write(&root, ".gitseal.yaml", ONE);
        let project = Project::load(&root.join(NAME), &io(&root, None)).unwrap();
        let cases = [
            ("apps/a.yaml", Some("prod")),
            ("apps/deep/er/a.yaml", Some("prod")),
            ("./apps/../apps/a.yaml", Some("prod")),
            ("a.yaml", Some("dev")),
            ("../a.yaml", None),
        ];
        for (file, want) in cases {
            let clusters = project.clusters_of(&root.join(file));
            assert_eq!(clusters.map(|all| all[0].as_str()), want, "case: {file}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let cases = [
            (
                "version: 1\nclusters:\n  prod:\n    crt: x\n",
                ".gitseal.yaml:4:5: unknown field",
            ),
            ("version: 1\nclster: {}\n", ".gitseal.yaml:2:1: unknown field"),
            ("version: 2\n", "version 2"),
            ("clusters: {}\n", "version"),
            ("version: 1\nclusters: {a: {scope: wide}}\n", "clusters.a.scope"),
            (
                "version: 1\nclusters: {a: {url: 'http://x/c'}}\n",
                "clusters.a.url",
            ),
            (
                "version: 1\nclusters: {a: {url: 'ftp://x/c'}}\n",
                "clusters.a.url",
            ),
            (
                "version: 1\nclusters: {a: {url: 'https://x/c', context: k}}\n",
                "clusters.a",
            ),
            (
                "version: 1\nclusters: {a: {cert: c, out: 'x/{nam}.yaml'}}\n",
                "clusters.a.out",
            ),
            (
                "version: 1\nclusters: {a: {cert: c, out: 'x/a.yaml'}}\n",
                "clusters.a.out",
            ),
            (
                "version: 1\nclusters: {a: {cert: c, out: '/x/{name}.yaml'}}\n",
                "clusters.a.out",
            ),
            (
                "version: 1\nclusters: {a: {fingerprint: abc}}\n",
                "clusters.a.fingerprint",
            ),
            (
                "version: 1\nrules: [{path: '**', clusters: [a]}]\n",
                "no cluster a",
            ),
            ("version: 1\nrules: [{path: '[', clusters: []}]\n", "rules.1.path"),
            (
                "version: 1\nclusters: {a: {cert: x}, a: {cert: y}}\n",
                ".gitseal.yaml:2:",
            ),
        ];
        for (text, want) in cases {
            write(&root, NAME, text);
            let error = Project::load(&root.join(NAME), &io(&root, None)).unwrap_err();
            assert!(error.message.contains(want), "{text}: {}", error.message);
        }
    }
}
