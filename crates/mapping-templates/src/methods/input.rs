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
            ("path" | "json", [Value::Text(path)]) => self.input_path_text(path, name),
            ("params", []) => self.all_parameters(),
            ("params", [Value::Text(name)]) => {
                let facts = self.facts();
                let found = ParameterLocation::ALL
                    .into_iter()
                    .find_map(|location| facts.parameter(location, name));
                Ok(found.map_or_else(Value::empty, |value| Value::text(&*value)))
            }
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
