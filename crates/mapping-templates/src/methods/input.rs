//! `$input`.

use indexmap::IndexMap;

use crate::{
    render::{Render, Result},
    scope::ParameterLocation,
    value::{Key, Text, Value},
};

impl Render<'_> {
    pub(super) fn input_body(&mut self) -> Value {
        Value::Text(Text::Shared(std::sync::Arc::clone(self.payload().text())))
    }

    pub(super) fn call_input(&mut self, name: &str, arguments: &[Value]) -> Result<Value> {
        match (name, arguments) {
            ("getBody", []) => Ok(self.input_body()),
            ("json", [Value::Text(path)]) => {
                let path = self.json_path(path)?;
                self.input_json(&path)
            }
            ("path", [Value::Text(path)]) => {
                let path = self.json_path(path)?;
                self.input_path(&path)
            }
            ("params", []) => self.all_parameters(),
            ("params", [Value::Text(name)]) => Ok(Value::text(&*self.parameter(name))),
            _ => Ok(Value::Null),
        }
    }

    fn all_parameters(&mut self) -> Result<Value> {
        let mut groups = IndexMap::with_capacity(3);
        for location in ParameterLocation::ALL {
            let mut group = IndexMap::new();
            self.facts().parameters(location, &mut |name, value| {
                group.insert(Key(Value::text(name)), Value::text(value));
            });
            let group = self.map(group)?;
            groups.insert(Key(Value::text(location.name())), group);
        }
        self.map(groups)
    }
}
