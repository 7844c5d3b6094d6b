//! `keys generate`: a sealing key as the controller makes them, for a cluster that is to be given one.

use std::path::PathBuf;

use jiff::SignedDuration;
use seal::SealingKey;
use secrecy::ExposeSecret;
use zeroize::Zeroizing;

use crate::args::ReplaceArgs;
use crate::error::{CliError, Kind};
use crate::files::{Secrecy, write_new};
use crate::io::Io;

/// Make a sealing key and its certificate, as the controller makes them
///
/// For bringing your own key: put both into a Secret of type kubernetes.io/tls in the controller's namespace, with the
/// label sealedsecrets.bitnami.com/sealed-secrets-key=active. Takes a second or two.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write the private key to this file, readable by you alone
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,

    /// Write the certificate to this file
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,

    /// Size of the key: 2048, 3072, 4096 or 8192 bits
    #[arg(long, value_name = "BITS", default_value_t = 4096, value_parser = size)]
    pub bits: usize,

    /// Days for which the certificate is valid
    #[arg(long, value_name = "DAYS", default_value_t = 3650, value_parser = clap::value_parser!(i32).range(1..=36_500))]
    pub days: i32,

    /// Common name of the certificate
    #[arg(long, value_name = "NAME", default_value = "")]
    pub common_name: String,
}

/// Runs the command.
///
/// # Errors
///
/// A file is there already, or cannot be written: exit 3.
pub fn run(args: &Args, io: &mut Io) -> Result<(), CliError> {
    for file in [&args.output, &args.cert] {
        // A sealing key may be the only way to old values: it is never written over.
        if io.resolve(file).symlink_metadata().is_ok() {
            return Err(
                CliError::new(Kind::WriteOutput, format!("{} is there already", file.display()))
                    .hint("name a new file; a key that sealed anything must be kept"),
            );
        }
    }
    let mut serial = [0; 16];
    let no_random = |error| CliError::new(Kind::Generic, "cannot make a key").because(error);
    io.random().fill(&mut serial).map_err(no_random)?;
    let now = io.now();
    let end = now
        .checked_add(SignedDuration::from_hours(i64::from(args.days) * 24))
        .map_err(|error| CliError::new(Kind::Generic, "cannot make a key").because(error))?;
    let key = SealingKey::generate(args.bits, &args.common_name, now, end, serial)
        .map_err(|error| CliError::new(Kind::Generic, "cannot make a key").because(error))?;
    let Some(cert) = key.cert() else {
        return Err(CliError::new(Kind::Generic, "cannot make a certificate"));
    };
    let private = Zeroizing::new(key.to_pem().expose_secret().to_vec());
    let write = |file: &PathBuf, bytes: &[u8], secrecy, io: &Io| {
        let path = io.resolve(file);
        if let Some(Err(error)) = path.parent().map(std::fs::create_dir_all) {
            return Err(CliError::new(
                Kind::WriteOutput,
                format!("cannot make the folder of {}", file.display()),
            )
            .because(error));
        }
        write_new(&path, file, bytes, secrecy, ReplaceArgs::default())
    };
    write(&args.output, &private, Secrecy::Plain, io)?;
    write(&args.cert, cert.to_pem().as_bytes(), Secrecy::Sealed, io)?;
    io.write_stdout(format!("{}\n", key.fingerprint()).as_bytes())
}

fn size(text: &str) -> Result<usize, &'static str> {
    match text {
        "2048" => Ok(2048),
        "3072" => Ok(3072),
        "4096" => Ok(4096),
        "8192" => Ok(8192),
        _ => Err("one of 2048, 3072, 4096, 8192"),
    }
}
