//! `tour`: the main job, run for real in a throwaway folder, each step as a user would type it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use similar::{ChangeTag, TextDiff};

use crate::error::{CliError, Kind};
use crate::io::{Io, Terminal};

/// See the main job run for real, in a throwaway folder
///
/// Makes an age key, writes a rule, encrypts a Secret in place, changes one value, and decrypts again. Every step is
/// shown as the command line you would type, then its result. Your own files, keys and variables are not touched.
#[derive(Debug, clap::Args)]
pub struct TourArgs {
    /// Folder to work in: new or empty, and left there (default: a temporary one, removed at the end)
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,

    /// Do not wait between the steps (also without a terminal)
    #[arg(long, short)]
    pub yes: bool,
}

/// Runs the tour.
///
/// # Errors
///
/// A folder that is not empty, or a step whose result is not what the tour says: then something is broken.
pub fn run(args: &TourArgs, io: &mut Io) -> Result<(), CliError> {
    let temporary;
    let dir = match &args.dir {
        Some(dir) => {
            let dir = io.resolve(dir);
            take_empty_folder(&dir)?;
            dir
        }
        None => {
            temporary = tempfile::Builder::new()
                .prefix("gitseal-tour-")
                .tempdir()
                .map_err(|error| {
                    CliError::new(Kind::WriteOutput, "cannot make a temporary folder").because(error)
                })?;
            temporary.path().to_owned()
        }
    };
    let pause = !args.yes && io.terminal.stdin && io.terminal.stdout;
    let mut tour = Tour {
        io,
        dir,
        pause,
        step: 0,
    };
    tour.say(&format!("Everything happens in {}\n", tour.dir.display()))?;
    tour.sops_with_age()?;
    let kept = if args.dir.is_some() {
        "The folder is yours now."
    } else {
        "The folder is removed again."
    };
    tour.say(&format!(
        "\nThat was the tour. {kept} Next: `gitseal --help`, or the README.\n"
    ))
}

/// One walk through the steps.
struct Tour<'a> {
    io: &'a mut Io,
    dir: PathBuf,
    pause: bool,
    step: usize,
}

impl Tour<'_> {
    /// Key, rule, encrypt, change, decrypt.
    fn sops_with_age(&mut self) -> Result<(), CliError> {
        self.title("Make a key. The public half may be known to everyone.")?;
        self.command(&["keygen", "--output", "age.txt"], SignedDuration::ZERO)?;
        let recipient = self.read("age.txt")?;
        let recipient = recipient
            .lines()
            .find_map(|line| line.strip_prefix("# public key: "))
            .ok_or_else(|| broken("the key file names no public key"))?
            .to_owned();

        self.title("Say once which values are encrypted, and for whom.")?;
        let rules = format!(
            "creation_rules:\n  - path_regex: ^apps/\n    encrypted_regex: ^(data|stringData)$\n    age: {recipient}\n"
        );
        self.write_and_show(".sops.yaml", &rules)?;

        self.title("Here is a Secret, as it should never be committed.")?;
        self.write_and_show(SECRET_PATH, SECRET)?;

        self.title("Encrypt it in place. Only the values change, and a `sops` block comes last.")?;
        self.command(&["encrypt", "-i", SECRET_PATH], SignedDuration::ZERO)?;
        let encrypted = self.read(SECRET_PATH)?;
        self.say(&format!("$ cat {SECRET_PATH}\n{}", narrow(&encrypted)))?;
        if encrypted.contains("hunter2") || !encrypted.contains("ENC[AES256_GCM,") {
            return Err(broken("the values were not encrypted"));
        }

        self.title("Change one value. One line changes, and with it the MAC and the date.")?;
        // A minute later, so that the date shows: a person is not as fast as this tour.
        let later = SignedDuration::from_secs(60);
        self.command(&["set", SECRET_PATH, VALUE_PATH, "\"correct horse\""], later)?;
        let changed = self.read(SECRET_PATH)?;
        let lines = self.diff("git diff", &encrypted, &changed)?;
        let expected = ["PASSWORD", "lastmodified", "mac"];
        if lines.iter().map(String::as_str).ne(expected) {
            return Err(broken(&format!("these lines changed: {}", lines.join(", "))));
        }

        self.title("Decrypt. Comments, quotes and blank lines are where they were.")?;
        let plain = self.command(&["decrypt", SECRET_PATH], later)?;
        let lines = self.diff("diff with the Secret from above", SECRET, &plain)?;
        if lines != ["PASSWORD"] {
            return Err(broken(&format!("these lines differ: {}", lines.join(", "))));
        }

        self.title("Put the old value back: the bytes are the original ones.")?;
        self.command(&["set", SECRET_PATH, VALUE_PATH, "\"hunter2\""], later)?;
        self.command(&["decrypt", "-i", SECRET_PATH], later)?;
        if self.read(SECRET_PATH)? != SECRET {
            return Err(broken("the decrypted file is not the original one"));
        }
        self.say(&format!("The same {} bytes as at the beginning.\n", SECRET.len()))
    }

    /// Runs one of our own commands in the folder, with the tour's key and nothing else of the user's.
    fn command(&mut self, words: &[&str], later: SignedDuration) -> Result<String, CliError> {
        let line = words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" ");
        self.say(&format!("$ gitseal {line}\n"))?;
        let (out, err) = (Captured::default(), Captured::default());
        let (parent, clock) = (self.io.environment.clone(), self.io.clock.clone());
        let dir = self.dir.clone();
        let mut child = Io {
            stdin: Box::new(std::io::empty()),
            stdout: Box::new(out.clone()),
            stderr: Box::new(err.clone()),
            environment: Arc::new(move |name| match name {
                "SOPS_AGE_KEY_FILE" => Some(dir.join("age.txt").into_os_string()),
                "HOME" => Some(dir.clone().into_os_string()),
                "PATH" | "TMPDIR" => parent(name),
                _ => None,
            }),
            cwd: self.dir.clone(),
            clock: Arc::new(move || clock() + later),
            random: self.io.random.clone(),
            terminal: Terminal::default(),
            prompt: None,
            warn: crate::ui::warning,
        };
        let mut argv = vec!["gitseal"];
        argv.extend(words);
        let code = crate::run(argv.into_iter().map(Into::into), &mut child);
        drop(child);
        let (out, err) = (out.text(), err.text());
        self.say(&format!("{err}{}", narrow(&out)))?;
        if code != std::process::ExitCode::SUCCESS {
            return Err(broken(&format!("`gitseal {line}` failed")));
        }
        Ok(out)
    }

    /// Shows the lines that differ; gives the key of each line that is new.
    fn diff(&mut self, what: &str, old: &str, new: &str) -> Result<Vec<String>, CliError> {
        let mut text = format!("$ {what}\n");
        let mut keys = Vec::new();
        for change in TextDiff::from_lines(old, new).iter_all_changes() {
            let sign = match change.tag() {
                ChangeTag::Equal => continue,
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            let line = change.value();
            text.push_str(&narrow(&format!("{sign}{line}")));
            if sign == '+' {
                keys.push(line.trim_start().split(':').next().unwrap_or_default().to_owned());
            }
        }
        self.say(&text)?;
        Ok(keys)
    }

    fn title(&mut self, text: &str) -> Result<(), CliError> {
        if self.pause && self.step > 0 {
            self.say("\n(Enter to go on) ")?;
            self.io.read_line();
        }
        self.step += 1;
        let step = self.step;
        self.say(&format!("\n{step}. {text}\n\n"))
    }

    fn say(&mut self, text: &str) -> Result<(), CliError> {
        self.io.write_stdout(text.as_bytes())
    }

    fn read(&self, name: &str) -> Result<String, CliError> {
        fs::read_to_string(self.dir.join(name))
            .map_err(|error| CliError::new(Kind::ReadInput, format!("cannot read {name}")).because(error))
    }

    fn write_and_show(&mut self, name: &str, content: &str) -> Result<(), CliError> {
        let path = self.dir.join(name);
        let made = path.parent().map_or(Ok(()), fs::create_dir_all);
        made.and_then(|()| fs::write(&path, content)).map_err(|error| {
            CliError::new(Kind::WriteOutput, format!("cannot write {name}")).because(error)
        })?;
        self.say(&format!("$ cat {name}\n{content}"))
    }
}

/// A stream into memory that two can hold.
#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }
}

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Makes the folder if needed; refuses one that holds anything.
fn take_empty_folder(dir: &Path) -> Result<(), CliError> {
    let name = dir.display();
    fs::create_dir_all(dir)
        .map_err(|error| CliError::new(Kind::WriteOutput, format!("cannot make {name}")).because(error))?;
    let mut entries = fs::read_dir(dir)
        .map_err(|error| CliError::new(Kind::ReadInput, format!("cannot read {name}")).because(error))?;
    if entries.next().is_some() {
        return Err(CliError::new(Kind::WriteOutput, format!("{name} is not empty"))
            .hint("name a new folder: the tour writes files and replaces nothing"));
    }
    Ok(())
}

/// Cuts long lines, so that ciphertext stays readable.
fn narrow(text: &str) -> String {
    text.split_inclusive('\n')
        .map(|line| match line.char_indices().nth(WIDTH) {
            Some((at, _)) => format!("{}…\n", &line[..at]),
            None => line.to_owned(),
        })
        .collect()
}

/// A word as a shell needs it.
fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{word}'")
    }
}

fn broken(what: &str) -> CliError {
    CliError::new(Kind::Generic, format!("the tour did not go as it should: {what}"))
        .hint("this is a defect of gitseal: please report it with this output")
}

/// Columns shown of a line.
const WIDTH: usize = 96;

const SECRET_PATH: &str = "apps/web/secret.yaml";

const VALUE_PATH: &str = r#"["stringData"]["PASSWORD"]"#;

const SECRET: &str = r#"# Read by the Deployment beside it.
apiVersion: v1
kind: Secret
metadata:
  name: web
  namespace: web

stringData:
  USER: web          # the same in all clusters
  PASSWORD: "hunter2"
  CERTIFICATE: |
    -----BEGIN CERTIFICATE-----
    bm90IGEgY2VydGlmaWNhdGU=
    -----END CERTIFICATE-----
"#;
