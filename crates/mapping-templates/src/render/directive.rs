//! `#set`, `#if`, `#foreach` and `#break`.

use std::rc::Rc;

use super::{Fault, Render, Result, Stop, throw};
use crate::{
    ast::{Expression, Foreach, If, Names, Place, Reference, Set, Step, Target},
    value::{Iterator, List, Loop, Map, MapCell, MapKind, Number, Part, Value},
};

impl Render<'_> {
    pub(super) fn set(&mut self, set: &Set) -> Result<()> {
        self.place = set.place;
        self.spend(1)?;
        let value = self.value(&set.value)?;
        if value.is_null() {
            return Ok(());
        }
        match &set.target {
            Target::Variable(slot) => self.assign(*slot, Some(value)),
            Target::Member(reference) => self.set_member(reference, value)?,
        }
        Ok(())
    }

    fn set_member(&mut self, reference: &Reference, value: Value) -> Result<()> {
        let Some((last, before)) = reference.steps.split_last() else {
            return Ok(());
        };
        let Some(mut target) = reference.slot.and_then(|slot| self.variable(slot)).cloned() else {
            return Ok(());
        };
        for step in before {
            target = self.step(&target, step)?;
            if target.is_null() {
                return Ok(());
            }
        }
        match last {
            Step::Property(name) => {
                if matches!(target, Value::Map(_) | Value::Loop(_)) {
                    self.put(&target, Value::Text(name.clone()), value)?;
                }
            }
            // Velocity sets the property of a method's name.
            Step::Call(call) => {
                if matches!(target, Value::Map(_) | Value::Loop(_)) {
                    self.put(&target, Value::text(&*call.name), value)?;
                }
            }
            Step::Index(index) => {
                let index = self.value(index)?;
                let index = self.count_index(&target, index)?;
                self.set_index(&target, index, value)?;
            }
        }
        Ok(())
    }

    fn set_index(&mut self, target: &Value, index: Value, value: Value) -> Result<()> {
        match (target, &index) {
            (
                Value::List(list),
                Value::Number(Number::Byte(_) | Number::Short(_) | Number::Int(_)),
            ) => {
                self.call_list(list, "set", &[index, value])?;
            }
            (Value::Map(_) | Value::Loop(_), _) => {
                self.put(target, index, value)?;
            }
            _ => {}
        }
        Ok(())
    }

    pub(super) fn branches(&mut self, branches: &If, out: &mut String) -> Result<()> {
        for (condition, block) in &branches.branches {
            self.spend(1)?;
            if self.truth(condition)? {
                return self.block(block, out);
            }
        }
        match &branches.otherwise {
            Some(block) => self.block(block, out),
            None => Ok(()),
        }
    }

    pub(super) fn leave(&mut self, place: Place, scope: Option<&Expression>) -> Result<()> {
        self.place = place;
        let Some(scope) = scope else {
            return Err(Fault::Stop(Stop::Innermost));
        };
        match self.value(scope)? {
            Value::Loop(scope) => Err(Fault::Stop(Stop::Loop(scope))),
            _ => throw("`#break` takes a scope such as `$foreach`"),
        }
    }

    pub(super) fn foreach(&mut self, foreach: &Foreach, out: &mut String) -> Result<()> {
        self.place = foreach.place;
        let items = self.value(&foreach.items)?;
        let Some(items) = self.iterator(&items)? else {
            return Ok(());
        };
        let outer = [foreach.slot, Names::COUNT, Names::HAS_NEXT]
            .map(|slot| (slot, self.variable(slot).cloned()));
        let (parent, replaced) = match self.variable(Names::FOREACH).cloned() {
            Some(Value::Loop(parent)) => (Some(parent), None),
            other => (None, other),
        };
        let cell = Rc::new(MapCell::new(MapKind::Silent, indexmap::IndexMap::new()));
        self.maps.push(Rc::clone(&cell));
        let scope = Rc::new(Loop {
            index: (-1).into(),
            has_next: false.into(),
            parent,
            replaced,
            storage: cell,
        });
        self.assign(Names::FOREACH, Some(Value::Loop(Rc::clone(&scope))));
        let result = self.rounds(foreach, &items, &scope, out);
        for (slot, value) in outer {
            if value.is_none() {
                self.hidden.retain(|hidden| *hidden != slot);
            }
            self.assign(slot, value);
        }
        // Only a scope that is still there is taken down.
        if let Some(Value::Loop(current)) = self.variable(Names::FOREACH).cloned() {
            let before = match &current.parent {
                Some(parent) => Some(Value::Loop(Rc::clone(parent))),
                None => current.replaced.clone(),
            };
            self.assign(Names::FOREACH, before);
        }
        match result {
            Err(Fault::Stop(Stop::Innermost)) => Ok(()),
            Err(Fault::Stop(Stop::Loop(left))) if Rc::ptr_eq(&left, &scope) => Ok(()),
            result => result,
        }
    }

    fn rounds(
        &mut self,
        foreach: &Foreach,
        items: &Iterator,
        scope: &Loop,
        out: &mut String,
    ) -> Result<()> {
        let version = items.list.version();
        let mut round = 0;
        while round < self.limits.max_rounds && items.next.get() != items.list.len() {
            self.spend(1)?;
            self.place = foreach.place;
            if items.list.version() != version {
                return throw("the list of a `#foreach` was changed while it was gone through");
            }
            let item = items.list.get(items.next.get()).unwrap_or(Value::Null);
            items.next.set(items.next.get() + 1);
            let has_next = items.next.get() != items.list.len();
            round += 1;
            self.assign(Names::COUNT, Some(Value::int(round)));
            self.assign(Names::HAS_NEXT, Some(Value::Bool(has_next)));
            scope
                .index
                .set(i32::try_from(round - 1).unwrap_or(i32::MAX));
            scope.has_next.set(has_next);
            if item.is_null() {
                self.assign(foreach.slot, None);
                self.hidden.push(foreach.slot);
                let result = self.block(&foreach.block, out);
                // A loop in between may have taken it away with its own variable of that name.
                if self.hidden.last() == Some(&foreach.slot) {
                    self.hidden.pop();
                }
                result?;
            } else {
                self.assign(foreach.slot, Some(item));
                self.block(&foreach.block, out)?;
            }
        }
        Ok(())
    }

    /// What `#foreach` goes through; nothing for what cannot be gone through.
    fn iterator(&mut self, value: &Value) -> Result<Option<Rc<Iterator>>> {
        let list = match value {
            Value::List(list) => {
                self.refresh(value)?;
                list.clone()
            }
            Value::Map(map) => self.values_of(map)?,
            Value::Loop(scope) => self.values_of(&Map::Cell(Rc::clone(&scope.storage)))?,
            Value::Iterator(iterator) => return Ok(Some(Rc::clone(iterator))),
            _ => return Ok(None),
        };
        Ok(Some(Rc::new(Iterator {
            list,
            next: 0.into(),
        })))
    }

    fn values_of(&mut self, map: &Map) -> Result<List> {
        match self.view(map, Part::Values)? {
            Value::List(list) => Ok(list),
            _ => throw("a map has values"),
        }
    }
}
