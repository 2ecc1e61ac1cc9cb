//! Maps: those of the template, and `$context` and `$stageVariables`, which are looked up as they are asked for.

use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::{Map as JsonMap, Value as Json};

use super::{Render, Result};
use crate::{
    scope::ContextValue,
    value::{Key, ListKind, Map, MapCell, MapKind, Number, Text, Value},
};

/// The name under which the stage variables become a map. No part of `$context` is called so.
const STAGE_VARIABLES: &str = "$stageVariables";

pub(super) const OVERRIDES: [&str; 2] = ["requestOverride", "responseOverride"];

impl Render<'_> {
    fn context_member(&mut self, branch: &str, name: &str) -> Result<Value> {
        if branch.is_empty() && OVERRIDES.contains(&name) {
            return Ok(Value::Map(Map::Cell(self.override_map(name)?)));
        }
        // A dot would lead further down, but names of claims may have some.
        if name.is_empty() || (name.contains('.') && !branch.starts_with("authorizer")) {
            return Ok(Value::Null);
        }
        let full = join(branch, name);
        Ok(match self.facts.context(&full) {
            None => Value::Null,
            Some(ContextValue::Branch) => Value::Map(Map::Context(full.into())),
            Some(value) => context_value(value).unwrap_or(Value::Null),
        })
    }

    fn override_map(&mut self, name: &str) -> Result<Rc<MapCell>> {
        if let Some(cell) = self.scoped.get(name) {
            return Ok(Rc::clone(cell));
        }
        let overrides = self.overrides;
        let json = if name == "requestOverride" {
            overrides.request()
        } else {
            overrides.response()
        };
        let cell = self.silent_map(json)?;
        self.scoped.insert(name.into(), Rc::clone(&cell));
        Ok(cell)
    }

    fn silent_map(&mut self, json: &JsonMap<String, Json>) -> Result<Rc<MapCell>> {
        let mut entries = IndexMap::new();
        for (key, value) in json {
            entries.insert(Key(Value::text(key.as_str())), self.of_json(value)?);
        }
        self.map_cell_of(MapKind::Silent, entries)
    }

    fn of_json(&mut self, json: &Json) -> Result<Value> {
        Ok(match json {
            Json::Null => Value::Null,
            Json::Bool(value) => Value::Bool(*value),
            Json::Number(number) => Value::Number(match number.as_i64() {
                Some(value) => Number::from_i64(value),
                None => Number::Double(number.as_f64().unwrap_or(f64::NAN)),
            }),
            Json::String(text) => Value::text(text.as_str()),
            Json::Array(items) => {
                let items = items.iter().map(|item| self.of_json(item));
                let items = items.collect::<Result<Vec<_>>>()?;
                self.list(ListKind::Plain, items)?
            }
            Json::Object(members) => Value::Map(Map::Cell(self.silent_map(members)?)),
        })
    }

    /// The map that a part of `$context`, or the stage variables, has become.
    fn scoped_cell(&self, map: &Map) -> Option<Rc<MapCell>> {
        let name = match map {
            Map::Context(branch) if branch.is_empty() => "",
            Map::Context(branch) => branch,
            Map::StageVariables => STAGE_VARIABLES,
            _ => return None,
        };
        self.scoped.get(name).cloned()
    }

    /// The cell of any map; lookups on demand end with it.
    pub(crate) fn own_map(&mut self, map: &Map) -> Result<Rc<MapCell>> {
        match map {
            Map::Cell(cell) => Ok(Rc::clone(cell)),
            Map::Json(json) => {
                if json.map_cell().is_none() {
                    self.spend(json.len as usize)?;
                }
                let (cell, is_new) = json.own_map();
                if is_new {
                    self.maps.push(Rc::clone(&cell));
                }
                Ok(cell)
            }
            Map::Context(_) | Map::StageVariables => {
                if let Some(cell) = self.scoped_cell(map) {
                    return Ok(cell);
                }
                let (name, cell) = match map {
                    Map::Context(branch) => (&**branch, self.context_cell(branch)?),
                    _ => (STAGE_VARIABLES, self.stage_variables_cell()?),
                };
                self.scoped.insert(name.into(), Rc::clone(&cell));
                Ok(cell)
            }
        }
    }

    fn context_cell(&mut self, branch: &str) -> Result<Rc<MapCell>> {
        let mut names = Vec::new();
        self.facts
            .context_keys(branch, &mut |name| names.push(name.to_owned()));
        if branch.is_empty() {
            names.retain(|name| !OVERRIDES.contains(&name.as_str()));
            names.extend(OVERRIDES.map(str::to_owned));
        }
        let mut entries = IndexMap::with_capacity(names.len());
        for name in names {
            let value = self.context_member(branch, &name)?;
            entries.insert(Key(Value::text(name)), value);
        }
        self.map_cell_of(MapKind::Silent, entries)
    }

    fn stage_variables_cell(&mut self) -> Result<Rc<MapCell>> {
        let mut entries = IndexMap::new();
        self.facts.stage_variables(&mut |name, value| {
            entries.insert(Key(Value::text(name)), Value::text(value));
        });
        self.map_cell_of(MapKind::Plain, entries)
    }

    // === what can be done to any map ===

    /// Looks up a key of a map or loop scope; null if it is not there.
    pub(crate) fn get(&mut self, value: &Value, key: &Value) -> Result<Value> {
        let map = match value {
            Value::Map(map) => map,
            Value::Loop(scope) => {
                let mut scope = Some(scope);
                while let Some(current) = scope {
                    if let Some(found) = current.storage.get(key) {
                        return Ok(found);
                    }
                    scope = current.parent.as_ref();
                }
                return Ok(Value::Null);
            }
            _ => return Ok(Value::Null),
        };
        if key.is_container() {
            let len = self.len_of(map)?;
            self.spend_key(key, len)?;
        } else {
            self.spend_key(key, 0)?;
        }
        let found = match (map, key) {
            (Map::Cell(cell), key) => cell.get(key),
            (Map::Json(json), Value::Text(name)) if json.is_unchanged() => {
                self.spend(json.len as usize / 16)?;
                json.member(name)
            }
            (Map::Json(json), key) => match json.map_cell() {
                Some(cell) => cell.get(key),
                None => key.as_text().and_then(|name| json.member(name)),
            },
            (map, key) => match (self.scoped_cell(map), map, key) {
                (Some(cell), _, key) => cell.get(key),
                (None, Map::Context(branch), Value::Text(name)) => {
                    return self.context_member(branch, name);
                }
                (None, Map::StageVariables, Value::Text(name)) => self
                    .facts
                    .stage_variable(name)
                    .map(|value| Value::text(&*value)),
                _ => None,
            },
        };
        Ok(found.unwrap_or(Value::Null))
    }

    /// Sets an entry of a map or loop scope, and returns what it was.
    pub(crate) fn put(&mut self, target: &Value, key: Value, value: Value) -> Result<Value> {
        self.spend(1)?;
        let cell = match target {
            Value::Map(map) => self.own_map(map)?,
            Value::Loop(scope) => Rc::clone(&scope.storage),
            _ => return Ok(Value::Null),
        };
        let len = cell.entries.borrow().len();
        self.spend_key(&key, len)?;
        Ok(cell.put(key, value))
    }

    pub(crate) fn len_of(&mut self, map: &Map) -> Result<usize> {
        Ok(match map {
            Map::Json(json) if json.is_unchanged() => json.len as usize,
            map => self.own_map(map)?.entries.borrow().len(),
        })
    }

    /// The entries of any map, in the order of iteration.
    pub(crate) fn entries(&mut self, map: &Map) -> Result<Vec<(Value, Value)>> {
        let len = self.len_of(map)?;
        self.spend(len)?;
        let entries: Vec<_> = match map {
            Map::Json(json) => match json.map_cell() {
                Some(cell) => cell.to_vec(),
                None => json.members().collect(),
            },
            map => self.own_map(map)?.to_vec(),
        };
        Ok(entries)
    }
}

fn join(branch: &str, name: &str) -> String {
    if branch.is_empty() {
        name.to_owned()
    } else {
        format!("{branch}.{name}")
    }
}

/// A value of `$context`, unless it is a branch.
pub(super) fn context_value(value: ContextValue<'_>) -> Option<Value> {
    Some(match value {
        ContextValue::Text(text) => Value::Text(Text::from(&*text)),
        ContextValue::Integer(value) => Value::Number(Number::from_i64(value)),
        ContextValue::Number(value) => Value::Number(Number::Double(value)),
        ContextValue::Bool(value) => Value::Bool(value),
        ContextValue::Branch => return None,
    })
}
