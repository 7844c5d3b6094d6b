//! A command line from a variable, split as a shell splits words; nothing is expanded.

/// Splits at white space. Quotes of both kinds, backslash, and `#` comments work as in a POSIX shell.
/// `None`: a quote or a backslash without end.
pub(crate) fn split(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        match char {
            ' ' | '\t' | '\r' | '\n' => words.extend(word.take()),
            '#' if word.is_none() => {
                // Up to the end of the line.
                chars.by_ref().find(|char| *char == '\n');
            }
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '\'' => break,
                        char => word.push(char),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => match chars.next()? {
                            char @ ('"' | '\\' | '$' | '`') => word.push(char),
                            '\n' => {}
                            char => word.extend(['\\', char]),
                        },
                        char => word.push(char),
                    }
                }
            }
            '\\' => match chars.next()? {
                '\n' => {}
                char => word.get_or_insert_default().push(char),
            },
            char => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn split_is_the_shells() {
        let cases: [(&str, &str, Option<&[&str]>); 14] = [
            ("nothing", "  ", Some(&[])),
            ("words", " op  read\tx\n", Some(&["op", "read", "x"])),
            ("single quotes", r"a 'b \ c' d", Some(&["a", r"b \ c", "d"])),
            (
                "double quotes",
                r#"a "b \" \\ \n c""#,
                Some(&["a", r#"b " \ \n c"#]),
            ),
            ("empty word", "a '' \"\"", Some(&["a", "", ""])),
            ("joined", r#"a'b'"c"\ d"#, Some(&["abc d"])),
            ("backslash", r"a\'b", Some(&["a'b"])),
            ("comment", "a # b 'c\nd", Some(&["a", "d"])),
            ("no comment inside a word", "a#b", Some(&["a#b"])),
            (
                "nothing is expanded",
                "$HOME `id` *",
                Some(&["$HOME", "`id`", "*"]),
            ),
            ("line joined", "a\\\nb", Some(&["ab"])),
            ("open single quote", "a 'b", None),
            ("open double quote", "a \"b", None),
            ("backslash at the end", "a \\", None),
        ];
        for (name, line, want) in cases {
            let got = split(line);
            let got: Option<Vec<&str>> = got
                .as_ref()
                .map(|words| words.iter().map(String::as_str).collect());
            assert_eq!(got.as_deref(), want, "case: {name}");
        }
    }
}
