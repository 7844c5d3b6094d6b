//! The budget, counted while events come in and before anything is built.

use std::collections::HashMap;

use granit_parser::Event;

use crate::Budget;

/// Nodes and bytes of growth by aliases that are always allowed: small files reuse one anchor often.
const FREE_NODES: u64 = 50_000;
const FREE_BYTES: u64 = 1 << 20;

/// Size of a subtree with its aliases expanded.
#[derive(Clone, Copy, Default)]
struct Size {
    nodes: u64,
    bytes: u64,
    height: usize,
}

impl Size {
    fn add(&mut self, other: Self) {
        self.nodes = self.nodes.saturating_add(other.nodes);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.height = self.height.max(other.height);
    }
}

/// Counts events against a budget. An alias costs what its target costs, computed once per anchor.
pub(crate) struct Guard<'b> {
    budget: &'b Budget,
    text_bytes: u64,
    own_nodes: u64,
    alias_nodes: u64,
    alias_bytes: u64,
    documents: u32,
    /// Finished anchors. One that is missing here is still open: it contains its alias.
    anchors: HashMap<usize, Size>,
    open: Vec<(usize, Size)>,
}

impl<'b> Guard<'b> {
    pub(crate) fn new(budget: &'b Budget, text_bytes: usize) -> Self {
        Self {
            budget,
            text_bytes: text_bytes as u64,
            own_nodes: 0,
            alias_nodes: 0,
            alias_bytes: 0,
            documents: 0,
            anchors: HashMap::new(),
            open: Vec::new(),
        }
    }

    /// Counts one event that covers this many bytes.
    pub(crate) fn event(&mut self, event: &Event<'_>, bytes: usize) -> Result<(), &'static str> {
        match event {
            Event::DocumentStart(..) => {
                self.documents = self.documents.saturating_add(1);
                if self.documents > self.budget.documents {
                    return Err("too many documents");
                }
            }
            Event::Comment(..) => return self.own(),
            Event::Scalar(_, _, anchor, _) => {
                self.own()?;
                self.finish(
                    *anchor,
                    Size {
                        nodes: 1,
                        bytes: bytes as u64,
                        height: 0,
                    },
                );
            }
            Event::SequenceStart(_, anchor, _) | Event::MappingStart(_, anchor, _) => {
                self.own()?;
                if self.open.len() >= usize::from(self.budget.depth) {
                    return Err(TOO_DEEP);
                }
                self.open.push((*anchor, Size::default()));
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((anchor, mut size)) = self.open.pop() {
                    size.nodes = size.nodes.saturating_add(1);
                    size.height += 1;
                    self.finish(anchor, size);
                }
            }
            Event::Alias(anchor) => {
                self.own()?;
                let Some(&size) = self.anchors.get(anchor) else {
                    return Err("anchor contains itself");
                };
                if self.open.len() + size.height > usize::from(self.budget.depth) {
                    return Err("nested too deeply when aliases are expanded");
                }
                self.alias_nodes = self.alias_nodes.saturating_add(size.nodes);
                self.alias_bytes = self.alias_bytes.saturating_add(size.bytes);
                if self.alias_bytes > self.allowed(FREE_BYTES, self.text_bytes) || self.total() > self.nodes()
                {
                    return Err(ALIAS_GROWTH);
                }
                self.finish(0, size);
            }
            _ => {}
        }
        Ok(())
    }

    /// What can only be said at the end: growth against all nodes of the text.
    pub(crate) fn end(&self) -> Result<(), &'static str> {
        if self.alias_nodes > self.allowed(FREE_NODES, self.own_nodes) {
            Err(ALIAS_GROWTH)
        } else {
            Ok(())
        }
    }

    fn own(&mut self) -> Result<(), &'static str> {
        self.own_nodes += 1;
        if self.total() > self.nodes() {
            Err(TOO_MANY)
        } else {
            Ok(())
        }
    }

    fn finish(&mut self, anchor: usize, size: Size) {
        if anchor != 0 {
            self.anchors.insert(anchor, size);
        }
        if let Some((_, parent)) = self.open.last_mut() {
            parent.add(size);
        }
    }

    fn total(&self) -> u64 {
        self.own_nodes.saturating_add(self.alias_nodes)
    }

    fn nodes(&self) -> u64 {
        u64::from(self.budget.nodes)
    }

    fn allowed(&self, free: u64, own: u64) -> u64 {
        free.max(own.saturating_mul(u64::from(self.budget.alias_factor)))
    }
}

pub(crate) const TOO_DEEP: &str = "nested too deeply";
pub(crate) const TOO_MANY: &str = "too many nodes";
const ALIAS_GROWTH: &str = "aliases expand to too much";
