//! Words for people: errors, warnings, progress. The only file that formats for the eye.
//!
//! Rules of terminal output: data goes to standard output and is never touched here. An error is `error:` and below
//! it, indented, `cause:`, `tried:` and `hint:` lines. Sentences end with a period, but not after a path or an id.
//! Colour and progress only on a terminal, and never with `NO_COLOR`.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::{CliError, Kind};
use crate::io::Io;

/// Whether the user forbids colours.
pub fn no_colour(io: &Io) -> bool {
    io.env_text("NO_COLOR").is_some() || io.env("TERM").is_some_and(|term| term == "dumb")
}

/// Reports a failed command on standard error; several failures one after the other, and their number last.
pub fn report(error: &CliError, io: &mut Io) {
    let text = render(error, io.terminal.stderr && !no_colour(io));
    let _ = io
        .stderr
        .write_all(text.as_bytes())
        .and_then(|()| io.stderr.flush());
}

/// An error as text, every line with its line break. Nothing for a reader that went away.
pub fn render(error: &CliError, colour: bool) -> String {
    if error.kind == Kind::BrokenPipe {
        return String::new();
    }
    let mut text = String::new();
    for failure in &error.failures {
        text.push_str(&render(failure, colour));
    }
    let (red, dim, plain) = if colour {
        ("\x1b[1;31m", "\x1b[2m", "\x1b[0m")
    } else {
        ("", "", "")
    };
    text.push_str(&format!("{red}error:{plain} {}\n", one_line(&error.message)));
    let mut below = |word: &str, line: &str| {
        text.push_str(&format!("  {dim}{word}:{plain} {}\n", one_line(line)));
    };
    for cause in error.causes() {
        below("cause", &cause);
    }
    for tried in &error.tried {
        below("tried", tried);
    }
    for hint in &error.hints {
        below("hint", hint);
    }
    text
}

/// A warning as one line.
pub fn warning(io: &mut Io, text: &str) {
    let line = if io.terminal.stderr && !no_colour(io) {
        format!("\x1b[1;33mwarning:\x1b[0m {}", one_line(text))
    } else {
        format!("warning: {}", one_line(text))
    };
    io.tell(&line);
}

/// Text from outside (a path, a field of a file) cannot fake further lines or move the cursor.
pub fn one_line(text: &str) -> String {
    if !text.chars().any(is_treacherous) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_treacherous(c) {
            out.extend(c.escape_default())
        } else {
            out.push(c)
        }
    }
    out
}

/// Characters that move the cursor, break the line, turn the direction of writing, or cannot be seen at all: two
/// recipients that differ by one of these would look the same.
fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// A bar over `total` files, on a terminal only; hidden otherwise.
pub fn progress(io: &Io, total: usize, verb: &str) -> ProgressBar {
    if !io.terminal.stderr || total < 2 {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(verb.to_owned());
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line_per_fact() {
        let mut error = CliError::new(Kind::NoDataKey, "cannot decrypt prod/db.yaml")
            .because(CliError::new(Kind::Generic, "0 of 1 key groups opened, 1 needed"))
            .hint("set SOPS_AGE_KEY_FILE");
        error.tried.push("age1qx  identity not available".to_owned());
        assert_eq!(
            render(&error, false),
            "error: cannot decrypt prod/db.yaml\n  cause: 0 of 1 key groups opened, 1 needed\n  \
             tried: age1qx  identity not available\n  hint: set SOPS_AGE_KEY_FILE\n"
        );
    }

    #[test]
    fn a_name_with_control_characters_stays_on_its_line() {
        assert_eq!(one_line("a\nerror: b\x1b[2J"), "a\\nerror: b\\u{1b}[2J");
        assert_eq!(one_line("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
        assert_eq!(one_line("Grüße 你好 🔑"), "Grüße 你好 🔑");
    }
}
