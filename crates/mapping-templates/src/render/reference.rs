//! References: from a variable, step by step.

use super::{Fault, Render, Result, Stop};
use crate::{
    ast::{Call, Names, Print, Reference, Step},
    json::Slashes,
    value::{Block, Map, Number, Value},
};

impl Render<'_> {
    /// The value of a reference. What is missing, or null, is the empty text.
    pub(super) fn reference(&mut self, reference: &Reference) -> Result<Value> {
        self.place = reference.place;
        self.spend(1)?;
        let mut steps = &*reference.steps;
        let value = match reference.slot.and_then(|slot| self.variable(slot)) {
            None | Some(Value::Null) => return Ok(Value::empty()),
            Some(Value::Map(Map::Context(branch)))
                if branch.is_empty() && self.scoped.is_empty() =>
            {
                match &reference.context {
                    Some((name, taken)) => match self.context_leaf(name) {
                        Some(value) => {
                            steps = steps.get(*taken..).unwrap_or_default();
                            value
                        }
                        None => Value::Map(Map::Context(branch.clone())),
                    },
                    None => Value::Map(Map::Context(branch.clone())),
                }
            }
            Some(value) => value.clone(),
        };
        let mut value = value;
        for step in steps {
            self.place = reference.place;
            value = self.step(&value, step)?;
            if value.is_null() {
                return Ok(Value::empty());
            }
        }
        Ok(value)
    }

    /// One step; null is what is missing.
    pub(super) fn step(&mut self, value: &Value, step: &Step) -> Result<Value> {
        match step {
            Step::Property(name) => self.property(value, name),
            Step::Call(call) => self.call(value, call),
            Step::Index(index) => {
                let index = self.value(index)?;
                self.index(value, index)
            }
        }
    }

    fn index(&mut self, value: &Value, index: Value) -> Result<Value> {
        let index = self.count_index(value, index)?;
        match value {
            Value::List(list) => self.call_list(list, "get", &[index]),
            Value::Map(_) | Value::Loop(_) => self.get(value, &index),
            _ => Ok(Value::Null),
        }
    }

    /// Counts a negative index from the end.
    pub(super) fn count_index(&mut self, value: &Value, index: Value) -> Result<Value> {
        let Value::Number(Number::Int(offset)) = &index else {
            return Ok(index);
        };
        if *offset >= 0 {
            return Ok(index);
        }
        let len = match value {
            Value::List(list) => list.len(),
            Value::Map(map) => self.len_of(map)?,
            Value::Loop(scope) => scope.storage.entries.borrow().len(),
            _ => return super::throw("a negative index needs a list or a map"),
        };
        let len = i32::try_from(len).unwrap_or(i32::MAX);
        Ok(Value::Number(Number::Int(len.saturating_add(*offset))))
    }

    fn call(&mut self, value: &Value, call: &Call) -> Result<Value> {
        self.spend(1)?;
        if let (Value::Input, Some(path)) = (value, &call.path) {
            return self.input_path(path, &call.name);
        }
        match &*call.arguments {
            [] => self.invoke(value, &call.name, &[]),
            [argument] => {
                let argument = self.value(argument)?;
                self.invoke(value, &call.name, &[argument])
            }
            arguments => {
                let arguments = arguments.iter().map(|argument| self.value(argument));
                let arguments = arguments.collect::<Result<Vec<_>>>()?;
                self.invoke(value, &call.name, &arguments)
            }
        }
    }

    // === printing ===

    pub(super) fn print_reference(
        &mut self,
        reference: &Reference,
        out: &mut String,
    ) -> Result<()> {
        if let Some(path) = self.printed_path(reference) {
            self.place = reference.place;
            self.spend(1)?;
            self.prefix(reference.print.as_deref(), out)?;
            return self.write_path(path, out);
        }
        let value = self.reference(reference)?;
        let print = reference.print.as_deref();
        if let Some(print) = print
            && print.escaped
        {
            self.write(&print.escapes, out)?;
            return self.write(&print.literal, out);
        }
        if let Value::Block(block) = &value {
            if !self.print_block(block, out)? {
                // The block is being printed already: its reference is printed as it is written.
                if let Some(print) = print {
                    self.write(&print.escapes, out)?;
                    self.prefix(Some(print), out)?;
                    self.write(&print.literal, out)?;
                }
            }
            return Ok(());
        }
        self.prefix(print, out)?;
        self.print(&value, out)
    }

    fn prefix(&mut self, print: Option<&Print>, out: &mut String) -> Result<()> {
        let Some(print) = print else {
            return Ok(());
        };
        if !print.escapes.is_empty() {
            self.write(&print.escapes, out)?;
        }
        if !print.before.is_empty() {
            self.write(&print.before, out)?;
        }
        Ok(())
    }

    /// The path of a plain `$input.json(path)`, which need not become a value.
    fn printed_path<'e>(
        &self,
        reference: &'e Reference,
    ) -> Option<&'e towergate_expressions::JsonPath> {
        let [Step::Call(call)] = &*reference.steps else {
            return None;
        };
        let path = call.path.as_deref()?;
        let escaped = reference.print.as_ref().is_some_and(|print| print.escaped);
        let is_input = reference.slot == Some(Names::INPUT)
            && matches!(self.variable(Names::INPUT), Some(Value::Input));
        (is_input && !escaped && &*call.name == "json").then_some(path)
    }

    fn write_path(
        &mut self,
        path: &towergate_expressions::JsonPath,
        out: &mut String,
    ) -> Result<()> {
        let start = out.len();
        self.json_path_text(path, Slashes::Plain, out)?;
        self.spend_text(out.len() - start)?;
        self.fits(out.len())
    }

    /// Prints a `#define`d block, unless it is being printed twice already.
    pub(super) fn print_block(&mut self, block: &Block, out: &mut String) -> Result<bool> {
        const MAX_DEPTH: u32 = 2;
        if block.depth.get() >= MAX_DEPTH {
            return Ok(false);
        }
        self.spend(1)?;
        block.depth.set(block.depth.get() + 1);
        let define = std::sync::Arc::clone(&block.define);
        match self.block(&define.block, out) {
            Ok(()) | Err(Fault::Stop(Stop::Innermost)) => {}
            Err(fault) => return Err(fault),
        }
        block.depth.set(block.depth.get() - 1);
        Ok(true)
    }
}
