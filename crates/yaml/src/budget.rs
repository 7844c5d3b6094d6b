//! How much of a foreign text is looked at before it is refused.

/// Limits for one parse, checked while events come in, before a tree exists. Source: spec/security S-20.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Bytes of text.
    pub bytes: usize,
    /// Levels of nesting.
    pub depth: u16,
    /// Nodes of the text, aliases expanded included.
    pub nodes: u32,
    /// How many times larger, in bytes and in nodes, the text may grow by expanding aliases.
    /// 1 MiB and 50,000 nodes of growth are always allowed.
    pub alias_factor: u32,
    /// Documents in a stream.
    pub documents: u32,
    /// Bytes of one mapping key.
    pub key_bytes: usize,
    /// Bytes of one tag.
    pub tag_bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            bytes: 5 << 20,
            depth: 200,
            nodes: 1_000_000,
            alias_factor: 10,
            documents: 1_000,
            key_bytes: 4 << 10,
            tag_bytes: 1 << 10,
        }
    }
}
