//! How values print.

use std::fmt::Write;

use super::{MAX_VALUE_DEPTH, Render, Result, throw};
use crate::{
    RenderErrorKind,
    json::{Slashes, write_text},
    value::{List, ListKind, Map, MapKind, Value, from_utf16},
};

impl Render<'_> {
    /// Prints a value that is not null.
    pub(super) fn print(&mut self, value: &Value, out: &mut String) -> Result<()> {
        if let Value::Text(text) = value {
            return self.write(text, out);
        }
        let start = out.len();
        self.print_within(value, 0, out)?;
        self.fits(out.len())?;
        self.spend((out.len() - start) / 16)
    }

    /// The text of a value, as `toString` makes it. A block that is being printed already has none.
    pub(crate) fn printed(&mut self, value: &Value) -> Result<Option<String>> {
        let mut out = String::new();
        match value {
            Value::Null => return Ok(None),
            Value::Block(block) => {
                let block = std::rc::Rc::clone(block);
                if !self.print_block(&block, &mut out)? {
                    return Ok(None);
                }
            }
            value => self.print(value, &mut out)?,
        }
        Ok(Some(out))
    }

    fn enter(&mut self, depth: usize, out: &str) -> Result<()> {
        if depth > MAX_VALUE_DEPTH {
            return Err(RenderErrorKind::NestTooDeep { what: "a value" }.into());
        }
        self.fits(out.len())?;
        self.spend(1)
    }

    fn print_within(&mut self, value: &Value, depth: usize, out: &mut String) -> Result<()> {
        self.enter(depth, out)?;
        match value {
            Value::Null => out.push_str("null"),
            Value::Bool(true) => out.push_str("true"),
            Value::Bool(false) => out.push_str("false"),
            // Writing to a `String` cannot fail.
            Value::Number(number) => {
                let _ = write!(out, "{number}");
            }
            Value::Char(unit) => out.push_str(&from_utf16(&[*unit])),
            Value::Text(text) => out.push_str(text),
            Value::List(list) => match list.kind() {
                ListKind::Json => self.write_list(list, Slashes::Escaped, depth, out)?,
                ListKind::Array => out.push_str("[Ljava.lang.String;"),
                _ => {
                    self.refresh(value)?;
                    self.print_list(list, depth, out)?;
                }
            },
            Value::Map(map) => self.print_map(map, depth, out)?,
            Value::Entry(entry) => {
                self.print_within(&entry.0, depth + 1, out)?;
                out.push('=');
                self.print_within(&entry.1, depth + 1, out)?;
            }
            Value::Loop(scope) => {
                let entries = scope.storage.to_vec();
                self.print_entries(&entries, depth, out)?;
            }
            Value::Block(block) => {
                let block = std::rc::Rc::clone(block);
                if !self.print_block(&block, out)? {
                    out.push_str("null");
                }
            }
            Value::Iterator(_) => out.push_str("java.util.Iterator"),
            Value::Input => out.push_str("$input"),
            Value::Util => out.push_str("$util"),
        }
        Ok(())
    }

    fn print_list(&mut self, list: &List, depth: usize, out: &mut String) -> Result<()> {
        out.push('[');
        for index in 0..list.len() {
            if index > 0 {
                out.push_str(", ");
            }
            match list.get(index).unwrap_or(Value::Null) {
                Value::List(inner) if inner.is_same(list) => out.push_str("(this Collection)"),
                item => self.print_within(&item, depth + 1, out)?,
            }
        }
        out.push(']');
        Ok(())
    }

    fn print_map(&mut self, map: &Map, depth: usize, out: &mut String) -> Result<()> {
        let silent = match map {
            Map::Context(_) => true,
            Map::Cell(cell) => cell.kind == MapKind::Silent,
            _ => false,
        };
        if silent {
            return Ok(());
        }
        let entries = self.entries(map)?;
        self.print_entries(&entries, depth, out)
    }

    fn print_entries(
        &mut self,
        entries: &[(Value, Value)],
        depth: usize,
        out: &mut String,
    ) -> Result<()> {
        out.push('{');
        for (index, (key, value)) in entries.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            self.print_within(key, depth + 1, out)?;
            out.push('=');
            self.print_within(value, depth + 1, out)?;
        }
        out.push('}');
        Ok(())
    }

    // === as JSON ===

    pub(crate) fn write_list(
        &mut self,
        list: &List,
        slashes: Slashes,
        depth: usize,
        out: &mut String,
    ) -> Result<()> {
        out.push('[');
        for index in 0..list.len() {
            if index > 0 {
                out.push(',');
            }
            let item = list.get(index).unwrap_or(Value::Null);
            self.write_json(&item, slashes, depth + 1, out)?;
        }
        out.push(']');
        Ok(())
    }

    fn write_json(
        &mut self,
        value: &Value,
        slashes: Slashes,
        depth: usize,
        out: &mut String,
    ) -> Result<()> {
        self.enter(depth, out)?;
        match value {
            Value::Text(text) => write_text(text, slashes, out),
            Value::Char(unit) => out.push_str(&from_utf16(&[*unit])),
            Value::Number(number) => super::json_text::write_number(number, out),
            Value::List(list) => self.write_list(list, slashes, depth, out)?,
            Value::Map(map) => {
                let entries = self.entries(map)?;
                out.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    let Some(key) = self.printed(key)? else {
                        return throw("null is no name in JSON");
                    };
                    write_text(&key, slashes, out);
                    out.push(':');
                    self.write_json(value, slashes, depth + 1, out)?;
                }
                out.push('}');
            }
            value => self.print_within(value, depth, out)?,
        }
        Ok(())
    }
}
