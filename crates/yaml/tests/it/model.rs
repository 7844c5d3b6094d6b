//! What a text means, without its layout: the measure for edits.

use yaml::{Item, NodeId, NodeKind, ScalarStyle, Stream};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Model {
    /// Tag, whether it is plain, value.
    Scalar(Option<String>, bool, String),
    Map(Option<String>, Vec<(Self, Self)>),
    Seq(Option<String>, Vec<Self>),
    /// Text of the alias.
    Alias(String),
}

impl Model {
    pub(crate) fn text(value: &str) -> Self {
        Self::Scalar(None, false, value.into())
    }
}

/// The documents of a stream.
pub(crate) fn documents(stream: &Stream<'_>) -> Vec<Model> {
    stream
        .documents()
        .iter()
        .map(|document| of(stream, document.root, None))
        .collect()
}

/// A node, with another meaning in the place of one node below it.
pub(crate) fn of(stream: &Stream<'_>, id: NodeId, swap: Option<(NodeId, &Model)>) -> Model {
    if let Some((_, model)) = swap.filter(|(node, _)| *node == id) {
        return model.clone();
    }
    let tag = stream.tag(id).map(String::from);
    match &stream.node(id).kind {
        NodeKind::Scalar(style) => {
            let value = stream.value(id).into_owned();
            let plain = *style == ScalarStyle::Plain
                && yaml::scalar::resolve(None, *style, &value) != yaml::scalar::Resolved::Str;
            Model::Scalar(tag, plain, value)
        }
        NodeKind::Mapping(_) => Model::Map(
            tag,
            entries(stream, id)
                .map(|(key, value)| (of(stream, key, swap), of(stream, value, swap)))
                .collect(),
        ),
        NodeKind::Sequence(_) => Model::Seq(
            tag,
            elements(stream, id)
                .map(|value| of(stream, value, swap))
                .collect(),
        ),
        NodeKind::Alias(_) => Model::Alias(stream.text()[stream.node(id).span.clone()].into()),
    }
}

pub(crate) fn entries<'s>(stream: &'s Stream<'_>, id: NodeId) -> impl Iterator<Item = (NodeId, NodeId)> + 's {
    stream.items(id).iter().filter_map(|item| match *item {
        Item::Entry(key, value) => Some((key, value)),
        _ => None,
    })
}

pub(crate) fn elements<'s>(stream: &'s Stream<'_>, id: NodeId) -> impl Iterator<Item = NodeId> + 's {
    stream.items(id).iter().filter_map(|item| match *item {
        Item::Element(value) => Some(value),
        _ => None,
    })
}

/// Every node of a stream with its collection, keys included.
pub(crate) fn nodes(stream: &Stream<'_>) -> Vec<NodeId> {
    let mut out = Vec::new();
    let mut open: Vec<NodeId> = stream
        .documents()
        .iter()
        .rev()
        .map(|document| document.root)
        .collect();
    while let Some(node) = open.pop() {
        out.push(node);
        for item in stream.items(node).iter().rev() {
            match *item {
                Item::Entry(key, value) => open.extend([value, key]),
                Item::Element(value) => open.push(value),
                Item::Comment(_) => {}
            }
        }
    }
    out
}
