//! The functions that may end a path.

use serde_json::{Number, Value};

use super::{
    FindError,
    evaluate::{Evaluator, nth},
    filter::Operand,
};

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) function: Function,
    pub(super) arguments: Box<[Operand]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Append,
    Average,
    Concat,
    First,
    Index,
    Keys,
    Last,
    Length,
    Max,
    Min,
    StandardDeviation,
    Sum,
}

impl Function {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "append" => Self::Append,
            "avg" => Self::Average,
            "concat" => Self::Concat,
            "first" => Self::First,
            "index" => Self::Index,
            "keys" => Self::Keys,
            "last" => Self::Last,
            "length" | "size" => Self::Length,
            "max" => Self::Max,
            "min" => Self::Min,
            "stddev" => Self::StandardDeviation,
            "sum" => Self::Sum,
            _ => return None,
        })
    }
}

impl Evaluator<'_, '_> {
    /// Applies `call` to one value. A value that the function does not fit has no result.
    pub(super) fn call(&mut self, call: &Call, value: &Value) -> Result<Option<Value>, FindError> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            let argument = self.operand(argument, self.root)?;
            arguments.push(match argument.as_deref() {
                Some(argument) => self.copy(argument)?,
                None => Value::Null,
            });
        }
        match (call.function, value) {
            (Function::Length, _) => {
                Ok(length(arguments.first().unwrap_or(value)).map(Value::from))
            }
            (Function::Keys, Value::Object(members)) => {
                self.budget.spend_whole(value)?;
                Ok(Some(members.keys().map(String::as_str).collect()))
            }
            (Function::Append, Value::Array(_)) => {
                let mut appended = self.copy(value)?;
                if let Value::Array(items) = &mut appended {
                    items.append(&mut arguments);
                }
                Ok(Some(appended))
            }
            (Function::First, Value::Array(items)) => self.copied(items.first()),
            (Function::Last, Value::Array(items)) => self.copied(items.last()),
            (Function::Index, Value::Array(items)) => {
                let index = arguments.first().and_then(Value::as_i64);
                self.copied(index.and_then(|index| nth(items, index)))
            }
            (Function::Concat, _) => {
                self.budget.spend_whole(value)?;
                Ok(concat(value, &arguments))
            }
            (function, _) => {
                self.budget.spend_whole(value)?;
                let list = value.is_array().then_some(value);
                let numbers = list.into_iter().chain(&arguments).flat_map(numbers);
                Ok(aggregate(function, numbers))
            }
        }
    }

    /// Applies `call` to all matches of a path with `..`. The length is then that of all of them together.
    pub(super) fn call_on_all(
        &mut self,
        call: &Call,
        matches: Vec<Value>,
    ) -> Result<Option<Value>, FindError> {
        if call.function == Function::Length && call.arguments.is_empty() {
            return Ok(Some(
                matches.iter().filter_map(length).sum::<usize>().into(),
            ));
        }
        self.call(call, &Value::Array(matches))
    }

    fn copied(&mut self, value: Option<&Value>) -> Result<Option<Value>, FindError> {
        value.map(|value| self.copy(value)).transpose()
    }
}

fn length(value: &Value) -> Option<usize> {
    match value {
        Value::Array(items) => Some(items.len()),
        Value::Object(members) => Some(members.len()),
        _ => None,
    }
}

/// The texts of a list, and then the arguments as text.
fn concat(value: &Value, arguments: &[Value]) -> Option<Value> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    if !value.is_array() && arguments.is_empty() {
        return None;
    }
    let mut text: String = items.iter().filter_map(Value::as_str).collect();
    for argument in arguments {
        match argument {
            Value::Null => {}
            Value::String(part) => text.push_str(part),
            other => text.push_str(&other.to_string()),
        }
    }
    Some(Value::String(text))
}

/// The numbers of a list, or a number itself.
fn numbers(value: &Value) -> impl Iterator<Item = f64> {
    let items = match value {
        Value::Array(items) => items.as_slice(),
        Value::Number(_) => std::slice::from_ref(value),
        _ => &[],
    };
    items.iter().filter_map(Value::as_f64)
}

/// Aggregates as doubles. Of no numbers there is no aggregate.
fn aggregate(function: Function, numbers: impl Iterator<Item = f64>) -> Option<Value> {
    let (mut count, mut sum, mut squares) = (0.0, 0.0, 0.0);
    let (mut min, mut max) = (f64::INFINITY, f64::NEG_INFINITY);
    for number in numbers {
        count += 1.0;
        sum += number;
        squares += number * number;
        min = number.min(min);
        max = number.max(max);
    }
    if count == 0.0 {
        return None;
    }
    let result = match function {
        Function::Average => sum / count,
        Function::Max => max,
        Function::Min => min,
        Function::StandardDeviation => (squares / count - (sum / count) * (sum / count))
            .max(0.0)
            .sqrt(),
        Function::Sum => sum,
        _ => return None,
    };
    Number::from_f64(result).map(Value::Number)
}
