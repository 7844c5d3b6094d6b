//! Upper and lower case, and names in snake, camel and kebab case.

use super::{
    super::{
        context::{Context, Outcome},
        value::Value,
    },
    Func, Type, fixed, made,
    strings::initials,
    text, utf8,
};

const T: &[Type] = &[Type::Text];

pub(super) static TABLE: [Func; 9] = [
    fixed("camelcase", T, |c, a| on_text(c, &a[0], pascal)),
    fixed("initials", T, |c, a| made(c, initials(text(&a[0])).into_bytes())),
    fixed("kebabcase", T, |c, a| {
        on_text(c, &a[0], |text| words_to_lower(text, '-'))
    }),
    fixed("lower", T, |c, a| {
        on_text(c, &a[0], |text| text.chars().map(lower).collect())
    }),
    fixed("snakecase", T, |c, a| {
        on_text(c, &a[0], |text| words_to_lower(text, '_'))
    }),
    fixed("swapcase", T, |c, a| on_text(c, &a[0], swap)),
    fixed("title", T, |c, a| on_text(c, &a[0], title)),
    fixed("untitle", T, |c, a| on_text(c, &a[0], untitle)),
    fixed("upper", T, |c, a| {
        on_text(c, &a[0], |text| text.chars().map(upper).collect())
    }),
];

fn on_text(context: &Context<'_>, value: &Value, change: fn(&str) -> String) -> Outcome {
    context.reserve(text(value).len().saturating_mul(3))?;
    made(context, change(utf8(value)?).into_bytes())
}

/// One character for one, as Go has it: `ß` stays.
fn upper(character: char) -> char {
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => one,
        _ => character,
    }
}

fn lower(character: char) -> char {
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => one,
        // `İ`.
        (Some(first), Some(_)) => first,
        _ => character,
    }
}

/// Upper case, but of two letters in one only the first is so.
fn titled(character: char) -> char {
    match character {
        'Ǆ'..='ǆ' => 'ǅ',
        'Ǉ'..='ǉ' => 'ǈ',
        'Ǌ'..='ǌ' => 'ǋ',
        'Ǳ'..='ǳ' => 'ǲ',
        _ => upper(character),
    }
}

fn title(text: &str) -> String {
    let mut before = ' ';
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let separated = if before.is_ascii() {
            !(before.is_ascii_alphanumeric() || before == '_')
        } else {
            !before.is_alphanumeric() && before.is_whitespace()
        };
        out.push(if separated { titled(character) } else { character });
        before = character;
    }
    out
}

fn untitle(text: &str) -> String {
    let mut start = true;
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        let blank = character.is_whitespace();
        out.push(if start && !blank {
            lower(character)
        } else {
            character
        });
        start = blank;
    }
    out
}

fn swap(text: &str) -> String {
    let swapped = |character: char| match character {
        _ if character.is_uppercase() => lower(character),
        _ if character.is_lowercase() => upper(character),
        _ => character,
    };
    text.chars().map(swapped).collect()
}

fn connects(character: char) -> bool {
    matches!(character, '-' | '_') || character.is_whitespace()
}

/// `http_server` → `HttpServer`. Connectors at the start stay.
fn pascal(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let Some(first) = characters.iter().position(|character| !connects(*character)) else {
        // As sprig's helper does: the last one twice.
        return characters.iter().chain(characters.last()).collect();
    };
    let mut out: String = characters[..first].iter().collect();
    let mut capital = characters[first].is_uppercase();
    let mut pending = upper(characters[first]);
    for next in &characters[first + 1..] {
        let before = pending;
        pending = *next;
        if connects(pending) && connects(before) {
            out.push(before);
        } else if connects(before) {
            capital = pending.is_uppercase();
            pending = upper(pending);
        } else {
            if capital && pending.is_uppercase() {
                pending = lower(pending);
            } else {
                capital = false;
            }
            out.push(before);
        }
    }
    out.push(pending);
    out
}

/// What a part of a name is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Word {
    Connector,
    Letters,
    None,
    Number,
    Other,
    Punctuation,
    Upper,
}

/// A letter that words are made of: Chinese characters are not.
fn letter(character: char) -> bool {
    character.is_alphabetic() && !matches!(character, '\u{3400}'..='\u{4d85}' | '\u{4e00}'..='\u{9fcc}')
}

fn punctuation(character: char) -> bool {
    // Go's class P: ASCII punctuation without the symbols `$+<=>^`|~`, and the general punctuation blocks.
    if character.is_ascii() {
        return character.is_ascii_punctuation() && !"$+<=>^`|~".contains(character);
    }
    matches!(character, '¡' | '§' | '«' | '¶' | '·' | '»' | '¿' | '‐'..='‧' | '‰'..='⁃' | '⁅'..='⁑' | '⁓'..='⁞' | '、'..='〃' | '〈'..='】')
}

/// Splits off the first word.
fn next_word(text: &[char]) -> (Word, &[char], &[char]) {
    let Some(first) = text.first().copied() else {
        return (Word::None, text, text);
    };
    let run = |from: usize, goes_on: &dyn Fn(char) -> bool| {
        text[from..]
            .iter()
            .position(|next| !goes_on(*next))
            .map_or(text.len(), |end| from + end)
    };
    let small = |next: char| letter(next) && !next.is_uppercase();
    let (word, end) = if connects(first) {
        (Word::Connector, run(1, &connects))
    } else if punctuation(first) {
        (Word::Punctuation, run(1, &punctuation))
    } else if first.is_uppercase() {
        let second = text.get(1).copied();
        let end = match second {
            Some(next) if next.is_uppercase() => {
                let end = run(1, &char::is_uppercase);
                // The last capital belongs to the small letters behind it.
                if text.get(end).is_some_and(|next| letter(*next)) {
                    end - 1
                } else {
                    end
                }
            }
            Some(next) if letter(next) => run(1, &small),
            _ => 1,
        };
        (Word::Upper, end)
    } else if letter(first) {
        (Word::Letters, run(1, &small))
    } else if first.is_numeric() {
        (Word::Number, run(1, &char::is_numeric))
    } else {
        let goes_on =
            |next: char| !(connects(next) || letter(next) || next.is_numeric() || punctuation(next));
        (Word::Other, run(1, &goes_on))
    };
    (word, &text[..end], &text[end..])
}

/// `FirstName` → `first_name`; numbers stay with the letters behind them.
fn words_to_lower(text: &str, connector: char) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let put = |out: &mut String, kind: Word, word: &[char]| {
        for character in word {
            out.push(match kind {
                Word::Upper | Word::Connector if connects(*character) => connector,
                Word::Upper | Word::Connector => lower(*character),
                _ => *character,
            });
        }
    };
    let (mut kind, mut word, mut rest) = next_word(&characters);
    while !rest.is_empty() {
        if kind != Word::Connector {
            put(&mut out, kind, word);
        }
        let (before, last) = (kind, word);
        (kind, word, rest) = next_word(rest);
        match before {
            Word::Number => {
                while matches!(kind, Word::Letters | Word::Number) {
                    put(&mut out, kind, word);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Word::None | Word::Punctuation | Word::Connector) {
                    out.push(connector);
                }
            }
            Word::Connector => put(&mut out, before, last),
            Word::Punctuation => {}
            Word::Letters | Word::None | Word::Other | Word::Upper => {
                if kind != Word::Number {
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                if rest.is_empty() {
                    continue;
                }
                let number = word;
                (kind, word, rest) = next_word(rest);
                if kind != Word::Letters {
                    put(&mut out, Word::Number, number);
                    if !matches!(kind, Word::Connector | Word::Punctuation) {
                        out.push(connector);
                    }
                    continue;
                }
                out.push(connector);
                put(&mut out, Word::Number, number);
                while matches!(kind, Word::Letters | Word::Number) {
                    put(&mut out, kind, word);
                    (kind, word, rest) = next_word(rest);
                }
                if !matches!(kind, Word::None | Word::Connector | Word::Punctuation) {
                    out.push(connector);
                }
            }
        }
    }
    put(&mut out, kind, word);
    out
}
