//! One generated file through both tools, in both directions, and what may be said of the results.

use gitseal_tests::program::gitseal;
use gitseal_tests::sandbox::{Outcome, Run, Sandbox};
use gitseal_tests::{EXAMPLE_RECIPIENT, tools};

use crate::documents::{Case, Store};

/// What came of one case.
pub(crate) enum Verdict {
    /// Both encrypt, and everything that can be compared is the same.
    Same,
    /// Both refuse, with the same exit code.
    BothRefuse,
    /// The real sops cannot read what it wrote itself; ours was compared with ours only.
    PeerBreaksItself,
    /// A difference, in words.
    Different(String),
}

/// Runs one case in a fresh folder of `sandbox`. `own_verbs` takes `gitseal encrypt`, else the personality.
pub(crate) fn compare(case: &Case, sandbox: &Sandbox, own_verbs: bool) -> Verdict {
    let bench = Bench {
        sandbox,
        name: case.store.file_name(),
        own_verbs,
    };
    bench.lay_out(case);
    match bench.verdict(case) {
        Ok(verdict) => verdict,
        Err(what) => Verdict::Different(what),
    }
}

struct Bench<'s> {
    sandbox: &'s Sandbox,
    name: &'static str,
    own_verbs: bool,
}

impl Bench<'_> {
    fn lay_out(&self, case: &Case) {
        let _ = std::fs::remove_dir_all(self.sandbox.work());
        let mut rules = format!("creation_rules:\n  - age: {EXAMPLE_RECIPIENT}\n");
        for line in case.rule {
            rules.push_str(&format!("    {line}\n"));
        }
        self.sandbox.write(".sops.yaml", rules);
        self.sandbox.write(self.file("plain"), &case.text);
    }

    fn verdict(&self, case: &Case) -> Result<Verdict, String> {
        let ours = self.ours("encrypt").arg(self.file("plain")).go();
        let theirs = self.theirs("encrypt").arg(self.file("plain")).go();
        if ours.code != Some(0) || theirs.code != Some(0) {
            return self.refusals(case, &ours, &theirs);
        }
        self.sandbox.write(self.file("ours"), &ours.stdout);
        self.sandbox.write(self.file("theirs"), &theirs.stdout);

        self.our_round_trip(case)?;
        let reference = self.theirs("decrypt").arg(self.file("theirs")).go();
        if reference.code != Some(0) || !case.peer_can {
            return Ok(Verdict::PeerBreaksItself);
        }
        self.they_read_ours(&reference)?;
        self.we_read_theirs(&reference)?;
        Ok(Verdict::Same)
    }

    fn refusals(&self, case: &Case, ours: &Outcome, theirs: &Outcome) -> Result<Verdict, String> {
        if ours.code == theirs.code {
            return Ok(Verdict::BothRefuse);
        }
        // Our own verb answers with its own codes where it is stricter or, for a file that is encrypted
        // already, kinder (spec/sops-cli §15.2); only the personality must have the peer's code.
        let both_refuse = ours.code != Some(0) && theirs.code != Some(0);
        if both_refuse && self.own_verbs {
            return Ok(Verdict::BothRefuse);
        }
        if !case.peer_can && theirs.code != Some(0) && ours.code == Some(0) {
            return Ok(Verdict::PeerBreaksItself);
        }
        Err(format!(
            "the answers to encrypt differ\n{}\n{}",
            ours.told(),
            theirs.told()
        ))
    }

    /// Ours to ours: the same bytes where that is promised, else the same values as sops sees them.
    fn our_round_trip(&self, case: &Case) -> Result<(), String> {
        let back = succeed(self.ours("decrypt").arg(self.file("ours")).go())?;
        if back.stdout == case.text {
            return Ok(());
        }
        if case.exact {
            return Err(format!(
                "our own round trip changed bytes\n{}",
                self.shown(&case.text, &back.stdout)
            ));
        }
        if !case.peer_can {
            return Ok(());
        }
        match (self.as_sops_sees(&case.text), self.as_sops_sees(&back.stdout)) {
            (Some(before), Some(after)) if alike(&before, &after) => Ok(()),
            // What sops cannot read back itself is compared nowhere.
            (None, _) => Ok(()),
            (before, after) => Err(format!(
                "our own round trip changed a value\n{}",
                self.shown(&before.unwrap_or_default(), &after.unwrap_or_default())
            )),
        }
    }

    /// Ours to theirs.
    fn they_read_ours(&self, reference: &Outcome) -> Result<(), String> {
        let read = self.theirs("decrypt").arg(self.file("ours")).go();
        if read.code != Some(0) {
            return Err(format!("sops does not read ours\n{}", read.told()));
        }
        if alike(&reference.stdout, &read.stdout) {
            return Ok(());
        }
        // Another layout of the same values is fine: blank lines and comments may sit otherwise.
        match (
            self.as_sops_sees(&reference.stdout),
            self.as_sops_sees(&read.stdout),
        ) {
            (Some(wanted), Some(got)) if alike(&wanted, &got) => Ok(()),
            _ => Err(format!(
                "sops reads ours otherwise\n{}",
                self.shown(&reference.stdout, &read.stdout)
            )),
        }
    }

    /// Theirs to ours.
    fn we_read_theirs(&self, reference: &Outcome) -> Result<(), String> {
        let read = self.ours("decrypt").arg(self.file("theirs")).go();
        if read.code != Some(0) {
            return Err(format!("we do not read what sops wrote\n{}", read.told()));
        }
        if alike(&reference.stdout, &read.stdout) {
            return Ok(());
        }
        match (
            self.as_sops_sees(&reference.stdout),
            self.as_sops_sees(&read.stdout),
        ) {
            (Some(wanted), Some(got)) if alike(&wanted, &got) => Ok(()),
            _ => Err(format!(
                "we read theirs otherwise\n{}",
                self.shown(&reference.stdout, &read.stdout)
            )),
        }
    }

    /// The values of a plain text in one fixed layout: through the real sops and back.
    ///
    /// Independent of our parser. None where sops refuses the text or its own output.
    fn as_sops_sees(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.sandbox.write(self.file("seen"), plain);
        let sealed = self.theirs("encrypt").arg(self.file("seen")).go();
        if sealed.code != Some(0) {
            return None;
        }
        self.sandbox.write(self.file("seen"), &sealed.stdout);
        let opened = self.theirs("decrypt").arg(self.file("seen")).go();
        (opened.code == Some(0)).then_some(opened.stdout)
    }

    fn ours(&self, verb: &str) -> Run {
        let run = self.sandbox.run(gitseal()).with_example_identity();
        if self.own_verbs {
            run.arg(verb)
        } else {
            run.arg("sops").arg(verb)
        }
    }

    fn theirs(&self, verb: &str) -> Run {
        self.sandbox.run(tools::sops()).with_example_identity().arg(verb)
    }

    fn file(&self, folder: &str) -> String {
        format!("{folder}/{}", self.name)
    }

    fn shown(&self, wanted: &[u8], got: &[u8]) -> String {
        let plain = self.sandbox.read(self.file("plain"));
        let ours = std::fs::read(self.sandbox.path(self.file("ours"))).unwrap_or_default();
        let theirs = std::fs::read(self.sandbox.path(self.file("theirs"))).unwrap_or_default();
        format!(
            "{}\n--- plain\n{}\n--- wanted\n{}\n--- got\n{}\n--- encrypted by us\n{}\n--- encrypted by sops\n{}",
            first_difference(&text(wanted), &text(got)),
            text(&plain),
            text(wanted),
            text(got),
            without_block(&text(&ours)),
            without_block(&text(&theirs)),
        )
    }
}

/// True for the same text, apart from three things that sops does to comments.
///
/// - A comment below a nested block, or after the last entry of a file, belongs to one entry in the
///   plain file and to another in the encrypted one: where it stands is not compared. (That ours stay
///   where they are is what the byte-exact round trip proves.)
/// - sops drops some comments when it writes (T15): then ours may have more of them, never fewer.
/// - sops puts some comments into another container when it writes than when it reads, cannot open
///   them then, and shows their ciphertext. We open them, so comments are not compared there.
fn alike(wanted: &[u8], got: &[u8]) -> bool {
    if wanted == got {
        return true;
    }
    let split = |bytes: &[u8]| -> (Vec<String>, Vec<String>) {
        let text = String::from_utf8_lossy(bytes);
        let is_comment = |line: &str| line.trim_start().starts_with('#');
        let bare = |line: &str| if is_comment(line) { line.trim_start() } else { line }.to_owned();
        text.lines().map(bare).partition(|line| line.starts_with('#'))
    };
    let ((comments_wanted, values_wanted), (comments_got, values_got)) = (split(wanted), split(got));
    let lost = |comments: &[String]| comments.iter().any(|comment| comment.starts_with("#ENC["));
    let count = |comments: &[String], comment| comments.iter().filter(|other| *other == comment).count();
    let none_missing = comments_wanted
        .iter()
        .all(|comment| count(&comments_got, comment) >= count(&comments_wanted, comment));
    values_wanted == values_got && (none_missing || lost(&comments_wanted) || lost(&comments_got))
}

/// The first line that differs, for the reader in a hurry.
fn first_difference(wanted: &str, got: &str) -> String {
    let mut lines = wanted.lines().zip(got.lines()).enumerate();
    match lines.find(|(_, (wanted, got))| wanted != got) {
        Some((number, (wanted, got))) => format!("line {}: wanted {wanted:?}, got {got:?}", number + 1),
        None => format!(
            "the lengths differ: wanted {} bytes, got {}",
            wanted.len(),
            got.len()
        ),
    }
}

/// Readable, with line ends that can be told apart.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .replace('\r', "␍")
        .replace('\t', "␉")
}

/// An encrypted file up to its metadata, with short ciphertexts: for people.
fn without_block(text: &str) -> String {
    let lines = text
        .lines()
        .take_while(|line| !line.trim_start_matches(['"', ' ', '␉']).starts_with("sops"));
    lines
        .map(|line| match (line.find("ENC["), line.rfind(",type:")) {
            (Some(from), Some(to)) if from < to => format!("{}ENC[…{}\n", &line[..from], &line[to..]),
            _ => format!("{line}\n"),
        })
        .collect()
}

fn succeed(outcome: Outcome) -> Result<Outcome, String> {
    if outcome.code == Some(0) {
        Ok(outcome)
    } else {
        Err(format!("refused\n{}", outcome.told()))
    }
}

/// All stores: a run that lacks one proves less than it says.
pub(crate) const STORES: [Store; 5] = [Store::Yaml, Store::Json, Store::Dotenv, Store::Ini, Store::Binary];
