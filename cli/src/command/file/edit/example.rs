//! What a new file begins with in the editor.

use sops::Store;

/// A small text that shows what the store can hold.
pub(super) fn text(store: Store) -> &'static str {
    match store {
        Store::Binary => "Welcome! Replace this text by your own.",
        Store::Dotenv => DOTENV,
        Store::Ini => INI,
        Store::Json => JSON,
        Store::Yaml => YAML,
    }
}

const DOTENV: &str = r"# An example: replace it by your own values.
hello=Welcome!
example_key=example_value
example_multiline=one\ntwo\nthree
";

const INI: &str = "\
[example]
; An example: replace it by your own values.
hello       = Welcome!
example_key = example_value
";

const JSON: &str = r#"{
	"hello": "Welcome! Replace this example by your own values.",
	"example_key": "example_value",
	"example_array": [
		"example_value1",
		"example_value2"
	],
	"example_number": 1234.56789,
	"example_booleans": [
		true,
		false
	]
}
"#;

const YAML: &str = "\
hello: Welcome! Replace this example by your own values.
example_key: example_value
# Example comment
example_array:
    - example_value1
    - example_value2
example_number: 1234.56789
example_booleans:
    - true
    - false
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_store_reads_its_example() {
        for store in [Store::Binary, Store::Dotenv, Store::Ini, Store::Json, Store::Yaml] {
            let read = store.read_plain(text(store).as_bytes());
            assert!(read.is_ok(), "{}: {:?}", store.word(), read.err());
        }
    }
}
