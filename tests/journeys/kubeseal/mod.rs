//! The real kubeseal and ours, side by side.

mod both_ways;
mod rows;
mod transcript;

use gitseal_tests::sandbox::Sandbox;

/// Puts keys and certificates of the vectors into the working folder.
fn place_keys(sandbox: &Sandbox) {
    let vectors = gitseal_tests::root().join("tests/vectors/sealed");
    for entry in std::fs::read_dir(vectors).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "pem") {
            std::fs::copy(&path, sandbox.path(path.file_name().unwrap())).unwrap();
        }
    }
}

/// A text with its envelopes, which differ each time, replaced by a word of their size class. A certificate is not one.
fn hidden(text: &str) -> String {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || c == '+' || c == '/' || c == '=';
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_base64) {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let length = rest.find(|c| !is_base64(c)).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(length);
        let is_envelope = run.len() >= MIN_ENVELOPE
            && ["AQ", "AY", "Ag", "BA"]
                .iter()
                .any(|start| run.starts_with(start));
        if is_envelope {
            out.push_str(&format!("<{} letters>", run.len()));
        } else {
            out.push_str(run);
        }
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Letters of the smallest envelope: RSA-2048 and an empty value.
const MIN_ENVELOPE: usize = 366;

#[test]
fn envelopes_are_hidden_and_nothing_else() {
    let envelope = format!("AQ{}", "x".repeat(364));
    let text = format!("a: {envelope}\nb: QQ==\nc: {}", "y".repeat(400));
    assert_eq!(
        hidden(&text),
        format!("a: <366 letters>\nb: QQ==\nc: {}", "y".repeat(400))
    );
}
