//! Completion for shells: the scripts, and the answers that the scripts ask for.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::table::{COMMANDS, command, root_flags};
use super::usage::dashes;
use crate::personality::flags::Flag;

/// The last word of a command line that asks for completions.
pub(super) const ASK: &str = "--generate-bash-completion";

/// The script for a shell; `None` for a shell that sops has none for.
pub(super) fn script(shell: &OsStr) -> Option<&'static str> {
    match shell.as_bytes() {
        b"bash" => Some(BASH),
        b"zsh" => Some(ZSH),
        _ => None,
    }
}

/// What may follow the words before the cursor, one per line.
///
/// Flags if the last word starts with a dash, else command names as long as there is no command yet.
pub(super) fn answer(words: &[OsString]) -> String {
    let named = words.iter().find_map(|word| command(&word.to_string_lossy()));
    let candidates: Vec<String> = match words.last() {
        Some(last) if last.as_bytes().starts_with(b"-") => {
            let flags = named.map_or_else(root_flags, |command| command.all_flags());
            flag_names(&flags, &last.to_string_lossy())
        }
        _ if named.is_none() => COMMANDS
            .iter()
            .map(|command| command.name)
            .chain(["help", "h"])
            .map(str::to_owned)
            .collect(),
        _ if named.is_some_and(|command| command.name == "completion") => vec!["bash".into(), "zsh".into()],
        _ => Vec::new(),
    };
    candidates.into_iter().map(|candidate| candidate + "\n").collect()
}

/// Names that continue the word. The letters of short flags are offered for a lone dash only.
fn flag_names(flags: &[Flag], typed: &str) -> Vec<String> {
    let start = typed.trim_start_matches('-');
    let all = flags
        .iter()
        .flat_map(|flag| flag.names)
        .filter(|name| name.starts_with(start));
    let fitting = all.filter(|name| !typed.starts_with("--") || name.len() > 1);
    fitting.map(|name| format!("{}{name}", dashes(name))).collect()
}

const BASH: &str = r#"# bash completion for sops
__sops_complete() {
    local word="${COMP_WORDS[COMP_CWORD]}"
    local -a line=("${COMP_WORDS[@]:0:COMP_CWORD}")
    if [[ "$word" == -* ]]; then
        line+=("$word")
    fi
    mapfile -t COMPREPLY < <(compgen -W "$("${line[@]}" --generate-bash-completion 2>/dev/null)" -- "$word")
}
complete -o bashdefault -o default -o nospace -F __sops_complete sops
"#;

const ZSH: &str = r#"#compdef sops
__sops_complete() {
    local -a line answers
    line=("${(@)words[1,CURRENT-1]}")
    if [[ "${words[CURRENT]}" == -* ]]; then
        line+=("${words[CURRENT]}")
    fi
    answers=("${(@f)$("${line[@]}" --generate-bash-completion 2>/dev/null)}")
    if [[ -n "${answers[1]}" ]]; then
        compadd -a answers
    else
        _files
    fi
}
compdef __sops_complete sops
"#;

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(line: &[&str]) -> Vec<String> {
        let words: Vec<OsString> = line.iter().map(OsString::from).collect();
        answer(&words).lines().map(str::to_owned).collect()
    }

    #[test]
    fn answers_fit_the_words_before_the_cursor() {
        assert_eq!(ask(&["--ver"]), ["--verbose", "--version"]);
        assert_eq!(ask(&["decrypt", "--ex"]), ["--extract"]);
        assert_eq!(ask(&["completion"]), ["bash", "zsh"]);
        assert!(ask(&["encrypt"]).is_empty());
        assert!(ask(&[]).contains(&"updatekeys".to_owned()));
        assert!(ask(&["-"]).contains(&"-d".to_owned()));
    }

    #[test]
    fn scripts_exist_for_two_shells() {
        assert!(script(OsStr::new("bash")).is_some_and(|script| script.contains(ASK)));
        assert!(script(OsStr::new("zsh")).is_some_and(|script| script.contains(ASK)));
        assert!(script(OsStr::new("fish")).is_none());
    }
}
