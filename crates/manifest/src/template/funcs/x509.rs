//! Keys and certificates: `genCA` and its like.
//!
//! RSA and EC keys draw their randomness from AWS-LC, which takes none from outside.

use std::{net::IpAddr, rc::Rc};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, RsaKeySize, SanType, SerialNumber,
};
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer,
};
use zeroize::Zeroizing;

use super::{
    super::{
        context::{Context, Fault, Outcome, ROUND},
        value::{Text, Value},
    },
    Func, Type,
    der::{pem_text, pkcs8_inner, sec1},
    encoding::base64_decode,
    fixed, int, made, text, utf8,
};

/// A certificate and its key, in PEM.
pub(crate) struct Certificate {
    pub(crate) cert: Text,
    pub(crate) key: Text,
}

const C: Type = Type::Certificate;
const I: Type = Type::Int;
const L: Type = Type::List;
const T: Type = Type::Text;

pub(super) static TABLE: [Func; 8] = [
    fixed("buildCustomCert", &[T, T], build),
    fixed("genCA", &[T, I], |c, a| {
        issue(
            c,
            &Wanted::ca(&a[0], &a[1])?,
            Key::rsa(c, RsaKeySize::_2048)?,
            None,
        )
    }),
    fixed("genCAWithKey", &[T, I, T], |c, a| {
        issue(c, &Wanted::ca(&a[0], &a[1])?, Key::given(&a[2])?, None)
    }),
    fixed("genPrivateKey", &[T], generate),
    fixed("genSelfSignedCert", &[T, L, L, I], |c, a| {
        issue(c, &Wanted::leaf(a)?, Key::rsa(c, RsaKeySize::_2048)?, None)
    }),
    fixed("genSelfSignedCertWithKey", &[T, L, L, I, T], |c, a| {
        issue(c, &Wanted::leaf(a)?, Key::given(&a[4])?, None)
    }),
    fixed("genSignedCert", &[T, L, L, I, C], |c, a| {
        issue(c, &Wanted::leaf(a)?, Key::rsa(c, RsaKeySize::_2048)?, Some(&a[4]))
    }),
    fixed("genSignedCertWithKey", &[T, L, L, I, C, T], |c, a| {
        issue(c, &Wanted::leaf(a)?, Key::given(&a[5])?, Some(&a[4]))
    }),
];

/// A private key: to sign with, and as Go writes it.
struct Key {
    pair: KeyPair,
    tag: &'static str,
    der: Zeroizing<Vec<u8>>,
}

impl Key {
    fn rsa(context: &Context<'_>, size: RsaKeySize) -> Outcome<Self> {
        context.spend(if matches!(size, RsaKeySize::_2048) {
            RSA_2048
        } else {
            RSA_4096
        })?;
        let pair = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, size);
        Self::from_pkcs8(pair.map_err(|_| Fault::new("error generating rsa key"))?)
    }

    /// Takes the key out of the PKCS#8 that the library makes.
    fn from_pkcs8(pair: KeyPair) -> Outcome<Self> {
        let broken = || Fault::new("error retrieving the private key");
        let pkcs8 = Zeroizing::new(pair.serialize_der());
        let (tag, der) = if pair.is_compatible(&rcgen::PKCS_RSA_SHA256) {
            (
                "RSA PRIVATE KEY",
                pkcs8_inner(&pkcs8).ok_or_else(broken)?.to_vec(),
            )
        } else if pair.is_compatible(&rcgen::PKCS_ED25519) {
            let inner = pkcs8_inner(&pkcs8).ok_or_else(broken)?;
            ("PRIVATE KEY", [ED25519_PREFIX, inner].concat())
        } else {
            (
                "EC PRIVATE KEY",
                sec1(&pair, pkcs8_inner(&pkcs8).ok_or_else(broken)?).ok_or_else(broken)?,
            )
        };
        Ok(Self {
            pair,
            tag,
            der: Zeroizing::new(der),
        })
    }

    /// A key in PEM.
    fn given(value: &Value) -> Outcome<Self> {
        Self::parse(text(value)).map_err(|Fault(text)| Fault(format!("parsing private key: {text}")))
    }

    fn parse(pem: &[u8]) -> Outcome<Self> {
        let block = first_block(pem).ok_or_else(|| Fault::new("no PEM data in input"))?;
        let der = Zeroizing::new(block.contents().to_vec());
        let pair = |der: PrivateKeyDer<'_>, what: &str| {
            KeyPair::try_from(&der).map_err(|_| Fault(format!("{what}: the key cannot be used")))
        };
        match block.tag() {
            "PRIVATE KEY" => {
                let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(&der[..]));
                Self::from_pkcs8(pair(der, "decoding PEM as PKCS#8")?)
            }
            "RSA PRIVATE KEY" => {
                let key = PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(&der[..]));
                Ok(Self {
                    pair: pair(key, "parsing RSA private key from PEM")?,
                    tag: "RSA PRIVATE KEY",
                    der,
                })
            }
            "EC PRIVATE KEY" => {
                let key = PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(&der[..]));
                let pair = pair(key, "parsing EC private key from PEM")?;
                let der = sec1(&pair, &der).ok_or_else(|| Fault::new("parsing EC private key from PEM"))?;
                Ok(Self {
                    pair,
                    tag: "EC PRIVATE KEY",
                    der: Zeroizing::new(der),
                })
            }
            "DSA PRIVATE KEY" => Err(Fault::new("DSA keys are not supported")),
            tag => match tag.strip_suffix(" PRIVATE KEY") {
                Some(kind) => Err(Fault(format!("invalid private key type {kind}"))),
                None => Err(Fault(format!("no private key data in PEM block of type {tag}"))),
            },
        }
    }

    fn pem(&self) -> Vec<u8> {
        pem_text(self.tag, &self.der)
    }
}

fn generate(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let failed = |_| Fault::new("failed to generate private key");
    let key = match text(&arguments[0]) {
        b"" | b"rsa" => Key::rsa(context, RsaKeySize::_4096)?,
        b"ecdsa" => {
            context.spend(EC)?;
            Key::from_pkcs8(KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).map_err(failed)?)?
        }
        b"ed25519" => {
            // Any 32 bytes are a key.
            let seed = context.random(32)?;
            let der = Zeroizing::new([ED25519_PREFIX, &[4, 32], &seed[..]].concat());
            return made(context, pem_text("PRIVATE KEY", &der));
        }
        b"dsa" => return Err(Fault::new("DSA keys are not supported")),
        other => return made(context, [b"Unknown type ", other].concat()),
    };
    made(context, key.pem())
}

fn build(context: &Context<'_>, arguments: &[Value]) -> Outcome {
    let cert =
        base64_decode(text(&arguments[0])).map_err(|_| Fault::new("unable to decode base64 certificate"))?;
    let key =
        base64_decode(text(&arguments[1])).map_err(|_| Fault::new("unable to decode base64 private key"))?;
    let key = Zeroizing::new(key);
    let block = first_block(&cert).ok_or_else(|| Fault::new("unable to decode certificate"))?;
    x509_parser::parse_x509_certificate(block.contents())
        .map_err(|_| Fault::new("error parsing certificate: decodedCert.Bytes: malformed certificate"))?;
    Key::parse(&key).map_err(|Fault(text)| Fault(format!("error parsing private key: {text}")))?;
    context.reserve(cert.len() + key.len())?;
    Ok(certificate(cert, key.to_vec()))
}

fn certificate(cert: Vec<u8>, key: Vec<u8>) -> Value {
    Value::Certificate(Rc::new(Certificate {
        cert: cert.into(),
        key: key.into(),
    }))
}

/// What a certificate is to say.
struct Wanted {
    name: String,
    ips: Vec<IpAddr>,
    names: Vec<String>,
    days: i64,
    ca: bool,
}

impl Wanted {
    fn ca(name: &Value, days: &Value) -> Outcome<Self> {
        Ok(Self {
            name: utf8(name)?.to_owned(),
            ips: Vec::new(),
            names: Vec::new(),
            days: int(days),
            ca: true,
        })
    }

    fn leaf(arguments: &[Value]) -> Outcome<Self> {
        let mut wanted = Self::ca(&arguments[0], &arguments[3])?;
        wanted.ca = false;
        for ip in items(&arguments[1]) {
            let Value::Text(_) = &ip else {
                return Err(Fault::new("error parsing ip: not a string"));
            };
            let ip = utf8(&ip)?
                .parse()
                .map_err(|_| Fault::new("error parsing ip: not an IP address"))?;
            wanted.ips.push(ip);
        }
        for name in items(&arguments[2]) {
            let Value::Text(_) = &name else {
                return Err(Fault::new("error processing alternate dns name: not a string"));
            };
            wanted.names.push(utf8(&name)?.to_owned());
        }
        Ok(wanted)
    }

    fn parameters(&self, context: &Context<'_>) -> Outcome<CertificateParams> {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = DistinguishedName::new();
        if !self.name.is_empty() {
            parameters
                .distinguished_name
                .push(DnType::CommonName, self.name.as_str());
        }
        for name in &self.names {
            let name = name
                .as_str()
                .try_into()
                .map_err(|_| Fault::new("a DNS name is not ASCII"))?;
            parameters.subject_alt_names.push(SanType::DnsName(name));
        }
        parameters
            .subject_alt_names
            .extend(self.ips.iter().copied().map(SanType::IpAddress));
        let (now, _) = context.now();
        let date = |seconds: Option<i64>| {
            let date = seconds.and_then(|seconds| time::OffsetDateTime::from_unix_timestamp(seconds).ok());
            date.ok_or_else(|| Fault::new("error creating certificate: the date is out of range"))
        };
        parameters.not_before = date(Some(now))?;
        parameters.not_after = date(
            self.days
                .checked_mul(86_400)
                .and_then(|span| now.checked_add(span)),
        )?;
        let mut serial = context.random(16)?;
        // A positive number that fits into 16 bytes.
        serial[0] = serial[0] & 0x7f | 1;
        parameters.serial_number = Some(SerialNumber::from_slice(&serial));
        parameters.key_usages = vec![
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        parameters.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        if self.ca {
            parameters.key_usages.push(KeyUsagePurpose::KeyCertSign);
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        } else {
            parameters.is_ca = IsCa::ExplicitNoCa;
        }
        Ok(parameters)
    }
}

fn items(value: &Value) -> Vec<Value> {
    match value {
        Value::List(list) => list.items.borrow().clone(),
        _ => Vec::new(),
    }
}

/// Makes a certificate, signed by another or by itself.
fn issue(context: &Context<'_>, wanted: &Wanted, key: Key, signer: Option<&Value>) -> Outcome {
    context.spend(EC)?;
    let failed = |_| Fault::new("error creating certificate");
    let mut parameters = wanted.parameters(context)?;
    let issued = match signer {
        Some(Value::Certificate(signer)) => {
            let block =
                first_block(&signer.cert).ok_or_else(|| Fault::new("unable to decode certificate"))?;
            let signer_key = Key::parse(&signer.key)
                .map_err(|Fault(text)| Fault(format!("error parsing private key: {text}")))?;
            let der = CertificateDer::from(block.contents());
            let issuer = Issuer::from_ca_cert_der(&der, signer_key.pair).map_err(|_| {
                Fault::new("error parsing certificate: decodedSignerCert.Bytes: malformed certificate")
            })?;
            parameters.use_authority_key_identifier_extension = true;
            parameters.signed_by(&key.pair, &issuer).map_err(failed)?
        }
        _ => parameters.self_signed(&key.pair).map_err(failed)?,
    };
    let cert = pem_text("CERTIFICATE", issued.der());
    context.reserve(cert.len() + 2 * key.der.len())?;
    Ok(certificate(cert, key.pem()))
}

/// The first PEM block of a text; what stands before and behind does not count.
fn first_block(text: &[u8]) -> Option<pem::Pem> {
    pem::parse_many(text).ok()?.into_iter().next()
}

/// What stands before the inner octets in the PKCS#8 of an Ed25519 key.
const ED25519_PREFIX: &[u8] = &[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22];
/// Work of making a key or certificate: twenty certificates fill the default limit.
const EC: u64 = 2_000 * ROUND;
const RSA_2048: u64 = 48_000 * ROUND;
const RSA_4096: u64 = 100_000 * ROUND;
