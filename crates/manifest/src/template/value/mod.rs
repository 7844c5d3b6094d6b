//! Values of a running template: what Go's reflection would see.
//!
//! Go tells `int` from `int64` and `[]string` from `[]interface {}`, and templates see it (`typeOf`, `eq`, argument
//! checks); texts are bytes; dicts are shared and change in place. Values are shared by counting and wiped with
//! their last owner: a clone is another name, not another copy. There is no `Debug`.

use std::{borrow::Borrow, cell::RefCell, cmp::Ordering, collections::BTreeMap, ops::Deref, rc::Rc};

use zeroize::Zeroizing;

use super::{
    funcs::{semver::Version, x509::Certificate},
    time::Time,
};

mod deep;

pub(super) use deep::too_deep;

/// Bytes, mostly UTF-8.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Text(Rc<Zeroizing<Vec<u8>>>);

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.as_slice().cmp(&other.0)
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Deref for Text {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Text {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Rc::new(Zeroizing::new(bytes)))
    }
}

impl From<&[u8]> for Text {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

/// Type of a list's items.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Items {
    /// `[]interface {}`.
    Any,
    /// `[]int`.
    Int,
    /// `[][]interface {}`.
    Lists,
    /// `[]string`.
    Text,
}

/// What a list holds.
pub(super) struct ListData {
    /// Type of its items.
    pub(super) kind: Items,
    /// Go's nil slice: the same as empty, but JSON says null.
    pub(super) nil: bool,
    /// The items; `sortAlpha` changes them in place.
    pub(super) items: RefCell<Vec<Value>>,
}

/// What a dict holds.
pub(super) struct MapData {
    /// Whether all values are text: `map[string]string`.
    pub(super) text: bool,
    /// The entries.
    pub(super) entries: RefCell<BTreeMap<Text, Value>>,
}

/// Any value.
#[derive(Clone)]
pub(super) enum Value {
    /// Nothing: an absent key, or nil.
    Nil,
    /// `bool`.
    Bool(bool),
    /// `int`.
    Int(i64),
    /// `int64`.
    Int64(i64),
    /// `uint8`: a byte of a text.
    Byte(u8),
    /// `uint64`.
    Uint64(u64),
    /// `float64`.
    Float(f64),
    /// `string`.
    Text(Text),
    /// A slice.
    List(Rc<ListData>),
    /// A map by text.
    Map(Rc<MapData>),
    /// `time.Time`.
    Time(Rc<Time>),
    /// `time.Month`.
    Month(u8),
    /// `time.Weekday`, from Sunday.
    Weekday(u8),
    /// `*semver.Version`.
    Version(Rc<Version>),
    /// `sprig.certificate`.
    Certificate(Rc<Certificate>),
}

impl Value {
    /// A text.
    pub(super) fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// A list of anything.
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::list_of(Items::Any, items)
    }

    /// A list of texts.
    pub(super) fn texts<T: Into<Text>>(items: impl IntoIterator<Item = T>) -> Self {
        Self::list_of(Items::Text, items.into_iter().map(Self::text).collect())
    }

    /// A list of this kind.
    pub(super) fn list_of(kind: Items, items: Vec<Self>) -> Self {
        Self::List(Rc::new(ListData {
            kind,
            nil: false,
            items: RefCell::new(items),
        }))
    }

    /// Go's nil slice.
    pub(super) fn nil_list(kind: Items) -> Self {
        Self::List(Rc::new(ListData {
            kind,
            nil: true,
            items: RefCell::default(),
        }))
    }

    /// A dict of anything.
    pub(super) fn map(entries: BTreeMap<Text, Self>) -> Self {
        Self::Map(Rc::new(MapData {
            text: false,
            entries: RefCell::new(entries),
        }))
    }

    /// A dict of texts.
    pub(super) fn text_map(entries: BTreeMap<Text, Self>) -> Self {
        Self::Map(Rc::new(MapData {
            text: true,
            entries: RefCell::new(entries),
        }))
    }

    /// Name of its type, as Go prints it.
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Self::Nil => "<nil>",
            Self::Bool(_) => "bool",
            Self::Int(_) => "int",
            Self::Int64(_) => "int64",
            Self::Byte(_) => "uint8",
            Self::Uint64(_) => "uint64",
            Self::Float(_) => "float64",
            Self::Text(_) => "string",
            Self::List(list) => match list.kind {
                Items::Any => "[]interface {}",
                Items::Int => "[]int",
                Items::Lists => "[][]interface {}",
                Items::Text => "[]string",
            },
            Self::Map(map) if map.text => "map[string]string",
            Self::Map(_) => "map[string]interface {}",
            Self::Time(_) => "time.Time",
            Self::Month(_) => "time.Month",
            Self::Weekday(_) => "time.Weekday",
            Self::Version(_) => "*semver.Version",
            Self::Certificate(_) => "sprig.certificate",
        }
    }

    /// Name of its kind, as Go's reflection says.
    pub(super) fn kind_name(&self) -> &'static str {
        match self {
            Self::Nil => "invalid",
            Self::Month(_) | Self::Weekday(_) => "int",
            Self::List(_) => "slice",
            Self::Map(_) => "map",
            Self::Time(_) | Self::Certificate(_) => "struct",
            Self::Version(_) => "ptr",
            Self::Bool(_)
            | Self::Int(_)
            | Self::Int64(_)
            | Self::Byte(_)
            | Self::Uint64(_)
            | Self::Float(_)
            | Self::Text(_) => self.type_name(),
        }
    }

    /// Whether a condition takes it for true.
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nil => false,
            Self::Bool(value) => *value,
            Self::Int(number) | Self::Int64(number) => *number != 0,
            Self::Byte(number) | Self::Month(number) | Self::Weekday(number) => *number != 0,
            Self::Uint64(number) => *number != 0,
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(list) => !list.items.borrow().is_empty(),
            Self::Map(map) => !map.entries.borrow().is_empty(),
            Self::Time(_) | Self::Version(_) | Self::Certificate(_) => true,
        }
    }

    /// As a signed number, if it is one of Go's signed integers.
    pub(super) fn signed(&self) -> Option<i64> {
        match self {
            Self::Int(number) | Self::Int64(number) => Some(*number),
            Self::Month(number) | Self::Weekday(number) => Some(i64::from(*number)),
            _ => None,
        }
    }

    /// As an unsigned number, if it is one of Go's unsigned integers.
    pub(super) fn unsigned(&self) -> Option<u64> {
        match self {
            Self::Byte(number) => Some(u64::from(*number)),
            Self::Uint64(number) => Some(*number),
            _ => None,
        }
    }

    /// Order of two values of one basic kind; `None` where Go has none.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        if let (Self::Text(left), Self::Text(right)) = (self, other) {
            return Some(left.cmp(right));
        }
        if let (Self::Float(left), Self::Float(right)) = (self, other) {
            return left.partial_cmp(right);
        }
        match (self.signed(), self.unsigned(), other.signed(), other.unsigned()) {
            (Some(left), None, Some(right), None) => Some(left.cmp(&right)),
            (None, Some(left), None, Some(right)) => Some(left.cmp(&right)),
            (Some(left), None, None, Some(right)) => {
                Some(u64::try_from(left).map_or(Ordering::Less, |left| left.cmp(&right)))
            }
            (None, Some(left), Some(right), None) => {
                Some(u64::try_from(right).map_or(Ordering::Greater, |right| left.cmp(&right)))
            }
            _ => None,
        }
    }
}
