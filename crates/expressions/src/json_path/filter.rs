//! Filters: their parts and how they decide.

use std::{borrow::Cow, cmp::Ordering};

use serde_json::{Number, Value};

use super::{FindError, Query, evaluate::Evaluator, filter_parser::parse_number};
use crate::java_regex::JavaRegex;

/// A condition on one value.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    Any(Box<[Filter]>),
    All(Box<[Filter]>),
    Not(Box<Filter>),
    Exists(Operand),
    Match {
        operand: Operand,
        pattern: JavaRegex,
    },
    Compare {
        left: Operand,
        operator: Operator,
        right: Operand,
    },
}

/// One side of a comparison, or an argument of a function.
#[derive(Debug, Clone)]
pub(super) enum Operand {
    /// A path from the value under test: `@.x`.
    Item(Query),
    /// A path from the document: `$.x`.
    Root(Query),
    Literal(Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    All,
    Contains,
    Size,
    Empty,
}

impl Operator {
    /// The longer of two symbols that start alike comes first.
    pub(super) const SYMBOLS: [(&str, Self); 6] = [
        ("==", Self::Equal),
        ("!=", Self::NotEqual),
        ("<=", Self::LessOrEqual),
        (">=", Self::GreaterOrEqual),
        ("<", Self::Less),
        (">", Self::Greater),
    ];

    pub(super) const WORDS: [(&str, Self); 9] = [
        ("in", Self::In),
        ("nin", Self::NotIn),
        ("subsetof", Self::SubsetOf),
        ("anyof", Self::AnyOf),
        ("noneof", Self::NoneOf),
        ("all", Self::All),
        ("contains", Self::Contains),
        ("size", Self::Size),
        ("empty", Self::Empty),
    ];
}

impl<'d> Evaluator<'d, '_> {
    /// Decides whether `item` passes `filter`.
    pub(super) fn test<'v>(
        &mut self,
        filter: &'v Filter,
        item: &'v Value,
    ) -> Result<bool, FindError>
    where
        'd: 'v,
    {
        self.budget.spend(1)?;
        match filter {
            Filter::Any(filters) => {
                for filter in filters {
                    if self.test(filter, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::All(filters) => {
                for filter in filters {
                    if !self.test(filter, item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(filter) => self.test(filter, item).map(|passed| !passed),
            Filter::Exists(operand) => self.exists(operand, item),
            Filter::Match { operand, pattern } => {
                let value = self.operand(operand, item)?;
                self.matches(pattern, value.as_deref())
            }
            Filter::Compare {
                left,
                operator,
                right,
            } => {
                let left = self.operand(left, item)?;
                let right = self.operand(right, item)?;
                self.compare(left.as_deref(), *operator, right.as_deref())
            }
        }
    }

    pub(super) fn operand<'v>(
        &mut self,
        operand: &'v Operand,
        item: &'v Value,
    ) -> Result<Option<Cow<'v, Value>>, FindError>
    where
        'd: 'v,
    {
        match operand {
            Operand::Item(path) => self.query(path, item),
            Operand::Root(path) => self.query(path, self.root),
            Operand::Literal(value) => Ok(Some(Cow::Borrowed(value))),
        }
    }

    /// A definite path exists if it leads somewhere, be it to `null`; any other if it matches something.
    fn exists<'v>(&mut self, operand: &'v Operand, item: &'v Value) -> Result<bool, FindError>
    where
        'd: 'v,
    {
        let lists = match operand {
            Operand::Item(path) | Operand::Root(path) => !path.definite && path.call.is_none(),
            Operand::Literal(_) => false,
        };
        let found = self.operand(operand, item)?;
        Ok(match found.as_deref() {
            None => false,
            Some(Value::Array(items)) if lists => !items.is_empty(),
            Some(_) => true,
        })
    }

    /// A value without text, and a missing one, is matched as the empty text; a list if one of its items matches.
    fn matches(&mut self, pattern: &JavaRegex, value: Option<&Value>) -> Result<bool, FindError> {
        let items = match value {
            Some(Value::Array(items)) => items.as_slice(),
            Some(value) => std::slice::from_ref(value),
            None => &[Value::Null],
        };
        for item in items {
            let text = match item {
                Value::String(text) => Cow::Borrowed(text.as_str()),
                Value::Number(_) | Value::Bool(_) => Cow::Owned(item.to_string()),
                Value::Null | Value::Array(_) | Value::Object(_) => Cow::Borrowed(""),
            };
            self.budget.spend_text(&text)?;
            if pattern.matches(&text) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn compare(
        &mut self,
        left: Option<&Value>,
        operator: Operator,
        right: Option<&Value>,
    ) -> Result<bool, FindError> {
        let ordered = |accepts: fn(Ordering) -> bool| Ok(order(left, right).is_some_and(accepts));
        match operator {
            Operator::Equal => self.equal(left, right),
            Operator::NotEqual => self.equal(left, right).map(|equal| !equal),
            Operator::Less => ordered(Ordering::is_lt),
            Operator::LessOrEqual => ordered(Ordering::is_le),
            Operator::Greater => ordered(Ordering::is_gt),
            Operator::GreaterOrEqual => ordered(Ordering::is_ge),
            Operator::In | Operator::NotIn => match right {
                Some(Value::Array(items)) => {
                    let found = self.holds(items, left)?;
                    Ok(found == (operator == Operator::In))
                }
                _ => Ok(false),
            },
            Operator::SubsetOf | Operator::AnyOf | Operator::NoneOf | Operator::All => {
                match (left, right) {
                    (Some(Value::Array(left)), Some(Value::Array(right))) => {
                        self.relate(left, operator, right)
                    }
                    _ => Ok(false),
                }
            }
            Operator::Contains => match (left, right) {
                (Some(Value::String(text)), Some(Value::String(part))) => {
                    self.budget.spend_text(text)?;
                    Ok(text.contains(part.as_str()))
                }
                (Some(Value::Array(items)), right) => self.holds(items, right),
                _ => Ok(false),
            },
            Operator::Size => Ok(has_size(left, right)),
            Operator::Empty => Ok(right
                .and_then(Value::as_bool)
                .is_some_and(|empty| is_empty(left) == Some(empty))),
        }
    }

    /// Relates two lists by which items of one the other holds.
    fn relate(
        &mut self,
        left: &[Value],
        operator: Operator,
        right: &[Value],
    ) -> Result<bool, FindError> {
        let (items, among) = match operator {
            Operator::All => (right, left),
            _ => (left, right),
        };
        // `subsetof` and `all` are decided by the first item that is absent, the others by the first present.
        let decisive = matches!(operator, Operator::AnyOf | Operator::NoneOf);
        for item in items {
            if self.holds(among, Some(item))? == decisive {
                return Ok(operator == Operator::AnyOf);
            }
        }
        Ok(operator != Operator::AnyOf)
    }

    fn holds(&mut self, items: &[Value], wanted: Option<&Value>) -> Result<bool, FindError> {
        for item in items {
            if self.equal(wanted, Some(item))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A missing value equals nothing. A text on the left equals a number that prints as it, a number on the left
    /// a text that reads as it.
    fn equal(&mut self, left: Option<&Value>, right: Option<&Value>) -> Result<bool, FindError> {
        let (Some(left), Some(right)) = (left, right) else {
            return Ok(false);
        };
        Ok(match (left, right) {
            (Value::Number(left), Value::Number(right)) => {
                order_numbers(left, right) == Some(Ordering::Equal)
            }
            (Value::Number(left), Value::String(right)) => {
                parse_number(right).and_then(|right| order_numbers(left, &right))
                    == Some(Ordering::Equal)
            }
            (Value::String(left), Value::Number(right)) => *left == right.to_string(),
            (Value::Array(_) | Value::Object(_), Value::Array(_) | Value::Object(_)) => {
                self.budget.spend_whole(left)?;
                left == right
            }
            (left, right) => {
                self.budget.spend(1)?;
                left == right
            }
        })
    }
}

/// Orders two numbers, or two texts by their UTF-16 units. Nothing else has an order.
fn order(left: Option<&Value>, right: Option<&Value>) -> Option<Ordering> {
    match (left?, right?) {
        (Value::Number(left), Value::Number(right)) => order_numbers(left, right),
        (Value::String(left), Value::String(right)) => {
            Some(left.encode_utf16().cmp(right.encode_utf16()))
        }
        _ => None,
    }
}

fn order_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (integer(left), integer(right)) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn integer(number: &Number) -> Option<i128> {
    number
        .as_i64()
        .map(i128::from)
        .or_else(|| number.as_u64().map(i128::from))
}

fn has_size(value: Option<&Value>, size: Option<&Value>) -> bool {
    let actual = match value {
        Some(Value::Array(items)) => items.len(),
        Some(Value::String(text)) => text.encode_utf16().count(),
        _ => return false,
    };
    size.and_then(Value::as_f64)
        .is_some_and(|size| size.trunc() == actual as f64)
}

fn is_empty(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Array(items) => Some(items.is_empty()),
        Value::Object(members) => Some(members.is_empty()),
        Value::String(text) => Some(text.is_empty()),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}
