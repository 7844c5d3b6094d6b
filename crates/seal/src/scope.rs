//! Scopes, their annotations, and the label that is bound into a sealed value (spec/sealed-secrets §4).

use std::fmt;
use std::str::FromStr;

use serde_json::{Map, Value};

/// Where a sealed value may be opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Under its own namespace and name only.
    #[default]
    Strict,
    /// Under any name of its namespace.
    NamespaceWide,
    /// Anywhere.
    ClusterWide,
}

impl Scope {
    /// All scopes, narrowest first.
    pub const ALL: [Self; 3] = [Self::Strict, Self::NamespaceWide, Self::ClusterWide];

    /// The scope that an object's own annotations ask for; cluster-wide wins. Only the value `true` counts.
    pub fn of(annotation: impl Fn(&str) -> Option<String>) -> Self {
        let asks = |scope: Self| {
            scope
                .annotation()
                .is_some_and(|name| annotation(name).as_deref() == Some("true"))
        };
        Self::ALL
            .into_iter()
            .rev()
            .find(|scope| asks(*scope))
            .unwrap_or_default()
    }

    /// The same for metadata as JSON. Values that are not text do not count.
    pub fn of_metadata(metadata: &Map<String, Value>) -> Self {
        Self::of(|name| Some(metadata.get("annotations")?.get(name)?.as_str()?.to_owned()))
    }

    /// The annotation that asks for it; none for strict.
    pub const fn annotation(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::NamespaceWide => Some("sealedsecrets.bitnami.com/namespace-wide"),
            Self::ClusterWide => Some("sealedsecrets.bitnami.com/cluster-wide"),
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::NamespaceWide => "namespace-wide",
            Self::ClusterWide => "cluster-wide",
        }
    }
}

/// `strict`, `namespace-wide`, `cluster-wide`.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Scope {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|scope| scope.word() == text).ok_or(())
    }
}

/// The bytes that are bound into the RSA block. Public.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Vec<u8>);

impl Label {
    /// `NAMESPACE/NAME`, `NAMESPACE`, or nothing.
    pub fn new(scope: Scope, namespace: &str, name: &str) -> Self {
        Self(match scope {
            Scope::Strict => format!("{namespace}/{name}").into_bytes(),
            Scope::NamespaceWide => namespace.as_bytes().to_vec(),
            Scope::ClusterWide => Vec::new(),
        })
    }

    /// The label of a SealedSecret, from its own metadata.
    pub fn of(sealed: &crds::SealedSecret) -> Self {
        let text = |field| sealed.metadata.get(field).and_then(Value::as_str).unwrap_or("");
        Self::new(
            Scope::of_metadata(&sealed.metadata),
            text("namespace"),
            text("name"),
        )
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}
