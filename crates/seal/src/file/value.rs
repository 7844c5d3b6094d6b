//! Objects as JSON: places in them, comparing, wiping.

use serde_json::{Map, Value};
use zeroize::Zeroize;

use super::convert::Direction;

/// A JSON value whose texts are wiped on drop.
pub(super) struct Wiped(pub(super) Value);

impl Drop for Wiped {
    fn drop(&mut self) {
        wipe(std::mem::take(&mut self.0));
    }
}

/// Wipes the texts of a value. Names are public.
pub(super) fn wipe(mut value: Value) {
    wipe_inside(&mut value);
}

fn wipe_inside(value: &mut Value) {
    match value {
        Value::String(text) => text.zeroize(),
        Value::Array(all) => all.iter_mut().for_each(wipe_inside),
        Value::Object(all) => all.values_mut().for_each(wipe_inside),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// What stands at a path of keys.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// The mapping at a path of keys.
pub(super) fn at_mut<'v>(value: &'v mut Value, path: &[&str]) -> Option<&'v mut Map<String, Value>> {
    path.iter()
        .try_fold(value, |value, key| value.get_mut(key))?
        .as_object_mut()
}

/// Sets a key of the mapping at a path; makes mappings that are missing or null.
pub(super) fn put(value: &mut Value, path: &[&str], key: &str, new: Value) {
    let mut here = value;
    for step in path {
        if here.is_null() {
            *here = Value::Object(Map::new());
        }
        let Value::Object(map) = here else { return };
        here = map.entry(*step).or_insert(Value::Null);
    }
    if here.is_null() {
        *here = Value::Object(Map::new());
    }
    if let Value::Object(map) = here {
        map.insert(key.to_owned(), new);
    }
}

/// Whether two texts are the same base64: CR and LF do not count (spec/sealed-secrets §1).
pub(super) fn same_base64(one: &str, other: &str) -> bool {
    let chars = |text: &str| {
        text.bytes()
            .filter(|byte| !matches!(byte, b'\r' | b'\n'))
            .collect::<Vec<_>>()
    };
    one == other || chars(one) == chars(other)
}

/// Whether an object that was read is the wanted one; line breaks in the text of sealed items do not count.
pub(super) fn same_object(found: &Value, wanted: &Value) -> bool {
    same_outside(found, wanted, &["spec", "encryptedData"])
}

/// Equal, but for line breaks in the texts of the mapping at a path.
fn same_outside(found: &Value, wanted: &Value, path: &[&str]) -> bool {
    let (Value::Object(found), Value::Object(wanted)) = (found, wanted) else {
        return found == wanted;
    };
    let same = |key: &String, found: &Value, wanted: &Value| match (path, found, wanted) {
        ([], Value::String(found), Value::String(wanted)) => same_base64(found, wanted),
        ([first, rest @ ..], _, _) if first == key => same_outside(found, wanted, rest),
        _ => found == wanted,
    };
    found.len() == wanted.len()
        && found
            .iter()
            .all(|(key, value)| wanted.get(key).is_some_and(|other| same(key, value, other)))
}

/// The target with its keys in the order of the source, new ones behind them: items of a Secret and of
/// a SealedSecret stand under other keys.
pub(super) fn in_order(from: &Value, to: &Value, direction: Direction) -> Value {
    let mut to = ordered(Some(from), to);
    let items = |path: &[&str]| {
        at(from, path)
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys)
    };
    match direction {
        Direction::Seal => {
            let order: Vec<_> = items(&["data"]).chain(items(&["stringData"])).collect();
            sort(at_mut(&mut to, &["spec", "encryptedData"]), &order);
        }
        Direction::Unseal => {
            let order: Vec<_> = items(&["spec", "encryptedData"]).collect();
            sort(at_mut(&mut to, &["data"]), &order);
            sort(at_mut(&mut to, &["stringData"]), &order);
        }
    }
    to
}

fn ordered(from: Option<&Value>, to: &Value) -> Value {
    let (Some(Value::Object(from)), Value::Object(to)) = (from, to) else {
        return to.clone();
    };
    let kept = from.keys().filter(|key| to.contains_key(*key));
    let new = to.keys().filter(|key| !from.contains_key(*key));
    let mut out = Map::new();
    for key in kept.chain(new) {
        if let Some(value) = to.get(key) {
            out.insert(key.clone(), ordered(from.get(key), value));
        }
    }
    Value::Object(out)
}

fn sort(map: Option<&mut Map<String, Value>>, order: &[&String]) {
    let Some(map) = map else { return };
    let mut old = std::mem::take(map);
    for key in order {
        if let Some((key, value)) = old.shift_remove_entry(*key) {
            map.insert(key, value);
        }
    }
    map.extend(old);
}
