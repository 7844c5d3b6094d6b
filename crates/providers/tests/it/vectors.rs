//! The age test vectors of C2SP (CCTV/age), each by its name. All of them concern decryption.

use aws_lc_rs::digest;
use providers::age::{self, FileError};

/// What a vector file says about itself, and the age file behind it.
struct Vector {
    expect: String,
    payload: Option<String>,
    identities: String,
    passphrases: Vec<String>,
    armored: bool,
    file: Vec<u8>,
}

impl Vector {
    fn read(bytes: &[u8]) -> Self {
        let end = bytes.windows(2).position(|two| two == b"\n\n").unwrap();
        let mut vector = Self {
            expect: String::new(),
            payload: None,
            identities: String::new(),
            passphrases: Vec::new(),
            armored: false,
            file: bytes[end + 2..].to_vec(),
        };
        for line in std::str::from_utf8(&bytes[..end]).unwrap().lines() {
            let (key, value) = line.split_once(": ").unwrap();
            match key {
                "expect" => vector.expect = value.to_owned(),
                "payload" => vector.payload = Some(value.to_owned()),
                "identity" => vector.identities += &format!("{value}\n"),
                "passphrase" => vector.passphrases.push(value.to_owned()),
                "armored" => vector.armored = value == "yes",
                "compressed" => {
                    assert_eq!(value, "zlib");
                    vector.file = miniz_oxide::inflate::decompress_to_vec_zlib(&vector.file).unwrap();
                }
                "comment" | "file key" => {}
                other => panic!("unknown key {other}"),
            }
        }
        vector
    }

    /// The outcome in the words of the vectors.
    fn outcome(&self) -> String {
        let passphrases = self.passphrases.iter().map(|text| text.as_str().into()).collect();
        let opened = if self.armored {
            age::open_armored(&self.file, &self.identities, passphrases)
        } else {
            age::open(&self.file, &self.identities, passphrases)
        };
        match opened {
            Ok(plain) => {
                let hash = digest::digest(&digest::SHA256, &plain);
                let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
                if Some(&hex) == self.payload.as_ref() {
                    "success".into()
                } else {
                    format!("payload {hex}")
                }
            }
            Err(FileError::Armor) => "armor failure".into(),
            Err(FileError::Header) => "header failure".into(),
            Err(FileError::Mac) => "HMAC failure".into(),
            Err(FileError::NoMatch) => "no match".into(),
            Err(FileError::Payload) => "payload failure".into(),
            Err(other) => format!("{other}"),
        }
    }
}

#[test]
fn cctv_age_vectors() {
    let mut names = Vec::new();
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(gitseal_tests::tools::cctv_age()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let vector = Vector::read(&std::fs::read(&path).unwrap());
        let outcome = vector.outcome();
        if outcome != vector.expect {
            wrong.push(format!("{name}: expected {}, got {outcome}", vector.expect));
        }
        names.push(name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(names.len(), 143, "{names:?}");
}
