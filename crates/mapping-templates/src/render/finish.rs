//! What is left of a rendering: the overrides.

use num_traits::ToPrimitive;
use serde_json::{Map as JsonMap, Number as JsonNumber, Value as Json};

use super::{MAX_VALUE_DEPTH, Render, Result, scoped::OVERRIDES};
use crate::{
    Overrides, RenderErrorKind,
    ast::Names,
    value::{List, Map, MapCell, Number, Value},
};

impl Render<'_> {
    /// Returns the overrides, unless the template never came near them.
    pub(super) fn finish(&mut self) -> Result<Option<Overrides>> {
        // `$context` may have been asked for as a map, and the overrides replaced in it.
        if let Some(Value::Map(Map::Context(branch))) =
            self.variables.get(Names::CONTEXT).cloned().flatten()
            && branch.is_empty()
            && let Some(root) = self.scoped.get("").cloned()
        {
            for name in OVERRIDES {
                if let Some(Value::Map(Map::Cell(cell))) = root.get(&Value::text(name)) {
                    self.scoped.insert(name.into(), cell);
                }
            }
        }
        if !OVERRIDES.iter().any(|name| self.scoped.contains_key(*name)) {
            return Ok(None);
        }
        let mut overrides = self.overrides.clone();
        for (name, target) in OVERRIDES.into_iter().zip(overrides.maps_mut()) {
            if let Some(cell) = self.scoped.get(name).cloned() {
                *target = self.object(&cell, 0)?;
            }
        }
        Ok(Some(overrides))
    }

    fn object(&mut self, cell: &MapCell, depth: usize) -> Result<JsonMap<String, Json>> {
        let len = cell.entries.borrow().len();
        self.spend(len)?;
        let mut object = JsonMap::with_capacity(len);
        let entries: Vec<_> = {
            let entries = cell.entries.borrow();
            entries
                .iter()
                .map(|(key, value)| (key.0.clone(), value.clone()))
                .collect()
        };
        for (key, value) in entries {
            let key = self.printed(&key)?.unwrap_or_default();
            object.insert(key, self.json(&value, depth + 1)?);
        }
        Ok(object)
    }

    fn array(&mut self, list: &List, depth: usize) -> Result<Json> {
        self.spend(list.len())?;
        let items = list.to_vec();
        let items = items.iter().map(|item| self.json(item, depth + 1));
        items.collect::<Result<Vec<_>>>().map(Json::Array)
    }

    fn json(&mut self, value: &Value, depth: usize) -> Result<Json> {
        if depth > MAX_VALUE_DEPTH {
            return Err(RenderErrorKind::NestTooDeep {
                what: "an override",
            }
            .into());
        }
        self.spend(1)?;
        Ok(match value {
            Value::Null => Json::Null,
            Value::Bool(value) => Json::Bool(*value),
            Value::Number(number) => json_number(number),
            Value::List(list) => self.array(list, depth)?,
            Value::Map(map) => {
                let cell = self.own_map(map)?;
                Json::Object(self.object(&cell, depth)?)
            }
            value => Json::String(self.printed(value)?.unwrap_or_default()),
        })
    }
}

/// A number as JSON; one that JSON cannot hold as text.
fn json_number(number: &Number) -> Json {
    let json = match number {
        Number::Float(_) | Number::Double(_) => JsonNumber::from_f64(number.to_f64()),
        Number::Big(value) => value.to_u64().map(JsonNumber::from),
        Number::Decimal(_) => None,
        _ => Some(number.to_i64().into()),
    };
    json.map_or_else(|| Json::String(number.to_string()), Json::Number)
}
