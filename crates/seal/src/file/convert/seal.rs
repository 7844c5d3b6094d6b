//! A Secret becomes a SealedSecret.

use serde_json::{Map, Value};

use super::{Conversion, NO_COMMENT, key_of, unknown};
use crate::file::FileError;
use crate::file::block::Piece;
use crate::file::compose::{Claim, Source, Writer};

impl Conversion<'_> {
    pub(super) fn seal(&self, writer: &mut Writer<'_, '_, '_>) -> Result<(), FileError> {
        let root = self.root;
        let mut done = self.heading(writer);
        for piece in &root.pieces {
            let name = piece.name.as_str();
            match name {
                "data" | "stringData" if !done.contains(&"spec") => {
                    writer.leading(piece, root.column);
                    self.spec(writer, Some(piece))?;
                    done.push("spec");
                }
                "metadata" if self.target.contains_key(name) => {
                    writer.leading(piece, root.column);
                    self.sealed_metadata(writer, piece)?;
                    done.push(name);
                }
                "apiVersion" | "kind" => {
                    if let Some(new) = self.target.get(name) {
                        writer.leading(piece, root.column);
                        writer.entry(piece, self.from.get(name), new, root.column)?;
                        done.push(name);
                    }
                }
                // With the template, or with the items.
                "type" | "immutable" | "data" | "stringData" => {}
                _ => writer.keep_comments(piece),
            }
        }
        for (name, new) in self.target {
            match name.as_str() {
                "spec" if !done.contains(&"spec") => self.spec(writer, None)?,
                name if !done.contains(&name) => writer.fresh(name, new, root.column),
                _ => {}
            }
        }
        writer.flush(root.column);
        Ok(())
    }

    /// Name and namespace; what goes to the template goes with its comments.
    fn sealed_metadata(&self, writer: &mut Writer<'_, '_, '_>, piece: &Piece) -> Result<(), FileError> {
        let (own, template) = (self.at(&["metadata"]), self.at(&["spec", "template", "metadata"]));
        let block = piece.block(writer.nodes)?;
        let (Some(own), Some(block)) = (own.filter(|own| !own.is_empty()), block) else {
            let new = self.target.get("metadata").unwrap_or(&Value::Null);
            return writer.entry(piece, self.from.get("metadata"), new, self.root.column);
        };
        writer.header(
            key_of(writer, piece),
            piece.comment(writer.nodes),
            self.root.column,
        );
        let column = self.root.column + block.column.saturating_sub(piece.column);
        let claim = |_: usize, piece: &Piece| claim_metadata(&piece.name, own, template);
        let source = Source {
            block: Some(&block),
            above: None,
            values: self.from.get("metadata"),
        };
        writer.entries(&[source], &claim, own, column)
    }

    fn spec(&self, writer: &mut Writer<'_, '_, '_>, first: Option<&Piece>) -> Result<(), FileError> {
        let nodes = writer.nodes;
        let (column, step) = (self.root.column, writer.layout.step);
        let Some(Value::Object(spec)) = self.target.get("spec") else {
            return Ok(());
        };
        writer.header("spec", NO_COMMENT, column);
        let mut done = Vec::new();
        if let Some(items) = spec
            .get("encryptedData")
            .and_then(Value::as_object)
            .filter(|items| !items.is_empty())
        {
            let comment = first.map_or(NO_COMMENT, |piece| piece.comment(nodes));
            writer.header("encryptedData", comment, column + step);
            let (data, string) = (
                self.root.child(nodes, "data")?,
                self.root.child(nodes, "stringData")?,
            );
            let mut sources = [
                unknown(data.as_ref(), self.root.piece("data")),
                unknown(string.as_ref(), self.root.piece("stringData")),
            ];
            if first.is_some_and(|first| first.name == "stringData") {
                sources.reverse();
            }
            // The first one's comments stand above `spec` and beside `encryptedData`.
            sources[0].above = None;
            writer.entries(&sources, &|_, _| Claim::Here, items, column + 2 * step)?;
            done.push("encryptedData");
        }
        for (name, new) in spec {
            match name.as_str() {
                "template" => self.template(writer, new, column + step)?,
                name if !done.contains(&name) => writer.fresh(name, new, column + step),
                _ => {}
            }
        }
        Ok(())
    }

    fn template(&self, writer: &mut Writer<'_, '_, '_>, new: &Value, column: usize) -> Result<(), FileError> {
        let Value::Object(template) = new else {
            return Ok(());
        };
        if template.is_empty() {
            writer.fresh("template", new, column);
            return Ok(());
        }
        let step = writer.layout.step;
        writer.header("template", NO_COMMENT, column);
        let column = column + step;
        if let Some(Value::Object(metadata)) = template.get("metadata")
            && let Some(block) = self.root.child(writer.nodes, "metadata")?
            && !metadata.is_empty()
        {
            writer.header("metadata", NO_COMMENT, column);
            let own = self.at(&["metadata"]);
            let claim = |_: usize, piece: &Piece| match own {
                Some(own) if claim_metadata(&piece.name, own, Some(metadata)) != Claim::Elsewhere => {
                    Claim::Elsewhere
                }
                _ => Claim::Here,
            };
            let source = Source {
                block: Some(&block),
                above: None,
                values: self.from.get("metadata"),
            };
            writer.entries(&[source], &claim, metadata, column + step)?;
        } else if let Some(metadata) = template.get("metadata") {
            writer.fresh("metadata", metadata, column);
        }
        for (name, new) in template {
            match (name.as_str(), self.root.piece(name)) {
                ("metadata", _) => {}
                ("type" | "immutable", Some(piece)) => {
                    writer.leading(piece, column);
                    writer.entry(piece, self.from.get(name), new, column)?;
                }
                _ => writer.fresh(name, new, column),
            }
        }
        Ok(())
    }
}

/// Where an entry of a Secret's metadata goes: name and namespace stay, what the template has goes there.
fn claim_metadata(name: &str, own: &Map<String, Value>, template: Option<&Map<String, Value>>) -> Claim {
    let in_template = template.is_some_and(|template| template.contains_key(name));
    match (own.contains_key(name), in_template) {
        (true, _) if matches!(name, "name" | "namespace") => Claim::Here,
        (_, true) => Claim::Elsewhere,
        (true, false) => Claim::Here,
        (false, false) => Claim::Nowhere,
    }
}
