//! `java.util.Set` and `java.util.Collection`, as maps make them.

use crate::{
    render::{Render, Result, throw},
    value::{List, Map, Part, Value, View},
};

impl Render<'_> {
    /// What `keySet()`, `values()` and `entrySet()` return.
    pub(crate) fn view(&mut self, map: &Map, part: Part) -> Result<Value> {
        let map = match map {
            Map::Json(_) => map.clone(),
            map => Map::Cell(self.own_map(map)?),
        };
        let items = part.of(self.entries(&map)?);
        self.list_of(part.kind(), items, Some(View::new(map, part)))
    }

    /// Brings a view of a map up to date.
    pub(crate) fn refresh(&mut self, value: &Value) -> Result<()> {
        if let Value::List(List::Cell(cell)) = value
            && let Some(map) = cell.changed_map()
        {
            self.spend(map.entries.borrow().len())?;
            cell.refresh(&map);
        }
        Ok(())
    }

    /// Methods that remove from a view remove from its map.
    pub(super) fn change_view(
        &mut self,
        list: &List,
        view: &View,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        let gone: Vec<usize> = match (name, arguments) {
            ("add", [_]) | ("addAll", [Value::List(_) | Value::Null]) => {
                return throw("a view of a map takes no new items");
            }
            ("remove", [item]) => self.index_of(list, item)?.into_iter().collect(),
            ("removeAll" | "retainAll", [Value::List(items)]) if items.kind().has_methods() => {
                let mut gone = Vec::new();
                self.spend(list.len())?;
                for (index, item) in list.to_vec().iter().enumerate() {
                    if self.index_of(items, item)?.is_some() == (name == "removeAll") {
                        gone.push(index);
                    }
                }
                gone
            }
            ("clear", []) => (0..list.len()).collect(),
            _ => return Ok(Value::Null),
        };
        let map = self.own_map(&view.map)?;
        let entries = self.entries(&view.map)?;
        for index in &gone {
            self.spend(1 + entries.len() / 16)?;
            if let Some((key, _)) = entries.get(*index) {
                map.remove(key.clone());
            }
        }
        if let List::Cell(cell) = list {
            cell.refresh(&map);
        }
        Ok(match name {
            "clear" => Value::empty(),
            _ => Value::Bool(!gone.is_empty()),
        })
    }
}
