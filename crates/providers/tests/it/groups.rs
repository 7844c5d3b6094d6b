//! Key groups, thresholds, the order of keys, mixed strengths.

use providers::{LockError, Mixing, UnlockError};
use sops::{KeyGroup, KeyKind, MasterKey};

use crate::support::{TestRandom, User, data_key, failure, file_of, identity, lock, metadata, now, opens};

fn with_key(key: &str) -> User {
    let mut user = User::new();
    user.set("SOPS_AGE_KEY", key);
    user
}

#[test]
fn any_threshold_of_the_groups_is_enough() {
    let keys: Vec<(String, String)> = (0..3).map(|_| identity()).collect();
    let recipients: Vec<[&str; 1]> = keys.iter().map(|(_, recipient)| [recipient.as_str()]).collect();
    let groups: Vec<&[&str]> = recipients.iter().map(|group| group.as_slice()).collect();
    let cases = [
        ("two of three, first two", 2, vec![0, 1], true),
        ("two of three, outer two", 2, vec![0, 2], true),
        ("two of three, all", 2, vec![0, 1, 2], true),
        ("two of three, one", 2, vec![1], false),
        ("three of three, two", 3, vec![0, 1], false),
        ("three of three, all", 3, vec![0, 1, 2], true),
        ("no threshold is all, when locking", 0, vec![0, 1, 2], true),
        ("nobody", 2, vec![], false),
    ];
    for (name, threshold, mine, want) in cases {
        let locked = lock(&User::new(), &groups, threshold).unwrap();
        let mine: Vec<&str> = mine.into_iter().map(|at: usize| keys[at].0.as_str()).collect();
        let opened = opens(&with_key(&mine.join(" ")).services(), &locked);
        assert_eq!(opened.is_ok(), want, "case: {name}: {opened:?}");
    }
}

#[test]
fn too_few_groups_names_them() {
    let (mine, my_recipient) = identity();
    let (_, other) = identity();
    let locked = lock(&User::new(), &[&[&other], &[&my_recipient], &[&other, &other]], 2).unwrap();
    match opens(&with_key(&mine).services(), &locked).unwrap_err() {
        UnlockError::TooFewGroups {
            opened,
            groups,
            needed,
            opened_groups,
            attempts,
            ..
        } => {
            assert_eq!((opened, groups, needed, opened_groups), (1, 3, 2, vec![1]));
            assert_eq!(
                attempts.iter().map(|attempt| attempt.group).collect::<Vec<_>>(),
                [0, 2, 2]
            );
            assert!(attempts.iter().all(|attempt| attempt.name == other));
        }
        other => panic!("{other}"),
    }
}

#[test]
fn lock_refuses() {
    let (_, recipient) = identity();
    let one: &[&str] = &[&recipient];
    let many = vec![one; 256];
    let cases: [(&str, &[&[&str]], u32, &str); 6] = [
        ("no group", &[], 0, "no key groups provided"),
        ("a group without keys", &[one, &[]], 0, "empty key group provided"),
        (
            "threshold of one",
            &[one, one],
            1,
            "could not split data key into parts for Shamir: ",
        ),
        (
            "threshold above the number",
            &[one, one],
            3,
            "could not split data key into parts for Shamir: ",
        ),
        (
            "too many groups",
            &many,
            2,
            "could not split data key into parts for Shamir: ",
        ),
        (
            "not a recipient",
            &[&[&recipient, "alice", "AGE-SECRET-KEY-1ABC"]],
            0,
            "2 of the recipients failed",
        ),
    ];
    for (name, groups, threshold, want) in cases {
        let error = lock(&User::new(), groups, threshold).unwrap_err();
        assert!(error.to_string().starts_with(want), "case: {name}: {error}");
    }
}

#[test]
fn a_private_key_as_recipient_is_not_repeated() {
    let (key, recipient) = identity();
    let strong = providers::age::generate_hybrid().unwrap().1;
    let group = KeyGroup([&key, &strong, &recipient].map(MasterKey::age).to_vec());
    for mixing in [Mixing::Refuse, Mixing::Allow] {
        let services = User::new().services();
        let error =
            now(services.lock(&data_key(), vec![group.clone()], 0, mixing, "", &mut TestRandom)).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(said.contains("(a private key)"), "{said}");
        assert!(!said.contains(&key[16..]), "{said}");
    }
    let error = opens(&User::new().services(), &metadata(vec![group], 0)).unwrap_err();
    let said = format!("{error} {error:?}");
    assert!(
        said.contains("(a private key)") && !said.contains(&key[16..]),
        "{said}"
    );
}

#[test]
fn a_share_that_is_no_key_is_told_apart() {
    let user = User::new();
    let (mine, recipient) = identity();
    // A share of a file with two groups, put into a file with one.
    let mut locked = lock(&user, &[&[&recipient], &[&recipient]], 2).unwrap();
    locked.key_groups.truncate(1);
    match opens(&with_key(&mine).services(), &locked).unwrap_err() {
        UnlockError::WrongLength { name } => assert_eq!(name, format!("master key {recipient}")),
        other => panic!("{other}"),
    }
    // The same group twice: the shares have the same x.
    let twice = locked.key_groups[0].clone();
    let locked = metadata(vec![twice.clone(), twice], 2);
    match opens(&with_key(&mine).services(), &locked).unwrap_err() {
        UnlockError::WrongLength { name } => assert_eq!(name, "key groups"),
        other => panic!("{other}"),
    }
}

#[test]
fn kinds_that_nobody_here_opens_are_named() {
    let pgp = MasterKey::Pgp {
        fingerprint: "ABCD".into(),
        created_at: String::new(),
        enc: "x".into(),
    };
    let kms = MasterKey::AwsKms {
        arn: "arn:aws:kms:eu-west-1:1:key/x".into(),
        role: String::new(),
        context: vec![],
        aws_profile: String::new(),
        created_at: String::new(),
        enc: "x".into(),
    };
    let mut user = User::new();
    let file = metadata(vec![KeyGroup(vec![kms, MasterKey::age("age1x"), pgp])], 0);
    let names = |user: &User| match opens(&user.services(), &file).unwrap_err() {
        UnlockError::TooFewGroups { attempts, .. } => attempts
            .iter()
            .map(|attempt| (attempt.kind, attempt.source.to_string()))
            .collect::<Vec<_>>(),
        other => panic!("{other}"),
    };
    let said = names(&user);
    assert_eq!(
        said.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [KeyKind::Age, KeyKind::Pgp, KeyKind::AwsKms]
    );
    assert_eq!(said[1].1, "PGP keys come with a later version");
    assert_eq!(said[2].1, "AWS KMS keys come with a later version");
    user.order = vec![KeyKind::AwsKms];
    let said = names(&user);
    assert_eq!(
        said.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(),
        [KeyKind::AwsKms, KeyKind::Age, KeyKind::Pgp]
    );
}

#[test]
fn a_broken_share_does_not_hide_a_good_one() {
    let (mine, recipient) = identity();
    let user = with_key(&mine);
    let locked = lock(&user, &[&[&recipient]], 0).unwrap();
    let good = locked.key_groups[0].0[0].enc().to_owned();
    let cut = good.replace("-----END AGE ENCRYPTED FILE-----\n", "");
    opens(
        &user.services(),
        &file_of(&[(&recipient, &cut), (&recipient, "nonsense"), (&recipient, &good)]),
    )
    .unwrap();
    let (attempts, _) = failure(&user.services(), &file_of(&[(&recipient, &cut)]));
    assert_eq!(attempts, ["the ASCII armor is damaged"]);
}

#[test]
fn the_recipient_text_is_only_a_hint() {
    let (mine, recipient) = identity();
    let (_, other) = identity();
    let user = with_key(&mine);
    let locked = lock(&user, &[&[&recipient]], 0).unwrap();
    opens(
        &user.services(),
        &file_of(&[(&other, locked.key_groups[0].0[0].enc())]),
    )
    .unwrap();
}

#[test]
fn mixed_strengths_are_refused_unless_allowed() {
    let (_, classical) = identity();
    let strong = providers::age::generate_hybrid().unwrap().1;
    let user = User::new();
    let lock_with = |groups: &[&[&str]], mixing| {
        let groups: Vec<KeyGroup> = groups
            .iter()
            .map(|group| KeyGroup(group.iter().map(|text| MasterKey::age(*text)).collect()))
            .collect();
        now(user
            .services()
            .lock(&data_key(), groups, 0, mixing, "", &mut TestRandom))
    };
    let cases: [(&str, &[&[&str]], bool); 4] = [
        ("classical", &[&[&classical, &classical]], false),
        ("post-quantum", &[&[&strong, &strong]], false),
        ("both in a group", &[&[&strong, &classical]], true),
        ("both in the file", &[&[&strong], &[&classical]], true),
    ];
    for (name, groups, mixed) in cases {
        match lock_with(groups, Mixing::Refuse) {
            Err(LockError::Mixed {
                post_quantum,
                classical: weak,
            }) => {
                assert!(mixed, "case: {name}");
                assert_eq!(
                    (&post_quantum[0], &weak[0]),
                    (&strong, &classical),
                    "case: {name}"
                );
            }
            Ok(_) => assert!(!mixed, "case: {name}"),
            Err(error) => panic!("case: {name}: {error}"),
        }
        let locked = lock_with(groups, Mixing::Allow).unwrap();
        assert_eq!(
            providers::age::is_mixed(&metadata(locked, 0)),
            mixed,
            "case: {name}"
        );
    }
}
