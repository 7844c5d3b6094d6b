//! A SealedSecret becomes a Secret.

use serde_json::Value;

use super::{Conversion, NO_COMMENT, key_of, unknown};
use crate::file::FileError;
use crate::file::block::Piece;
use crate::file::compose::{Claim, Source, Writer};

impl Conversion<'_> {
    pub(super) fn unseal(&self, writer: &mut Writer<'_, '_, '_>) -> Result<(), FileError> {
        let root = self.root;
        let mut done = self.heading(writer);
        for piece in &root.pieces {
            let name = piece.name.as_str();
            match name {
                "spec" => {
                    writer.keep_comments(piece);
                    self.opened(writer, piece, &mut done)?;
                }
                "metadata" if self.target.contains_key(name) => {
                    writer.leading(piece, root.column);
                    self.opened_metadata(writer, piece)?;
                    done.push(name);
                }
                "apiVersion" | "kind" => {
                    if let Some(new) = self.target.get(name) {
                        writer.leading(piece, root.column);
                        writer.entry(piece, self.from.get(name), new, root.column)?;
                        done.push(name);
                    }
                }
                _ => writer.keep_comments(piece),
            }
        }
        for (name, new) in self.target {
            if !done.contains(&name.as_str()) {
                writer.flush(root.column);
                writer.fresh(name, new, root.column);
            }
        }
        writer.flush(root.column);
        Ok(())
    }

    /// Metadata of the Secret: from the template, name and namespace from the object itself.
    fn opened_metadata(&self, writer: &mut Writer<'_, '_, '_>, piece: &Piece) -> Result<(), FileError> {
        let nodes = writer.nodes;
        let spec = self.root.child(nodes, "spec")?;
        let template = spec
            .as_ref()
            .map(|spec| spec.child(nodes, "template"))
            .transpose()?
            .flatten();
        let template = template
            .as_ref()
            .map(|all| all.child(nodes, "metadata"))
            .transpose()?
            .flatten();
        let wanted = self.at(&["metadata"]).filter(|wanted| !wanted.is_empty());
        let (Some(wanted), Some(block)) = (wanted, piece.block(nodes)?) else {
            let new = self.target.get("metadata").unwrap_or(&Value::Null);
            return writer.entry(piece, self.from.get("metadata"), new, self.root.column);
        };
        writer.header(key_of(writer, piece), piece.comment(nodes), self.root.column);
        let column = self.root.column + block.column.saturating_sub(piece.column);
        let own = self.from.get("metadata");
        let inner = ["spec", "template", "metadata"]
            .iter()
            .try_fold(self.from, |value, key| value.get(key));
        let claim = |at: usize, piece: &Piece| {
            let name = piece.name.as_str();
            let value = |source: Option<&Value>| source.and_then(|all| all.get(name)).cloned();
            let in_template = template.as_ref().is_some_and(|block| block.piece(name).is_some());
            let from_own = value(own).is_some() && (value(own).as_ref() == wanted.get(name) || !in_template);
            match (at, from_own, wanted.contains_key(name)) {
                (_, _, false) => Claim::Nowhere,
                (0, true, _) | (1, false, _) => Claim::Here,
                // Its twin stays.
                _ => Claim::Nowhere,
            }
        };
        let sources = [
            Source {
                block: Some(&block),
                above: None,
                values: own,
            },
            Source {
                block: template.as_ref(),
                above: None,
                values: inner,
            },
        ];
        writer.entries(&sources, &claim, wanted, column)
    }

    /// Items and type, where `spec` stood.
    fn opened(
        &self,
        writer: &mut Writer<'_, '_, '_>,
        piece: &Piece,
        done: &mut Vec<&str>,
    ) -> Result<(), FileError> {
        let Some(spec) = piece.block(writer.nodes)? else {
            return Ok(());
        };
        for piece in &spec.pieces {
            match piece.name.as_str() {
                "encryptedData" => {
                    writer.keep_comments(piece);
                    self.opened_items(writer, piece, done)?;
                }
                "template" => {
                    writer.keep_comments(piece);
                    let Some(template) = piece.block(writer.nodes)? else {
                        continue;
                    };
                    let values = self.from.get("spec").and_then(|spec| spec.get("template"));
                    for piece in &template.pieces {
                        let name = match piece.name.as_str() {
                            "type" => "type",
                            "immutable" => "immutable",
                            "metadata" => continue,
                            _ => {
                                writer.keep_comments(piece);
                                continue;
                            }
                        };
                        let old = values.and_then(|values| values.get(name));
                        if let Some(new) = self.target.get(name) {
                            writer.leading(piece, self.root.column);
                            writer.entry(piece, old, new, self.root.column)?;
                            done.push(name);
                        }
                    }
                }
                _ => writer.keep_comments(piece),
            }
        }
        Ok(())
    }

    fn opened_items(
        &self,
        writer: &mut Writer<'_, '_, '_>,
        piece: &Piece,
        done: &mut Vec<&str>,
    ) -> Result<(), FileError> {
        let nodes = writer.nodes;
        let column = self.root.column;
        let block = piece.block(nodes)?;
        let mut comment = piece.comment(nodes);
        let (data, string) = (self.at(&["data"]), self.at(&["stringData"]));
        for (name, items, other) in [("data", data, string), ("stringData", string, data)] {
            let Some(items) = items.filter(|items| !items.is_empty()) else {
                continue;
            };
            writer.header(name, std::mem::replace(&mut comment, NO_COMMENT), column);
            let claim = |_: usize, piece: &Piece| {
                let here = items.contains_key(&piece.name);
                let there = other.is_some_and(|other| other.contains_key(&piece.name));
                match (here, there) {
                    // What `stringData` has too is written there.
                    (true, true) if name == "data" => Claim::Nowhere,
                    (true, _) => Claim::Here,
                    (false, true) => Claim::Elsewhere,
                    (false, false) => Claim::Nowhere,
                }
            };
            writer.entries(
                &[unknown(block.as_ref(), None)],
                &claim,
                items,
                column + writer.layout.step,
            )?;
            done.push(name);
        }
        Ok(())
    }
}
