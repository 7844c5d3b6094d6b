//! Generated dotenv and INI files.

use gitseal_tests::prng::Prng;

use super::{Case, Store, key, word, words};

pub(super) fn dotenv(prng: &mut Prng, rule: &'static [&'static str]) -> Case {
    let mut out = String::new();
    for number in 0..prng.below(8) + 1 {
        if prng.chance(25) {
            out.push_str(&format!("#{}{}\n", ["", " "][prng.below(2)], words(prng, 2)));
        }
        if prng.chance(10) {
            out.push('\n');
        }
        let key = match prng.below(6) {
            0 => format!("export {}", key(prng, number)),
            1 => format!("{} ", key(prng, number)),
            _ => key(prng, number),
        };
        let count = prng.below(4);
        let value = match prng.below(8) {
            0 => String::new(),
            1 => format!("\"{}\"", words(prng, 2)),
            2 => " spaced ".to_owned(),
            3 => "a=b=c#d".to_owned(),
            4 => format!("{}\\n{}", word(prng), word(prng)),
            _ => words(prng, count),
        };
        out.push_str(&format!("{key}={value}\n"));
    }
    if prng.chance(15) {
        out.pop();
    }
    let out = match prng.below(60) {
        0 => format!("{out}\nno delimiter here\n"),
        1 => format!("sops_version=1\n{out}"),
        _ => out,
    };
    Case {
        store: Store::Dotenv,
        text: out.into_bytes(),
        documents: 1,
        rule,
        exact: true,
        peer_can: true,
    }
}

pub(super) fn ini(prng: &mut Prng, rule: &'static [&'static str]) -> Case {
    let mut out = String::new();
    let mut exact = true;
    for section in 0..prng.below(4) + 1 {
        // Keys before any header belong to the section DEFAULT.
        if section > 0 || prng.chance(80) {
            if !out.is_empty() && prng.chance(70) {
                out.push('\n');
            }
            if prng.chance(20) {
                out.push_str(&format!("; {}\n", words(prng, 2)));
            }
            out.push_str(&format!("[section{section}]\n"));
        }
        for number in 0..prng.below(5) {
            if prng.chance(15) {
                out.push_str(&format!("{} {}\n", ["#", ";"][prng.below(2)], words(prng, 2)));
            }
            let between = *prng.pick(&[" = ", "=", " = ", " : "]);
            let value = match prng.below(9) {
                0 => {
                    // Quotes that were not needed.
                    exact = false;
                    format!("\"{}\"", word(prng))
                }
                1 => {
                    exact = false;
                    format!("`{} # ; x`", word(prng))
                }
                2 => {
                    exact = false;
                    format!("\"\"\"{}\nsecond line\"\"\"", word(prng))
                }
                3 => {
                    exact = false;
                    String::new()
                }
                4 => "12.50".to_owned(),
                _ => {
                    let count = prng.below(3) + 1;
                    words(prng, count).replace('\\', "/")
                }
            };
            out.push_str(&format!("{}{between}{value}\n", key(prng, number)));
        }
    }
    Case {
        store: Store::Ini,
        text: out.into_bytes(),
        documents: 1,
        rule,
        exact,
        peer_can: true,
    }
}
