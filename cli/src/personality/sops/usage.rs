//! The help of the personality, laid out as users of sops know it.

use std::fmt::Write;

use super::table::{COMMANDS, Command, root_flags};
use crate::personality::flags::{Flag, FlagKind};

/// Help of the root command.
pub(super) fn root() -> String {
    let mut out = String::from(
        "NAME:\n   sops - encrypted files, by gitseal\n\n\
         USAGE:\n   sops [global options] command [command options] [arguments...]\n   \
         sops [global options] file\n\n   \
         Without a command the file is edited, or with -d, -e, -r or --set decrypted, encrypted, rotated or changed.\n   \
         Flags of the second form stand before the file; behind it they are ignored.\n\n   \
         Keys of a new file come from the flags and variables below, or from the first matching rule of the nearest\n   \
         .sops.yaml in the working folder or above it.\n\n",
    );
    let _ = write!(out, "VERSION:\n   {}\n\nCOMMANDS:\n", ::sops::SOPS_VERSION);
    let width = COMMANDS
        .iter()
        .map(|command| command.name.len())
        .max()
        .unwrap_or(0);
    for command in COMMANDS {
        let _ = writeln!(out, "   {:width$}  {}", command.name, command.about);
    }
    let _ = writeln!(out, "   {:width$}  show the commands, or help for one", "help, h");
    out.push_str("\nGLOBAL OPTIONS:\n");
    options(&mut out, &root_flags());
    out
}

/// Help of one command.
pub(super) fn of(command: &Command) -> String {
    let Command {
        name, words, about, ..
    } = command;
    let mut out =
        format!("NAME:\n   sops {name} - {about}\n\nUSAGE:\n   sops {name} [command options] {words}\n");
    if *name == "completion" {
        out.push_str("\nCOMMANDS:\n   bash  for: source <(sops completion bash)\n");
        out.push_str("   zsh   for: source <(sops completion zsh)\n");
    }
    let flags = command.all_flags();
    if !flags.is_empty() {
        out.push_str("\nOPTIONS:\n");
        options(&mut out, &flags);
    }
    out
}

fn options(out: &mut String, flags: &[Flag]) {
    let rows: Vec<(String, String)> = flags.iter().map(|flag| (spellings(flag), help(flag))).collect();
    let width = rows.iter().map(|(left, _)| left.len()).max().unwrap_or(0);
    for (left, right) in rows {
        let _ = writeln!(out, "   {left:width$}  {right}");
    }
}

fn spellings(flag: &Flag) -> String {
    let value = match flag.kind {
        FlagKind::Switch(_) => "",
        FlagKind::Text | FlagKind::List | FlagKind::Number => " value",
        #[cfg(feature = "seal")]
        FlagKind::Array => " value",
    };
    let each = flag
        .names
        .iter()
        .map(|name| format!("{}{name}{value}", dashes(name)));
    each.collect::<Vec<_>>().join(", ")
}

fn help(flag: &Flag) -> String {
    match flag.variable {
        Some(variable) => format!("{} [${variable}]", flag.help),
        None => flag.help.to_owned(),
    }
}

/// One dash before a letter, two before a word.
pub(super) fn dashes(name: &str) -> &'static str {
    if name.len() == 1 { "-" } else { "--" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::personality::sops::table;

    #[test]
    fn help_shows_spellings_values_and_variables() {
        let encrypt = table::command("encrypt").unwrap();
        let text = of(encrypt);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines.iter().any(|line| line.starts_with("   --in-place, -i  ")),
            "{text}"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("   --age value, -a value  ")),
            "{text}"
        );
        assert!(text.contains("[$SOPS_AGE_RECIPIENTS]"), "{text}");
        assert!(
            root().contains("GLOBAL OPTIONS:\n   --decrypt, -d  "),
            "{}",
            root()
        );
    }
}
