//! Values and truth of expressions.

use std::cmp::Ordering;

use indexmap::IndexMap;

use super::{Render, Result};
use crate::{
    RenderErrorKind,
    ast::{Chain, Expression, Operation, Operator},
    value::{Key, ListKind, Number, Value},
};

impl Render<'_> {
    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value> {
        Ok(match expression {
            Expression::Null => Value::Null,
            Expression::Bool(value) => Value::Bool(*value),
            Expression::Number(number) => Value::Number(number.clone()),
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Interpolated(template) => {
                let mut out = String::new();
                self.block(&template.block, &mut out)?;
                if template.padded {
                    out.pop();
                }
                self.spend_text(out.len())?;
                Value::text(out)
            }
            Expression::List(items) => {
                let items = items.iter().map(|item| self.value(item));
                let items = items.collect::<Result<Vec<_>>>()?;
                self.list(ListKind::Plain, items)?
            }
            Expression::Map(entries) => {
                let mut map = IndexMap::with_capacity(entries.len());
                for (key, value) in entries {
                    let key = self.value(key)?;
                    self.spend_key(&key, map.len())?;
                    map.insert(Key(key), self.value(value)?);
                }
                self.map(map)?
            }
            Expression::Range(range) => {
                let [first, last] = &range.ends;
                let (first, last) = (self.value(first)?, self.value(last)?);
                match (first, last) {
                    (Value::Number(first), Value::Number(last)) => {
                        self.range(first.to_i32(), last.to_i32())?
                    }
                    _ => Value::Null,
                }
            }
            Expression::Reference(reference) if reference.computable => {
                self.reference(reference)?
            }
            Expression::Reference(_) => Value::Null,
            Expression::Not(operand) => Value::Bool(!self.truth(operand)?),
            Expression::Chain(chain) => self.chain(chain)?,
        })
    }

    /// Whether an expression holds as a condition. Literals and calculations do not.
    pub(super) fn truth(&mut self, expression: &Expression) -> Result<bool> {
        Ok(match expression {
            Expression::Bool(value) => *value,
            Expression::Not(operand) => !self.truth(operand)?,
            Expression::Reference(reference) => match self.reference(reference)? {
                Value::Bool(value) => value,
                Value::Null => false,
                value @ Value::Block(_) => self.printed(&value)?.is_some(),
                _ => true,
            },
            Expression::Chain(chain) => match self.chain_truth(chain)? {
                Some(truth) => truth,
                None => matches!(self.chain(chain)?, Value::Bool(true)),
            },
            _ => false,
        })
    }

    fn range(&mut self, first: i32, last: i32) -> Result<Value> {
        let count = usize::try_from(first.abs_diff(last)).unwrap_or(usize::MAX);
        // A loop goes no further; whoever asks for the list itself pays for its items.
        self.spend(count)?;
        let step = if first >= last { -1 } else { 1 };
        let items = (0..=first.abs_diff(last)).map(|offset| {
            let offset = i64::from(offset) * step;
            Value::Number(Number::from_i64(i64::from(first) + offset))
        });
        let items = items.collect();
        self.list(ListKind::Plain, items)
    }

    /// The truth of a chain, where that is not its value: calculations are not true.
    fn chain_truth(&mut self, chain: &Chain) -> Result<Option<bool>> {
        match chain.rest.first().map(|operation| operation.operator) {
            Some(Operator::And) => {
                let mut truth = self.truth(&chain.first)?;
                for Operation { operand, .. } in &chain.rest {
                    truth = truth && self.truth(operand)?;
                }
                Ok(Some(truth))
            }
            Some(Operator::Or) => {
                let mut truth = self.truth(&chain.first)?;
                for Operation { operand, .. } in &chain.rest {
                    truth = truth || self.truth(operand)?;
                }
                Ok(Some(truth))
            }
            Some(operator) if operator.is_arithmetic() => Ok(Some(false)),
            _ => Ok(None),
        }
    }

    fn chain(&mut self, chain: &Chain) -> Result<Value> {
        let operator = chain.rest.first().map(|operation| operation.operator);
        if matches!(operator, Some(Operator::And | Operator::Or))
            && let Some(truth) = self.chain_truth(chain)?
        {
            return Ok(Value::Bool(truth));
        }
        let mut left = self.value(&chain.first)?;
        let mut written = chain.first.literal();
        for operation in &chain.rest {
            self.spend(1)?;
            let right = self.value(&operation.operand)?;
            self.place = chain.place;
            left = match (&left, operation.operator, &right) {
                (Value::Null, Operator::Add, Value::Text(text)) => self.joined(written, text)?,
                (Value::Text(text), Operator::Add, Value::Null) => {
                    self.joined(text, operation.operand.literal())?
                }
                (_, operator, _) => self.operate(&left, operator, &right)?,
            };
            written = &operation.literal;
        }
        Ok(left)
    }

    fn joined(&mut self, left: &str, right: &str) -> Result<Value> {
        self.spend_text(left.len() + right.len())?;
        Ok(Value::text([left, right].concat()))
    }

    fn operate(&mut self, left: &Value, operator: Operator, right: &Value) -> Result<Value> {
        Ok(match operator {
            Operator::Equal => Value::Bool(self.equal(left, right)?),
            Operator::NotEqual => Value::Bool(!self.equal(left, right)?),
            Operator::Less => self.ordered(left, right, Ordering::is_lt)?,
            Operator::LessOrEqual => self.ordered(left, right, Ordering::is_le)?,
            Operator::Greater => self.ordered(left, right, Ordering::is_gt)?,
            Operator::GreaterOrEqual => self.ordered(left, right, Ordering::is_ge)?,
            _ => self.calculate(left, operator, right)?,
        })
    }

    fn ordered(
        &mut self,
        left: &Value,
        right: &Value,
        accepts: fn(Ordering) -> bool,
    ) -> Result<Value> {
        Ok(Value::Bool(match (left, right) {
            (Value::Number(left), Value::Number(right)) => accepts(left.compare(right)?),
            _ => false,
        }))
    }

    pub(crate) fn equal(&mut self, left: &Value, right: &Value) -> Result<bool> {
        if let (Value::Number(left), Value::Number(right)) = (left, right) {
            return Ok(left.compare(right)?.is_eq());
        }
        if left.is_same_class(right) {
            return self.java_equals(left, right);
        }
        match (left, right) {
            (Value::Null, Value::Null) => Ok(true),
            (Value::Null, _) | (_, Value::Null) => Ok(false),
            _ => Ok(self.printed(left)? == self.printed(right)?),
        }
    }

    /// Java's `equals`, paid for by what is compared.
    pub(crate) fn java_equals(&mut self, left: &Value, right: &Value) -> Result<bool> {
        self.refresh(left)?;
        self.refresh(right)?;
        let mut steps = self.steps;
        let equal = left.equals(right, &mut steps);
        self.spend(usize::try_from(self.steps - steps).unwrap_or(usize::MAX))?;
        match equal {
            Some(equal) => Ok(equal),
            // The step that was too much.
            None if self.steps == 0 => self.spend(1).map(|()| false),
            None => Err(RenderErrorKind::NestTooDeep { what: "a value" }.into()),
        }
    }

    fn calculate(&mut self, left: &Value, operator: Operator, right: &Value) -> Result<Value> {
        match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                if let Number::Big(_) | Number::Decimal(_) = left {
                    self.spend(64)?;
                }
                Ok(left
                    .calculate(operator, right)?
                    .map_or(Value::Null, Value::Number))
            }
            (Value::Text(_), _) | (_, Value::Text(_)) if operator == Operator::Add => {
                let mut joined = self.operand_text(left)?;
                joined.push_str(&self.operand_text(right)?);
                self.spend_text(joined.len())?;
                Ok(Value::text(joined))
            }
            _ => Ok(Value::Null),
        }
    }

    fn operand_text(&mut self, value: &Value) -> Result<String> {
        match value {
            Value::Text(text) => Ok(text.to_string()),
            value => Ok(self.printed(value)?.unwrap_or_else(|| "null".to_owned())),
        }
    }
}
