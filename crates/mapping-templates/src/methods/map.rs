//! `java.util.Map`.

use crate::{
    render::{Render, Result},
    value::{Key, Map, Part, Value},
};

impl Render<'_> {
    pub(super) fn call_map(
        &mut self,
        value: &Value,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        let Value::Map(map) = value else {
            return Ok(Value::Null);
        };
        if let ("containsKey" | "getOrDefault" | "remove" | "replace", [key, ..]) =
            (name, arguments)
        {
            let len = self.len_of(map)?;
            self.spend_key(key, len)?;
        }
        match (name, arguments) {
            ("size", []) => Ok(Value::int(self.len_of(map)?)),
            ("isEmpty", []) => Ok(Value::Bool(self.len_of(map)? == 0)),
            ("get", [key]) => self.get(value, key),
            ("put", [key, item]) => self.put(value, key.clone(), item.clone()),
            ("containsKey", [key]) => {
                let cell = self.own_map(map)?;
                Ok(Value::Bool(
                    cell.entries.borrow().contains_key(&Key(key.clone())),
                ))
            }
            ("containsValue", [item]) => {
                let mut found = false;
                for (_, candidate) in self.entries(map)? {
                    found = found || self.java_equals(&candidate, item)?;
                }
                Ok(Value::Bool(found))
            }
            ("keySet", []) => self.view(map, Part::Keys),
            ("values", []) => self.view(map, Part::Values),
            ("entrySet", []) => self.view(map, Part::Entries),
            _ => self.change_map(value, map, name, arguments),
        }
    }

    fn change_map(
        &mut self,
        value: &Value,
        map: &Map,
        name: &str,
        arguments: &[Value],
    ) -> Result<Value> {
        match (name, arguments) {
            ("putAll", [Value::Map(other)]) => {
                for (key, item) in self.entries(other)? {
                    self.put(value, key, item)?;
                }
                Ok(Value::empty())
            }
            ("putIfAbsent", [key, item]) => {
                let before = self.get(value, key)?;
                if before.is_null() {
                    self.put(value, key.clone(), item.clone())?;
                }
                Ok(before)
            }
            ("replace", [key, item]) => {
                let cell = self.own_map(map)?;
                if !cell.entries.borrow().contains_key(&Key(key.clone())) {
                    return Ok(Value::Null);
                }
                self.put(value, key.clone(), item.clone())
            }
            ("replace", [key, before, item]) => {
                let cell = self.own_map(map)?;
                let same = match cell.get(key) {
                    Some(current) => self.java_equals(&current, before)?,
                    None => false,
                };
                if same {
                    self.put(value, key.clone(), item.clone())?;
                }
                Ok(Value::Bool(same))
            }
            ("clone", []) if matches!(map, Map::Cell(_) | Map::Json(_)) => {
                let entries = self.entries(map)?.into_iter();
                self.map(entries.map(|(key, item)| (Key(key), item)).collect())
            }
            ("getOrDefault", [key, default]) => {
                let cell = self.own_map(map)?;
                Ok(cell.get(key).unwrap_or_else(|| default.clone()))
            }
            ("remove", [key]) => {
                let cell = self.own_map(map)?;
                self.spend(cell.entries.borrow().len() / 16)?;
                Ok(cell.remove(key.clone()))
            }
            ("remove", [key, item]) => {
                let cell = self.own_map(map)?;
                let same = match cell.get(key) {
                    Some(current) => self.java_equals(&current, item)?,
                    None => false,
                };
                if same {
                    cell.remove(key.clone());
                }
                Ok(Value::Bool(same))
            }
            ("clear", []) => {
                let cell = self.own_map(map)?;
                cell.entries.borrow_mut().clear();
                cell.version.set(cell.version.get().wrapping_add(1));
                Ok(Value::empty())
            }
            _ => Ok(Value::Null),
        }
    }
}
