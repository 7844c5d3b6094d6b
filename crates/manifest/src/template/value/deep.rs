//! What goes through a value down to its leaves: comparison, copies, and the end of it.

use std::{cell::RefCell, mem, rc::Rc};

use super::{
    super::context::{Context, Fault, MAX_DEPTH, Outcome, STEP},
    Items, ListData, MapData, Value,
};

impl Value {
    /// Whether both are deeply equal, types included.
    pub(in super::super) fn same(&self, other: &Self, context: &Context<'_>) -> Outcome<bool> {
        self.same_below(other, context, 0)
    }

    fn same_below(&self, other: &Self, context: &Context<'_>, depth: usize) -> Outcome<bool> {
        context.spend(STEP)?;
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        Ok(match (self, other) {
            (Self::List(left), Self::List(right)) => {
                if left.kind != right.kind || left.nil != right.nil {
                    return Ok(false);
                }
                let (left, right) = (left.items.borrow(), right.items.borrow());
                if left.len() != right.len() {
                    return Ok(false);
                }
                for (left, right) in left.iter().zip(right.iter()) {
                    if !left.same_below(right, context, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Self::Map(left), Self::Map(right)) => {
                if left.text != right.text {
                    return Ok(false);
                }
                let (left, right) = (left.entries.borrow(), right.entries.borrow());
                if left.len() != right.len() {
                    return Ok(false);
                }
                for ((left_key, left), (right_key, right)) in left.iter().zip(right.iter()) {
                    if left_key != right_key || !left.same_below(right, context, depth + 1)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Self::Text(left), Self::Text(right)) => {
                context.spend(left.len() as u64)?;
                left == right
            }
            (Self::Nil, Self::Nil) => true,
            (Self::Bool(left), Self::Bool(right)) => left == right,
            (Self::Int(left), Self::Int(right)) | (Self::Int64(left), Self::Int64(right)) => left == right,
            (Self::Byte(left), Self::Byte(right))
            | (Self::Month(left), Self::Month(right))
            | (Self::Weekday(left), Self::Weekday(right)) => left == right,
            (Self::Uint64(left), Self::Uint64(right)) => left == right,
            (Self::Float(left), Self::Float(right)) => left == right,
            (Self::Time(left), Self::Time(right)) => left == right,
            (Self::Version(left), Self::Version(right)) => left.same(right),
            (Self::Certificate(left), Self::Certificate(right)) => {
                left.cert == right.cert && left.key == right.key
            }
            _ => false,
        })
    }

    /// A copy that shares nothing that can change.
    pub(in super::super) fn deep_copy(&self, context: &Context<'_>) -> Outcome {
        self.copy_below(context, 0)
    }

    fn copy_below(&self, context: &Context<'_>, depth: usize) -> Outcome {
        context.spend(STEP)?;
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        Ok(match self {
            Self::List(list) => {
                let items = list.items.borrow();
                context.reserve_items(items.len())?;
                let copies = items
                    .iter()
                    .map(|item| item.copy_below(context, depth + 1))
                    .collect::<Outcome<_>>()?;
                Self::List(Rc::new(ListData {
                    kind: list.kind,
                    nil: list.nil,
                    items: RefCell::new(copies),
                }))
            }
            Self::Map(map) => {
                let entries = map.entries.borrow();
                context.reserve_items(2 * entries.len())?;
                let copies = entries
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), value.copy_below(context, depth + 1)?)))
                    .collect::<Outcome<_>>()?;
                Self::Map(Rc::new(MapData {
                    text: map.text,
                    entries: RefCell::new(copies),
                }))
            }
            other => other.clone(),
        })
    }

    /// Whether a dict is somewhere in it: such a value must not be put into that dict.
    pub(in super::super) fn holds(
        &self,
        map: &Rc<MapData>,
        context: &Context<'_>,
        depth: usize,
    ) -> Outcome<bool> {
        context.spend(STEP)?;
        if depth > MAX_DEPTH {
            return Err(too_deep());
        }
        match self {
            Self::List(list) if matches!(list.kind, Items::Any | Items::Lists) => {
                for item in list.items.borrow().iter() {
                    if item.holds(map, context, depth + 1)? {
                        return Ok(true);
                    }
                }
            }
            Self::Map(inner) => {
                if Rc::ptr_eq(inner, map) {
                    return Ok(true);
                }
                if !inner.text {
                    for value in inner.entries.borrow().values() {
                        if value.holds(map, context, depth + 1)? {
                            return Ok(true);
                        }
                    }
                }
            }
            _ => {}
        }
        Ok(false)
    }
}

/// What is said of values in values in values.
pub(in super::super) fn too_deep() -> Fault {
    Fault::new(format!("values are nested more than {MAX_DEPTH} deep"))
}

/// Takes values apart without recursion: a template can nest them deeper than the stack is.
fn dismantle(mut queue: Vec<Value>) {
    while let Some(value) = queue.pop() {
        match value {
            Value::List(list) => {
                if let Some(mut list) = Rc::into_inner(list) {
                    queue.append(list.items.get_mut());
                }
            }
            Value::Map(map) => {
                if let Some(mut map) = Rc::into_inner(map) {
                    queue.extend(mem::take(map.entries.get_mut()).into_values());
                }
            }
            _ => {}
        }
    }
}

impl Drop for ListData {
    fn drop(&mut self) {
        let items = mem::take(self.items.get_mut());
        if !items.is_empty() {
            dismantle(items);
        }
    }
}

impl Drop for MapData {
    fn drop(&mut self) {
        let entries = mem::take(self.entries.get_mut());
        if !entries.is_empty() {
            dismantle(entries.into_values().collect());
        }
    }
}
