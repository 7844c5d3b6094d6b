//! Names that Kubernetes takes. A Secret with another one would be sealed to a label that nobody can ever open.

/// Whether an object may be called so: a DNS name in lower case.
///
/// # Errors
///
/// What a name is made of.
pub fn object(name: &str) -> Result<(), &'static str> {
    if name.len() <= 253 && name.split('.').all(is_label) {
        Ok(())
    } else {
        Err(
            "a name has lower-case letters, digits, '-' and '.' only, and begins and ends with a letter or digit",
        )
    }
}

/// Whether a namespace may be called so: one part of a DNS name.
///
/// # Errors
///
/// What a namespace's name is made of.
pub fn namespace(name: &str) -> Result<(), &'static str> {
    if name.len() <= 63 && is_label(name) {
        Ok(())
    } else {
        Err(
            "a namespace has at most 63 lower-case letters, digits and '-', and begins and ends with a letter or digit",
        )
    }
}

/// Whether an item of a Secret may be called so.
///
/// # Errors
///
/// What the name of an item is made of.
pub fn item(name: &str) -> Result<(), &'static str> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if (1..=253).contains(&name.len()) && name.bytes().all(allowed) && name != "." && !name.starts_with("..")
    {
        Ok(())
    } else {
        Err("the name of an item has letters, digits, '-', '_' and '.' only")
    }
}

fn is_label(part: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !part.is_empty() && part.bytes().all(allowed) && !part.starts_with('-') && !part.ends_with('-')
}

/// Most bytes of all values of one Secret (API server).
pub const MAX_SECRET_BYTES: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_kubernetes() {
        let long = "a".repeat(64);
        let cases = [
            ("db", true, true, true),
            ("db-1", true, true, true),
            ("a.b", true, false, true),
            ("Db", false, false, true),
            ("a_b", false, false, true),
            ("-a", false, false, true),
            ("a..b", false, false, true),
            ("", false, false, false),
            ("..", false, false, false),
            ("a/b", false, false, false),
            ("ä", false, false, false),
            (long.as_str(), true, false, true),
        ];
        for (name, as_object, as_namespace, as_item) in cases {
            let got = (object(name).is_ok(), namespace(name).is_ok(), item(name).is_ok());
            assert_eq!(got, (as_object, as_namespace, as_item), "case: {name}");
        }
    }
}
