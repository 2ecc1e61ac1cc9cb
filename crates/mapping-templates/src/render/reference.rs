//! References: from a variable, step by step.

use std::{borrow::Cow, rc::Rc};

use towergate_expressions::JsonPath;

use super::{Fault, Render, Result, Stop, scoped::context_value};
use crate::{
    ast::{Call, InputQuery, Place, Print, Reference, Step},
    json::{Node, NodeId, Slashes},
    scope::{ContextValue, ParameterLocation},
    value::{Block, JsonCopy, Map, Number, Value},
};

/// What the first steps of a reference lead to. It becomes a value only if more is done with it than to print it.
enum Reached<'r> {
    /// A fact of the request.
    Fact(Cow<'r, str>),
    /// A node of a document that is as it was read.
    Node(Rc<JsonCopy>, NodeId),
    Value(Value),
}

impl From<Reached<'_>> for Value {
    fn from(reached: Reached<'_>) -> Self {
        match reached {
            Reached::Fact(text) => Self::text(&*text),
            Reached::Node(copy, node) => Self::of_copy(&copy, node),
            Reached::Value(value) => value,
        }
    }
}

impl<'r> Render<'r> {
    /// The value of a reference. What is missing, or null, is the empty text.
    pub(super) fn reference(&mut self, reference: &Reference) -> Result<Value> {
        let (reached, steps) = self.reach(reference)?;
        self.follow(reached, steps, reference.place)
    }

    fn follow(&mut self, reached: Reached<'_>, steps: &[Step], place: Place) -> Result<Value> {
        let mut value = Value::from(reached);
        for step in steps {
            if value.is_null() {
                break;
            }
            self.place = place;
            value = self.step(&value, step)?;
        }
        Ok(if value.is_null() {
            Value::empty()
        } else {
            value
        })
    }

    /// Takes the steps that need no values on the way, and returns what is left of them.
    fn reach<'e>(&mut self, reference: &'e Reference) -> Result<(Reached<'r>, &'e [Step])> {
        self.place = reference.place;
        self.spend(1)?;
        let steps = &*reference.steps;
        let Some(root) = reference.slot.and_then(|slot| self.variable(slot)) else {
            return Ok((Reached::Value(Value::Null), &[]));
        };
        let reached = match (root, steps) {
            (Value::Input, [Step::Call(call), rest @ ..]) => match &call.query {
                Some(InputQuery::Parameter(name)) => {
                    Some((Reached::Fact(self.parameter(name)), rest))
                }
                _ => None,
            },
            (Value::Map(Map::Json(json)), [Step::Property(_), ..]) if json.is_unchanged() => {
                let (copy, node) = (Rc::clone(&json.copy), json.node);
                return self.descend(copy, node, steps);
            }
            (Value::Map(Map::Context(branch)), _)
                if branch.is_empty() && self.scoped.is_empty() =>
            {
                let context = reference.context.as_ref();
                context.and_then(|(name, taken)| {
                    Some((self.context_leaf(name)?, steps.get(*taken..)?))
                })
            }
            (Value::Map(Map::StageVariables), [Step::Property(name), rest @ ..])
                if self.scoped.is_empty() =>
            {
                let value = self.facts.stage_variable(name);
                Some(match value {
                    Some(value) => (Reached::Fact(value), rest),
                    None => (Reached::Value(Value::Null), rest),
                })
            }
            _ => None,
        };
        Ok(reached.unwrap_or_else(|| (Reached::Value(root.clone()), steps)))
    }

    /// The value of a variable below `$context`, unless it is a branch.
    fn context_leaf(&self, name: &str) -> Option<Reached<'r>> {
        Some(match self.facts.context(name)? {
            ContextValue::Text(text) => Reached::Fact(text),
            value => Reached::Value(context_value(value)?),
        })
    }

    /// `$input.params(name)`.
    pub(crate) fn parameter(&self, name: &str) -> Cow<'r, str> {
        let facts = self.facts;
        let mut locations = ParameterLocation::ALL.into_iter();
        let found = locations.find_map(|location| facts.parameter(location, name));
        found.unwrap_or_default()
    }

    /// Goes down from object to object.
    fn descend<'e>(
        &mut self,
        copy: Rc<JsonCopy>,
        mut node: NodeId,
        mut steps: &'e [Step],
    ) -> Result<(Reached<'r>, &'e [Step])> {
        while let [Step::Property(name), rest @ ..] = steps
            && let Node::Map { first, len } = copy.document.node(node)
        {
            self.spend(len as usize / 16)?;
            let Some(member) = copy.document.member(first, len, name) else {
                return Ok((Reached::Value(Value::Null), &[]));
            };
            node = member;
            steps = rest;
        }
        Ok((Reached::Node(copy, node), steps))
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
        if let (Value::Input, Some(query)) = (value, &call.query) {
            return match query {
                InputQuery::Json(path) => self.input_json(path),
                InputQuery::Parameter(name) => Ok(Value::text(&*self.parameter(name))),
                InputQuery::Path(path) => self.input_path(path),
            };
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
        let print = reference.print.as_deref();
        if let Some(print) = print
            && print.escaped
        {
            // What it does still happens.
            self.reference(reference)?;
            self.write(&print.escapes, out)?;
            return self.write(&print.literal, out);
        }
        if let Some(path) = self.printed_path(reference) {
            self.place = reference.place;
            self.spend(2)?;
            self.prefix(print, out)?;
            return self.write_path(path, out);
        }
        let (reached, steps) = self.reach(reference)?;
        let text = match &reached {
            _ if !steps.is_empty() => None,
            Reached::Fact(text) => Some(&**text),
            Reached::Node(copy, node) => copy.document.printed(*node),
            Reached::Value(_) => None,
        };
        if let Some(text) = text {
            self.prefix(print, out)?;
            return self.write(text, out);
        }
        let value = self.follow(reached, steps, reference.place)?;
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
    fn printed_path<'e>(&self, reference: &'e Reference) -> Option<&'e JsonPath> {
        let [Step::Call(call)] = &*reference.steps else {
            return None;
        };
        let Some(InputQuery::Json(path)) = &call.query else {
            return None;
        };
        let root = reference.slot.and_then(|slot| self.variable(slot));
        matches!(root, Some(Value::Input)).then_some(path)
    }

    fn write_path(&mut self, path: &JsonPath, out: &mut String) -> Result<()> {
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
