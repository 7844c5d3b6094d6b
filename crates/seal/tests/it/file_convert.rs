//! Secrets turned into SealedSecrets where they stand, and back.

use seal::file::Kind;
use seal::{Sealing, Templates};

use crate::file_support::{first, opened_like, parse, sealed_like};
use crate::support::{cert, counting, ring};

/// Turns the first Secret of a text, and back.
fn there_and_back(name: &str, before: &str, sealed: &str, text_items: &[&str], opened: &str) {
    let mut file = parse(before);
    let place = first(&file, Kind::Secret);
    let object = sealed_like(file.object(place).value());
    file.seal_in_place(place, &object)
        .unwrap_or_else(|error| panic!("case: {name}: {error}"));
    assert_eq!(file.sealed_secret(place).unwrap(), object, "case: {name}");
    let new = file.into_text();
    assert_eq!(new.as_str(), sealed, "case: {name}");

    let mut file = parse(&new);
    let place = first(&file, Kind::SealedSecret);
    let secret = opened_like(&object, text_items);
    file.unseal_in_place(place, &secret)
        .unwrap_or_else(|error| panic!("case: {name}: {error}"));
    assert_eq!(*file.object(place).value(), secret.to_value(), "case: {name}");
    assert_eq!(file.into_text().as_str(), opened, "case: {name}");
}

#[test]
fn a_secret_is_turned_where_it_stands() {
    there_and_back(
        "everything",
        "\
# the database
---
# of the team
apiVersion: v1 # api
kind: \"Secret\"
metadata:
  name: db # n

  namespace: prod
  # who
  labels: # l
    team: 'shop'
  annotations:
    a: b
    # plaintext
    kubectl.kubernetes.io/last-applied-configuration: |
      {\"data\": {\"password\": \"aHVudGVyMg==\"}}
# kind of
type: Opaque # t
# the values
data: # d
  # one
  password: aHVudGVyMg== # p
  'user': >-
    YWRt
    aW4=
  # last of data
# as text
stringData: # s
  config: |
    pass = hunter2

    x = y

  # end
# foot
---
kind: ConfigMap
",
        "\
# the database
---
# of the team
apiVersion: bitnami.com/v1alpha1 # api
kind: \"SealedSecret\"
metadata:
  name: db # n

  namespace: prod
  annotations:
    gitseal.dev/sealed-by: SHA256:x strict prod/db
# the values
spec:
  encryptedData: # d
    # one
    password: AgSEALED8 # p
    'user': AgSEALED4
    # last of data
    # as text
    # s
    config: AgSEALED6

    # end
  template:
    metadata:
      # who
      labels: # l
        team: 'shop'
      annotations:
        a: b
        # plaintext
      name: db
      namespace: prod
    # kind of
    type: Opaque # t
# foot
---
kind: ConfigMap
",
        &["config"],
        "\
# the database
---
# of the team
apiVersion: v1 # api
kind: \"Secret\"
metadata:
  name: db # n

  namespace: prod
  # who
  labels: # l
    team: 'shop'
  annotations:
    a: b
    # plaintext
# the values
data: # d
  # one
  password: cGFzc3dvcmQ= # p
  'user': dXNlcg==
stringData:
  # last of data
  # as text
  # s
  config: |
    first config
    second

  # end
# kind of
type: Opaque # t
# foot
---
kind: ConfigMap
",
    );
}

#[test]
fn a_secret_in_a_list_and_in_braces() {
    there_and_back(
        "in a List",
        "kind: List\nitems:\n  # one\n  - kind: Secret\n    metadata: {name: a, namespace: b}\n    data:\n      x: eA==\n  # two\n  - kind: Other\n",
        "kind: List\nitems:\n  # one\n  - apiVersion: bitnami.com/v1alpha1\n    kind: SealedSecret\n    metadata:\n      name: a\n      namespace: b\n      annotations:\n        gitseal.dev/sealed-by: SHA256:x strict prod/db\n    spec:\n      encryptedData:\n        x: AgSEALED1\n      template:\n        metadata:\n          name: a\n          namespace: b\n  # two\n  - kind: Other\n",
        &[],
        "kind: List\nitems:\n  # one\n  - apiVersion: v1\n    kind: Secret\n    metadata:\n      name: a\n      namespace: b\n    data:\n      x: eA==\n  # two\n  - kind: Other\n",
    );
    there_and_back(
        "JSON",
        "{\n  \"kind\": \"Secret\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    \"name\": \"a\"\n  },\n  \"data\": {\n    \"x\": \"eA==\"\n  }\n}\n{\"kind\": \"x\"}\n",
        "{\n  \"kind\": \"SealedSecret\",\n  \"apiVersion\": \"bitnami.com/v1alpha1\",\n  \"metadata\": {\n    \"name\": \"a\",\n    \"annotations\": {\n      \"gitseal.dev/sealed-by\": \"SHA256:x strict prod/db\"\n    }\n  },\n  \"spec\": {\n    \"template\": {\n      \"metadata\": {\n        \"name\": \"a\"\n      }\n    },\n    \"encryptedData\": {\n      \"x\": \"AgSEALED1\"\n    }\n  }\n}\n{\"kind\": \"x\"}\n",
        &[],
        "{\n  \"kind\": \"Secret\",\n  \"apiVersion\": \"v1\",\n  \"metadata\": {\n    \"name\": \"a\"\n  },\n  \"data\": {\n    \"x\": \"eA==\"\n  }\n}\n{\"kind\": \"x\"}\n",
    );
    // Braces at the top give way to lines.
    there_and_back(
        "braces",
        "---\n{kind: Secret, stringData: {x: y}}\n# c\n",
        "---\nkind: SealedSecret\napiVersion: bitnami.com/v1alpha1\nmetadata:\n    annotations:\n        gitseal.dev/sealed-by: SHA256:x strict prod/db\nspec:\n    template:\n        metadata: {}\n    encryptedData:\n        x: AgSEALED1\n# c\n",
        &["x"],
        "---\nkind: Secret\napiVersion: v1\nmetadata: {}\nstringData:\n    x: |\n        first x\n        second\n# c\n",
    );
}

#[test]
fn no_value_of_a_secret_stays() {
    for text in [
        "kind: Secret\nstringData:\n  a: |\n    hunter2\n    # hunter2\n\n    hunter2\n  b: \"x\n    hunter2\"\n",
        "kind: Secret\nstringData:\n  a: hunter2\n     hunter2\n  ? b\n  : hunter2\n",
        "kind: Secret\nstringData: {a: hunter2,\n  b: 'hunter2'}\ndata: {c: aHVudGVyMg==}\n",
        "kind: Secret\nstringData:\n- hunter2\n",
        "kind: Secret\ndata: &d\n  c: aHVudGVyMg==\n",
        "kind: Secret\nstringData:\n  a: hunter2\nunknown: hunter2\n",
    ] {
        let mut file = parse(text);
        let place = first(&file, Kind::Secret);
        let object = sealed_like(file.object(place).value());
        match file.seal_in_place(place, &object) {
            Ok(()) => {
                let new = file.into_text();
                assert!(
                    !new.contains("hunter2") && !new.contains("aHVudGVyMg=="),
                    "{}",
                    new.as_str()
                );
            }
            Err(error) => {
                assert!(!error.to_string().contains("hunter2"));
                assert_eq!(file.into_text().as_str(), text);
            }
        }
    }
}

#[test]
fn what_is_really_sealed_is_turned_and_opened_again() {
    let text = "# top\nkind: Secret\napiVersion: v1\nmetadata:\n  name: db\n  namespace: prod\n  labels: {a: b}\n  annotations:\n    \
                sealedsecrets.bitnami.com/namespace-wide: 'true' # wide\ntype: Opaque\nimmutable: true\ndata:\n  a: eA==\nstringData:\n  \
                b: | # text\n    two\n    lines\n";
    let mut file = parse(text);
    let place = first(&file, Kind::Secret);
    let secret = manifest::Secret::from_object(file.object(place)).unwrap();
    let cert = cert("key-a-2048");
    let sealing = Sealing {
        cert: &cert,
        scope: None,
    };
    let sealed = seal::seal_secret(&secret, sealing, &mut counting()).unwrap();
    file.seal_in_place(place, &sealed).unwrap();
    let new = file.into_text();
    assert!(!new.contains("two") && !new.contains("eA=="));
    assert!(new.contains("    sealedsecrets.bitnami.com/namespace-wide: 'true' # wide\n"));

    let mut file = parse(&new);
    let place = first(&file, Kind::SealedSecret);
    let read = file.sealed_secret(place).unwrap();
    assert_eq!(read, sealed);
    let opened = seal::unseal(&read, &ring(&["key-a-2048"]), Templates::Ignore).unwrap();
    assert_eq!(opened.items()["b"], b"two\nlines\n");
    file.unseal_in_place(place, &opened).unwrap();
    let again = manifest::Secret::from_object(file.object(place)).unwrap();
    assert_eq!(again.items(), secret.items());
    assert!(file.into_text().contains("  labels: {a: b}\n"));
}
