//! Lists of objects.

use serde_json::Value;

use crate::{Object, Origin};

/// Puts the items of `List`, `SecretList` and other `…List` objects in the place of the list. An item of a typed list
/// that says no kind or apiVersion gets those of the list (`Secret` in a `SecretList`).
pub fn open_lists(objects: Vec<Object>) -> Vec<Object> {
    let mut opened = Vec::with_capacity(objects.len());
    for object in objects {
        open(object, &mut opened);
    }
    opened
}

fn open(mut object: Object, opened: &mut Vec<Object>) {
    let Some(item_kind) = object.kind().strip_suffix("List").map(str::to_owned) else {
        return opened.push(object);
    };
    let Some(items) = object.take_list("items") else {
        return opened.push(object);
    };
    let version = object.api_version().to_owned();
    let list = object.origin();
    for (number, mut item) in items.into_iter().enumerate() {
        if let (Value::Object(fields), false) = (&mut item, item_kind.is_empty()) {
            for (name, text) in [("apiVersion", &version), ("kind", &item_kind)] {
                let missing = fields.get(name).is_none_or(Value::is_null);
                if missing && !text.is_empty() {
                    fields.insert(name.to_owned(), Value::String(text.clone()));
                }
            }
        }
        let position = object.item_position(number).unwrap_or(list.position);
        // Of a list in a list, the item of the outer one is told.
        let origin = Origin {
            document: list.document,
            item: list.item.or(Some(number)),
            position,
        };
        open(
            Object::new(item, origin).inside(object.document_position()),
            opened,
        );
    }
}
