//! Keys and certificates that templates make.

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::template::alone;

fn blocks(text: &str) -> Vec<pem::Pem> {
    pem::parse_many(text).unwrap()
}

#[test]
fn a_signed_certificate_is_of_its_signer() {
    let text = alone(
        "{{ $ca := genCA \"my-ca\" 30 }}{{ $c := genSignedCert \"foo.com\" (list \"10.0.0.1\" \"::1\") (list \"bar.com\") 7 $ca }}\
         {{ $ca.Cert }}{{ $ca.Key }}{{ $c.Cert }}{{ $c.Key }}",
    )
    .unwrap();
    let blocks = blocks(&text);
    let tags: Vec<&str> = blocks.iter().map(pem::Pem::tag).collect();
    assert_eq!(
        tags,
        ["CERTIFICATE", "RSA PRIVATE KEY", "CERTIFICATE", "RSA PRIVATE KEY"]
    );
    let (_, ca) = X509Certificate::from_der(blocks[0].contents()).unwrap();
    let (_, leaf) = X509Certificate::from_der(blocks[2].contents()).unwrap();
    assert!(ca.is_ca() && !leaf.is_ca());
    assert_eq!(ca.subject().to_string(), "CN=my-ca");
    assert_eq!(leaf.subject().to_string(), "CN=foo.com");
    assert_eq!(leaf.issuer(), ca.subject());
    leaf.verify_signature(Some(ca.public_key())).unwrap();
    ca.verify_signature(None).unwrap();
    let names = leaf.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 3);
    let validity = leaf.validity();
    assert_eq!(validity.not_before.timestamp(), 1_795_000_000);
    assert_eq!(validity.not_after.timestamp(), 1_795_000_000 + 7 * 86_400);
}

#[test]
fn keys_in_the_forms_that_go_writes() {
    for (kind, tag) in [("ecdsa", "EC PRIVATE KEY"), ("ed25519", "PRIVATE KEY")] {
        let text = alone(&format!(
            "{{{{ $k := genPrivateKey \"{kind}\" }}}}{{{{ $k }}}}{{{{ $c := genSelfSignedCertWithKey \"a\" nil nil 1 $k }}}}\
             {{{{ $c.Cert }}}}{{{{ eq $k $c.Key }}}}\
             {{{{ with buildCustomCert ($c.Cert | b64enc) ($k | b64enc) }}}}{{{{ eq .Cert $c.Cert }}}}{{{{ end }}}}"
        ))
        .unwrap();
        let (blocks, rest) = (blocks(&text), text.rsplit('\n').next().unwrap());
        assert_eq!(blocks[0].tag(), tag);
        assert_eq!(rest, "truetrue", "{kind}");
        let (_, cert) = X509Certificate::from_der(blocks[1].contents()).unwrap();
        cert.verify_signature(None).unwrap();
    }
}

#[test]
fn keys_that_are_refused() {
    for (template, part) in [
        ("{{ genPrivateKey \"dsa\" }}", "DSA keys are not supported"),
        (
            "{{ genCAWithKey \"a\" 1 \"-----BEGIN X-----\\nYWJj\\n-----END X-----\\n\" }}",
            "no private key data in PEM block",
        ),
        (
            "{{ genCAWithKey \"a\" 1 \"\" }}",
            "parsing private key: no PEM data in input",
        ),
        ("{{ genCA \"a\" 9000000000000000000 }}", "out of range"),
        ("{{ genSelfSignedCert \"a\" (list 1) nil 1 }}", "error parsing ip"),
        ("{{ genSelfSignedCert \"a\" nil (list \"é\") 1 }}", "DNS name"),
    ] {
        let error = alone(template).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn aes_as_sprig_has_it() {
    assert_eq!(
        alone("{{ \"text\" | encryptAES \"k\" | decryptAES \"k\" }}").unwrap(),
        "text"
    );
    assert_ne!(
        alone("{{ \"text\" | encryptAES \"k\" }}").unwrap(),
        alone("{{ \"text\" | encryptAES \"l\" }}").unwrap()
    );
}
