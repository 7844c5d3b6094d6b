//! `--merge-into`: items, and annotations and labels of the template, into a SealedSecret that is there
//! (spec/sealed-secrets §11.5).
//!
//! Beyond the peer (§17 no. 7): the file keeps its format, documents and comments, and its scope is the one that counts.

use std::path::Path;

use ::seal::file::{Kind, Place, SealedFile, TemplateTexts};
use ::seal::{Scope, Sealing, SealingCert};
use manifest::Secret;
use sops::Store;

use super::input::{self, Input, NO_SEALED};
use super::recover::sealed_secret;
use super::seal::{check_data, mismatch, seal};
use super::session::Session;
use super::words::Failure;
use crate::args::ReplaceArgs;
use crate::files::{Lock, open_for_update};
use crate::io::Io;

/// Seals the input and puts its items into the file.
///
/// # Errors
///
/// The first thing that is wrong; the file stays as it is then.
pub(super) fn run(
    session: &mut Session<'_>,
    input: Input,
    path: &Path,
    cert: &SealingCert,
    io: &mut Io,
) -> Result<(), Failure> {
    let max = session.limits.plain(Store::Yaml);
    let opened = open_for_update(&io.resolve(path), path, None, max, Lock::Hold)
        .map_err(|error| Failure::read(path, &error))?;
    let text = std::str::from_utf8(&opened.bytes)
        .map_err(|_| Failure::Text(format!("{} is not UTF-8", path.display())))?;
    let limits = input::limits(session);
    let said = |error: &dyn std::fmt::Display| Failure::Text(format!("{}: {error}", path.display()));
    let mut file = SealedFile::parse(text, &limits).map_err(|error| said(&error))?;
    let targets = targets(&file)?;
    let bytes = input.read(session, io)?;
    let secrets = input::secrets(&bytes, &limits)?;
    drop(bytes);
    session.format()?;
    for mut secret in secrets {
        let place = target(&file, &targets, &secret);
        let scope = settle(&mut secret, &file, place, session, io)?;
        let sealing = Sealing {
            cert,
            scope: Some(scope),
        };
        let sealed = seal(secret, sealing, &io.random)?;
        let items: Vec<(&str, &str)> = sealed
            .spec
            .encrypted_data
            .iter()
            .map(|(item, text)| (item.as_str(), text.as_str()))
            .collect();
        file.set_items(place, &items).map_err(|error| said(&error))?;
        let metadata = sealed
            .spec
            .template
            .and_then(|template| template.metadata)
            .unwrap_or_default();
        for field in [TemplateTexts::Labels, TemplateTexts::Annotations] {
            let texts: Vec<(&str, &str)> = metadata
                .get(field.name())
                .and_then(serde_json::Value::as_object)
                .into_iter()
                .flatten()
                .filter(|(name, _)| session.scope.is_some() || !is_scope(name))
                .filter_map(|(name, text)| Some((name.as_str(), text.as_str()?)))
                .collect();
            file.set_template_texts(place, field, &texts)
                .map_err(|error| said(&error))?;
        }
    }
    Ok(opened
        .target
        .replace(file.into_text().as_bytes(), ReplaceArgs::default())?)
}

/// The SealedSecrets of the file.
fn targets(file: &SealedFile) -> Result<Vec<Place>, Failure> {
    let objects = file.objects();
    let sealed: Vec<Place> = objects
        .iter()
        .filter(|(_, kind, _)| *kind == Kind::SealedSecret)
        .map(|(place, ..)| *place)
        .collect();
    match (sealed.is_empty(), objects.first()) {
        (false, _) => Ok(sealed),
        (true, Some((place, ..))) => match sealed_secret(file.object(*place).value().clone()) {
            Err(failure) => Err(failure),
            Ok(_) => Err(Failure::text(NO_SEALED)),
        },
        (true, None) => Err(Failure::text(NO_SEALED)),
    }
}

/// The SealedSecret that the input names, else the first, as the peer does.
fn target(file: &SealedFile, targets: &[Place], secret: &Secret) -> Place {
    let of = |place: Place, field: &str| {
        let metadata = file.object(place).value().get("metadata");
        metadata
            .and_then(|metadata| metadata.get(field)?.as_str())
            .unwrap_or("")
            .to_owned()
    };
    let (name, namespace) = (secret.metadata.name(), secret.metadata.namespace());
    let named = targets.iter().copied().find(|place| {
        !name.is_empty()
            && of(*place, "name") == name
            && (namespace.is_empty() || of(*place, "namespace") == namespace)
    });
    named.unwrap_or(targets[0])
}

/// Takes name, namespace and scope from the file.
fn settle(
    secret: &mut Secret,
    file: &SealedFile,
    place: Place,
    session: &mut Session<'_>,
    io: &Io,
) -> Result<Scope, Failure> {
    check_data(secret, session)?;
    let target = file
        .sealed_secret(place)
        .map_err(|error| Failure::text(error.to_string()))?;
    let text = |field: &str| {
        target
            .metadata
            .get(field)
            .and_then(|value| value.as_str())
            .unwrap_or("")
    };
    let (name, namespace) = (text("name"), text("namespace"));
    if name.is_empty() {
        return Err(Failure::text("missing metadata.name in input Secret"));
    }
    let annotation = |name: &str| {
        Some(
            target
                .metadata
                .get("annotations")?
                .get(name)?
                .as_str()?
                .to_owned(),
        )
    };
    let scope = Scope::of(annotation);
    if let Some(wanted) = session.scope.filter(|wanted| *wanted != scope) {
        return Err(Failure::Text(format!(
            "the SealedSecret {name} is {scope}: an item that is {wanted} could not be opened there"
        )));
    }
    secret.metadata.set("name", name);
    if scope != Scope::ClusterWide {
        let found = session.namespace(io).unwrap_or_default();
        match found.name {
            Some(wanted) if found.explicit && wanted != namespace => {
                return Err(mismatch(namespace, &wanted));
            }
            _ if namespace.is_empty() => return Err(Failure::text("secret must declare a namespace")),
            _ => {}
        }
    }
    secret.metadata.set("namespace", namespace);
    Ok(scope)
}

fn is_scope(annotation: &str) -> bool {
    [Scope::NamespaceWide, Scope::ClusterWide]
        .iter()
        .any(|scope| scope.annotation() == Some(annotation))
}
