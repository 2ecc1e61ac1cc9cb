//! `java.util.List` and its relatives.

use std::rc::Rc;

use super::{argument::int, text::is_collection};
use crate::{
    json::Slashes,
    render::{Render, Result, throw},
    value::{Iterator, List, ListCell, ListKind, Value},
};

/// An index of a list; one that is not in it throws.
fn position(index: i32, len: usize) -> Result<usize> {
    match usize::try_from(index) {
        Ok(index) if index < len => Ok(index),
        _ => throw(format!("a list of size {len} has no index {index}")),
    }
}

fn changed(cell: &ListCell) {
    cell.version.set(cell.version.get().wrapping_add(1));
}

impl Render<'_> {
    pub(crate) fn call_list(
        &mut self,
        list: &List,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        let is_json = list.kind() == ListKind::Json;
        Ok(match (name, arguments) {
            ("size", []) => Value::int(list.len()),
            ("isEmpty", []) => Value::Bool(list.len() == 0),
            ("contains", [item]) => Value::Bool(self.index_of(list, item)?.is_some()),
            ("containsAll", [Value::List(items)]) if is_collection(items) => {
                let mut all = true;
                self.spend(items.len())?;
                for item in items.to_vec() {
                    all = all && self.index_of(list, &item)?.is_some();
                }
                Value::Bool(all)
            }
            ("iterator", []) => Value::Iterator(Rc::new(Iterator {
                list: list.clone(),
                next: 0.into(),
            })),
            ("toArray", []) => self.copied(list, ListKind::Array)?,
            ("toArray", [like, ..]) if !like.is_null() => self.copied(list, ListKind::Array)?,
            ("clone", []) if matches!(list.kind(), ListKind::Plain | ListKind::Json) => {
                self.copied(list, list.kind())?
            }
            ("trimToSize", []) if matches!(list.kind(), ListKind::Plain | ListKind::Json) => {
                Value::empty()
            }
            ("toJSONString", []) if is_json => {
                return self.call_list(list, name, &[Value::List(list.clone())]);
            }
            ("toJSONString", [Value::List(list)]) if is_json && list.kind().is_list() => {
                let mut out = String::new();
                self.write_list(list, Slashes::Escaped, 0, &mut out)?;
                self.spend_text(out.len())?;
                Value::text(out)
            }
            _ if matches!(list.kind(), ListKind::Set | ListKind::Collection) => match list {
                List::Cell(cell) => match &cell.view {
                    Some(view) => self.change_view(list, view, name, arguments)?,
                    None => Value::Null,
                },
                List::Json(_) => Value::Null,
            },
            ("get", [index]) => match int(index) {
                Some(index) => {
                    let index = position(index, list.len())?;
                    list.get(index).unwrap_or(Value::Null)
                }
                None => Value::Null,
            },
            ("indexOf", [item]) => index_value(self.index_of(list, item)?),
            ("lastIndexOf", [item]) => {
                let mut last = None;
                self.spend(list.len())?;
                for (index, candidate) in list.to_vec().iter().enumerate() {
                    if self.java_equals(candidate, item)? {
                        last = Some(index);
                    }
                }
                index_value(last)
            }
            ("subList", [start, end]) => match (int(start), int(end)) {
                (Some(start), Some(end)) => {
                    let bounds = (usize::try_from(start), usize::try_from(end));
                    let len = list.len();
                    match bounds {
                        (Ok(start), Ok(end)) if start <= end && end <= len => {
                            self.spend(end - start)?;
                            let part = (start..end).filter_map(|index| list.get(index));
                            self.list(ListKind::Sublist, part.collect())?
                        }
                        _ => {
                            return throw(format!(
                                "a list of size {len} has no part from {start} to {end}"
                            ));
                        }
                    }
                }
                _ => Value::Null,
            },
            ("set", [index, item]) => match int(index) {
                Some(index) => {
                    let cell = self.own_list(list)?;
                    let mut items = cell.items.borrow_mut();
                    let index = position(index, items.len())?;
                    match items.get_mut(index) {
                        Some(slot) => std::mem::replace(slot, item.clone()),
                        None => Value::Null,
                    }
                }
                None => Value::Null,
            },
            _ if list.kind() == ListKind::Array => match name {
                "add" | "remove" | "addAll" | "clear" => {
                    return throw("an array neither grows nor shrinks");
                }
                _ => Value::Null,
            },
            _ => return self.change(list, name, arguments),
        })
    }

    fn copied(&mut self, list: &List, kind: ListKind) -> Result<Value> {
        self.spend(list.len())?;
        self.list(kind, list.to_vec())
    }

    /// Insertions.
    fn change(&mut self, list: &List, name: &str, arguments: &[Value]) -> Result<Value> {
        match (name, arguments) {
            ("add", [item]) => {
                self.spend(1)?;
                let cell = self.own_list(list)?;
                cell.items.borrow_mut().push(item.clone());
                changed(&cell);
                Ok(Value::Bool(true))
            }
            ("add", [index, item]) => match int(index) {
                Some(index) => {
                    let cell = self.own_list(list)?;
                    self.insert(&cell, index, vec![item.clone()])?;
                    Ok(Value::empty())
                }
                None => Ok(Value::Null),
            },
            ("addAll", [Value::List(items)]) if is_collection(items) => {
                self.spend(items.len())?;
                let cell = self.own_list(list)?;
                let end = i32::try_from(cell.items.borrow().len()).unwrap_or(i32::MAX);
                self.insert(&cell, end, items.to_vec())
            }
            ("addAll", [index, Value::List(items)]) if is_collection(items) => match int(index) {
                Some(index) => {
                    self.spend(items.len())?;
                    let cell = self.own_list(list)?;
                    self.insert(&cell, index, items.to_vec())
                }
                None => Ok(Value::Null),
            },
            _ => self.remove_from(list, name, arguments),
        }
    }

    fn insert(&mut self, cell: &ListCell, index: i32, new: Vec<Value>) -> Result<Value> {
        let mut items = cell.items.borrow_mut();
        // The end is a place to insert at, too.
        let index = position(index, items.len() + 1)?;
        self.spend(new.len() + (items.len() - index) / 16)?;
        let grows = !new.is_empty();
        items.splice(index..index, new);
        changed(cell);
        Ok(Value::Bool(grows))
    }

    /// Removals.
    fn remove_from(&mut self, list: &List, name: &str, arguments: &[Value]) -> Result<Value> {
        match (name, arguments) {
            ("remove", [index]) if list.kind().is_list() && int(index).is_some() => {
                let cell = self.own_list(list)?;
                let mut items = cell.items.borrow_mut();
                let index = position(int(index).unwrap_or(-1), items.len())?;
                self.spend(items.len() / 16)?;
                let removed = items.remove(index);
                changed(&cell);
                Ok(removed)
            }
            ("remove", [item]) => {
                let found = self.index_of(list, item)?;
                if let Some(index) = found {
                    let cell = self.own_list(list)?;
                    cell.items.borrow_mut().remove(index);
                    changed(&cell);
                }
                Ok(Value::Bool(found.is_some()))
            }
            ("removeAll" | "retainAll", [Value::List(items)]) if is_collection(items) => {
                let mut kept = Vec::new();
                self.spend(list.len())?;
                let all = list.to_vec();
                for item in &all {
                    if self.index_of(items, item)?.is_some() == (name == "retainAll") {
                        kept.push(item.clone());
                    }
                }
                let shrinks = kept.len() != all.len();
                let cell = self.own_list(list)?;
                *cell.items.borrow_mut() = kept;
                if shrinks {
                    changed(&cell);
                }
                Ok(Value::Bool(shrinks))
            }
            ("clear", []) => {
                let cell = self.own_list(list)?;
                cell.items.borrow_mut().clear();
                changed(&cell);
                Ok(Value::empty())
            }
            _ => Ok(Value::Null),
        }
    }

    pub(super) fn index_of(&mut self, list: &List, item: &Value) -> Result<Option<usize>> {
        for index in 0..list.len() {
            let candidate = list.get(index).unwrap_or(Value::Null);
            self.spend(1)?;
            if self.java_equals(&candidate, item)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }
}

fn index_value(index: Option<usize>) -> Value {
    match index {
        Some(index) => Value::int(index),
        None => Value::Number(crate::value::Number::Int(-1)),
    }
}
