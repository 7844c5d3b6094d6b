//! Log lines in the two forms that sops has: one for files and pipes, one for terminals.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::io::Io;
use crate::personality::flags::quoted;
use crate::ui;

/// How serious a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Warning,
    Error,
    Fatal,
}

/// Writes one line of the command line tool itself (`CMD`) to standard error.
pub(crate) fn line(io: &mut Io, level: Level, message: &str, fields: &[(&str, &str)]) {
    let text = if io.terminal.stderr {
        for_terminal(level, message, fields, !ui::no_colour(io))
    } else {
        for_file(io.now(), level, message, fields)
    };
    io.tell(&text);
}

/// A line with the local time in front, as `updatekeys` tells its progress.
pub(crate) fn progress(io: &mut Io, message: &str) {
    let now = io.now().to_zoned(TimeZone::system());
    let text = format!("{} {}", now.strftime("%Y/%m/%d %H:%M:%S"), ui::one_line(message));
    io.tell(&text);
}

fn for_file(now: Timestamp, level: Level, message: &str, fields: &[(&str, &str)]) -> String {
    let time = now.strftime("%Y-%m-%dT%H:%M:%SZ");
    let word = match level {
        Level::Warning => "warning",
        Level::Error => "error",
        Level::Fatal => "fatal",
    };
    let mut text = format!("[CMD]\t time=\"{time}\" level={word} msg={}", value(message));
    for (name, content) in fields {
        text.push_str(&format!(" {name}={}", value(content)));
    }
    text
}

fn for_terminal(level: Level, message: &str, fields: &[(&str, &str)], colour: bool) -> String {
    let (word, code) = match level {
        Level::Warning => ("WARN", "\x1b[33m"),
        Level::Error => ("ERRO", "\x1b[31m"),
        Level::Fatal => ("FATA", "\x1b[31m"),
    };
    let (code, plain) = if colour { (code, "\x1b[0m") } else { ("", "") };
    let mut text = format!("[CMD]\t {code}{word}{plain}[0000] {}", ui::one_line(message));
    for (name, content) in fields {
        text.push_str(&format!(" {code}{name}{plain}={}", value(content)));
    }
    text
}

/// A value is quoted unless it is one word of harmless characters.
fn value(text: &str) -> String {
    let harmless = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    if !text.is_empty() && text.chars().all(harmless) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_the_form_that_scripts_parse() {
        let now: Timestamp = "2026-01-02T03:04:05.9Z".parse().unwrap();
        assert_eq!(
            for_file(
                now,
                Level::Fatal,
                "say \"no\"",
                &[("error", "line 1\nline 2"), ("file", "a.yaml")]
            ),
            "[CMD]\t time=\"2026-01-02T03:04:05Z\" level=fatal msg=\"say \\\"no\\\"\" \
             error=\"line 1\\nline 2\" file=a.yaml"
        );
        assert_eq!(
            for_terminal(Level::Warning, "look", &[], false),
            "[CMD]\t WARN[0000] look"
        );
    }
}
