//! Templates that would take all memory, all time or all stack.

use std::collections::BTreeMap;

use manifest::template::Limits;

use crate::template::{alone, run};

fn refused(template: &str, part: &str) {
    let error = alone(template).unwrap_err();
    assert!(error.contains(part), "{template}: {error}");
}

#[test]
fn texts_are_bounded_before_they_are_made() {
    for call in [
        "repeat 9000000000000000000 \"x\"",
        "repeat 5000000 \"x\"",
        "indent 9000000000000000000 \"x\"",
        "nindent 5000000 \"x\"",
        "randAlpha 9000000000000000000",
        "randBytes 9000000000000000000",
        "printf \"%9000000d\" 1",
        "printf \"%.9000000f\" 1.0",
        "printf \"%.9000000d\" 1",
        "replace \"x\" (repeat 100000 \"y\") (repeat 100000 \"x\")",
        "regexReplaceAll \"x\" (repeat 100000 \"x\") (repeat 100000 \"y\")",
        "regexReplaceAll \"x+\" (repeat 1000000 \"x\") (repeat 1000000 \"$0\")",
    ] {
        refused(&format!("{{{{ {call} }}}}"), "text of more than 4194304 bytes");
    }
}

#[test]
fn lists_are_bounded() {
    for call in [
        "until 9000000000000000000",
        "untilStep 0 9000000000000000000 1",
        "seq 9000000000000000000",
    ] {
        refused(&format!("{{{{ {call} }}}}"), "too much");
    }
    assert_eq!(alone("{{ len (until 300000) }}").unwrap(), "300000");
}

#[test]
fn output_is_bounded() {
    refused(
        "{{ range until 100 }}{{ repeat 100000 \"x\" }}{{ end }}",
        "output of more than 4194304 bytes",
    );
    let limits = Limits {
        output: 10,
        rounds: 10,
    };
    assert!(run("0123456789", &BTreeMap::new(), &limits).is_ok());
    assert!(run("0123456789a", &BTreeMap::new(), &limits).is_err());
}

#[test]
fn rounds_are_bounded() {
    refused("{{ range 9000000000000000000 }}{{ end }}", "too much work");
    let limits = Limits {
        output: 1000,
        rounds: 100,
    };
    assert!(run("{{ range 50 }}{{ end }}", &BTreeMap::new(), &limits).is_ok());
    assert!(
        run(
            "{{ range 50 }}{{ range 50 }}{{ end }}{{ end }}",
            &BTreeMap::new(),
            &limits
        )
        .is_err()
    );
    assert!(
        run(
            "{{ derivePassword 1 \"pin\" \"a\" \"b\" \"c\" }}",
            &BTreeMap::new(),
            &limits
        )
        .is_err()
    );
    assert!(run("{{ genCA \"a\" 1 }}", &BTreeMap::new(), &limits).is_err());
}

#[test]
fn recursion_is_bounded() {
    refused(
        "{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}",
        "maximum template depth",
    );
    let both = "{{ define \"t\" }}{{ template \"u\" . }}{{ template \"u\" . }}{{ end }}\
                {{ define \"u\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}";
    refused(both, "maximum template depth");
    let nested = format!("{}{{{{ end }}}}", "{{ if true }}".repeat(100_000));
    refused(&nested, "nested too deeply");
    let parens = format!("{{{{ {} }}}}", "(".repeat(100_000));
    refused(&parens, "max expression depth exceeded");
    let chain = format!(
        "{{{{ if true }}}}{}{{{{ end }}}}",
        "{{ else if true }}".repeat(100_000)
    );
    refused(&chain, "nested too deeply");
}

#[test]
fn exponential_recursion_ends() {
    let mut template = String::from("{{ define \"t0\" }}{{ end }}");
    for level in 1..60 {
        let below = level - 1;
        let call = format!("{{{{ template \"t{below}\" }}}}");
        template.push_str(&format!("{{{{ define \"t{level}\" }}}}{call}{call}{{{{ end }}}}"));
    }
    refused(&format!("{template}{{{{ template \"t59\" }}}}"), "too much work");
}

#[test]
fn values_that_hold_much_are_bounded() {
    let double = "{{ $a := list 1 }}{{ range until 60 }}{{ $a = list $a $a }}{{ end }}";
    for call in [
        "toJson $a",
        "deepCopy $a",
        "$a",
        "deepEqual $a (deepCopy $a)",
        "join \"\" $a",
    ] {
        let limits = Limits {
            output: 100_000,
            rounds: 100_000,
        };
        assert!(
            run(&format!("{double}{{{{ {call} }}}}"), &BTreeMap::new(), &limits).is_err(),
            "{call}"
        );
    }
    let deep = "{{ $a := list 1 }}{{ range until 100000 }}{{ $a = list $a }}{{ end }}";
    assert_eq!(alone(&format!("{deep}{{{{ len $a }}}}")).unwrap(), "1");
    refused(&format!("{deep}{{{{ toJson $a }}}}"), "nested");
    let json = format!("{{{{ mustFromJson {:?} }}}}", "[".repeat(100_000));
    refused(&json, "exceeded max depth");
    assert!(alone(&format!("{{{{ fromJson {:?} }}}}", "[".repeat(100_000))).is_err());
}

#[test]
fn a_dict_cannot_hold_itself() {
    refused("{{ $d := dict }}{{ set $d \"a\" $d }}", "cannot hold itself");
    refused(
        "{{ $d := dict }}{{ set $d \"a\" (list (dict \"b\" $d)) }}",
        "cannot hold itself",
    );
    refused(
        "{{ $d := dict }}{{ merge $d (dict \"a\" $d) }}",
        "cannot hold itself",
    );
}

#[test]
fn expressions_are_bounded() {
    refused(
        "{{ mustRegexMatch \"((a{1000}){1000}){1000}\" \"a\" }}",
        "expression too large",
    );
    assert_eq!(
        alone("{{ mustRegexMatch \"(a+)+$\" (printf \"%sb\" (repeat 100000 \"a\")) }}").unwrap(),
        "false"
    );
    let open = "(".repeat(100_000);
    refused(
        &format!("{{{{ mustRegexMatch {open:?} \"a\" }}}}"),
        "error parsing regexp",
    );
}

#[test]
fn no_randomness_is_an_error() {
    let outside = manifest::template::Outside {
        now: (0, 0),
        random: &|_| false,
    };
    for call in [
        "randAlpha 3",
        "uuidv4",
        "randBytes 1",
        "randInt 0 5",
        "bcrypt \"x\"",
        "genPrivateKey \"ed25519\"",
    ] {
        let template = format!("{{{{ {call} }}}}");
        let result =
            manifest::template::render("out", &template, &BTreeMap::new(), &outside, &Limits::default());
        assert!(
            result.unwrap_err().to_string().contains("no random bytes"),
            "{call}"
        );
    }
}
