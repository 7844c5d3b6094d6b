//! One Secret, checked, with scope, name and namespace decided: what is refused and what is warned about
//! (spec/sealed-secrets §11.1; issue: bad input).

use ::seal::Scope;
use manifest::{Object, Origin, Secret, SecretError};
use serde_json::Value;

use super::Args;
use super::place::Places;
use crate::command::sealed::certs::Recipient;
use crate::command::sealed::names::{self, MAX_SECRET_BYTES};
use crate::error::{CliError, Kind};
use crate::ui::one_line;

/// A Secret that can be sealed.
pub(super) struct Settled {
    /// Name and namespace are in its metadata.
    pub(super) secret: Secret,
    /// The scope that it is sealed for.
    pub(super) scope: Scope,
    /// What replaces the annotations of the Secret; nothing where they decide.
    pub(super) replaced: Option<Scope>,
    /// What to warn about.
    pub(super) warnings: Vec<String>,
}

/// Reads and checks a Secret.
///
/// # Errors
///
/// It is none, or cannot be sealed: the place and the reason.
pub(super) fn settle(
    object: &Object,
    origin: Origin,
    recipient: &Recipient,
    args: &Args,
    places: &Places<'_>,
) -> Result<Settled, CliError> {
    let refuse =
        |path: &str, why: &str| CliError::new(Kind::Generic, format!("{}: {why}", places.of(origin, path)));
    refuse_ciphertext(object, &refuse)?;
    let mut secret = Secret::from_object(object).map_err(|error| unreadable(&error, &refuse))?;
    let who = who(&secret);
    let own = Scope::of(|name| secret.metadata.annotation(name).map(str::to_owned));
    let by_default = || recipient.scope.filter(|_| own == Scope::Strict);
    let replaced = args.scope.or_else(by_default);
    let scope = replaced.unwrap_or(own);
    settle_name(&secret, &who, &refuse)?;
    settle_namespace(&mut secret, scope, recipient, args, &who, &refuse)?;
    check_items(&secret, args, &who, &refuse)?;
    let warnings = warnings(&secret, origin, args, places)?;
    Ok(Settled {
        secret,
        scope,
        replaced,
        warnings,
    })
}

type Refuse<'a> = &'a dyn Fn(&str, &str) -> CliError;

fn who(secret: &Secret) -> String {
    match secret.metadata.name() {
        "" => "the Secret".to_owned(),
        name => format!("Secret {}", one_line(name)),
    }
}

/// What SOPS has encrypted is no value to seal.
fn refuse_ciphertext(object: &Object, refuse: Refuse<'_>) -> Result<(), CliError> {
    if is_encrypted(object.value()) {
        return Err(refuse(
            "sops",
            "the Secret is encrypted by SOPS, and the cluster would get its ciphertext",
        )
        .hint("decrypt it first: gitseal decrypt FILE | gitseal seal -o yaml --cert CERT"));
    }
    Ok(())
}

/// Whether an object has a `sops` block, or values of one.
pub(super) fn is_encrypted(object: &Value) -> bool {
    let values = ["data", "stringData"]
        .into_iter()
        .filter_map(|field| object.get(field)?.as_object());
    let marked = |value: &Value| {
        value
            .as_str()
            .is_some_and(|text| text.starts_with("ENC[AES256_GCM,"))
    };
    object.get("sops").is_some_and(Value::is_object) || values.flat_map(|items| items.values()).any(marked)
}

fn unreadable(error: &SecretError, refuse: Refuse<'_>) -> CliError {
    match error {
        SecretError::Base64 { item, at } => refuse(
            &format!("data.{item}"),
            &format!("data.{item} is not base64, from byte {at} of the value on"),
        )
        .hint("values under data are base64; plain text goes under stringData"),
        SecretError::Type {
            path,
            expected,
            found,
        } => refuse(path, &format!("{path}: expected {expected}, found {found}")),
        other => refuse("", &other.to_string()),
    }
}

fn settle_name(secret: &Secret, who: &str, refuse: Refuse<'_>) -> Result<(), CliError> {
    let name = secret.metadata.name();
    if name.is_empty() {
        return Err(refuse("metadata", "the Secret has no name").hint("add metadata.name"));
    }
    names::object(name).map_err(|why| {
        refuse(
            "metadata.name",
            &format!("{who} has a name that Kubernetes does not take: {why}"),
        )
        .hint("rename it before sealing: a strict SealedSecret cannot be renamed later")
    })
}

fn settle_namespace(
    secret: &mut Secret,
    scope: Scope,
    recipient: &Recipient,
    args: &Args,
    who: &str,
    refuse: Refuse<'_>,
) -> Result<(), CliError> {
    let own = secret.metadata.namespace().to_owned();
    if let Some(asked) = args.namespace.as_deref()
        && !own.is_empty()
        && own != asked
        && scope != Scope::ClusterWide
    {
        return Err(refuse(
            "metadata.namespace",
            &format!(
                "{who} is in namespace {}, and --namespace says {asked}",
                one_line(&own)
            ),
        ));
    }
    let wanted = args.namespace.as_deref().or(recipient.namespace.as_deref());
    if own.is_empty() && scope != Scope::ClusterWide {
        let Some(wanted) = wanted else {
            return Err(refuse("metadata", &format!("{who} has no namespace"))
                .hint("add metadata.namespace, or choose --scope cluster-wide"));
        };
        secret.metadata.set("namespace", wanted);
    }
    match secret.metadata.namespace() {
        "" => Ok(()),
        namespace => names::namespace(namespace).map_err(|why| {
            refuse(
                "metadata.namespace",
                &format!("{who} has a namespace that Kubernetes does not take: {why}"),
            )
        }),
    }
}

fn check_items(secret: &Secret, args: &Args, who: &str, refuse: Refuse<'_>) -> Result<(), CliError> {
    let items = secret.items();
    if items.is_empty() && !args.allow_empty_data {
        return Err(refuse("data", &format!("{who} has no data"))
            .hint("if that is meant, --allow-empty-data seals it all the same"));
    }
    for name in items.keys() {
        if let Err(why) = names::item(name) {
            let map = if secret.data.as_ref().is_some_and(|data| data.contains_key(*name)) {
                "data"
            } else {
                "stringData"
            };
            return Err(refuse(
                &format!("{map}.{name}"),
                &format!("{who} has an item that Kubernetes does not take: {why}"),
            ));
        }
    }
    let total: usize = items.values().map(|value| value.len()).sum();
    if total > MAX_SECRET_BYTES {
        return Err(refuse(
            "",
            &format!("{who} holds {total} bytes, and Kubernetes takes {MAX_SECRET_BYTES} in one Secret"),
        )
        .hint("divide it into several Secrets"));
    }
    Ok(())
}

fn warnings(
    secret: &Secret,
    origin: Origin,
    args: &Args,
    places: &Places<'_>,
) -> Result<Vec<String>, CliError> {
    let mut warnings = Vec::new();
    for path in &secret.converted {
        let text = format!(
            "{}: {path} is no text in YAML 1.1, and is sealed as Kubernetes reads it: quote it",
            places.of(origin, path)
        );
        if args.strict {
            return Err(CliError::new(Kind::Generic, text));
        }
        warnings.push(text);
    }
    let texts = secret.string_data.iter().flatten();
    for (name, _) in
        texts.filter(|(name, _)| secret.data.as_ref().is_some_and(|data| data.contains_key(*name)))
    {
        let path = format!("stringData.{name}");
        warnings.push(format!(
            "{}: {path} replaces data.{name}, as it does in a cluster",
            places.of(origin, &path)
        ));
    }
    Ok(warnings)
}
