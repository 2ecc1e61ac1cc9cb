//! One key of a condition block, compiled.

use std::{borrow::Cow, net::IpAddr};

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{
    decimal::Decimal,
    error::Problem,
    glob::Glob,
    moment::Moment,
    network::Network,
    operator::{Operator, Relation, SetOperator, TestKind},
    pattern::{AnyCase, ArnGlob, Exact, Matcher, Pattern, Syntax, Truth},
    request::{ConditionKeys, KeyValue},
};

/// A test of one condition key.
#[derive(Debug, Clone)]
pub(super) struct Condition {
    /// In lower case.
    key: Box<str>,
    operator: Operator,
    operands: Operands,
}

/// Why a value of a policy is left out.
#[derive(Debug)]
pub(super) enum Unreadable {
    /// It is not of the operator's type, and so matches nothing.
    Value(Problem),
    /// It has a variable that is none.
    Variable(Problem),
}

/// The values of the policy. One that cannot be read matches nothing, so it is left out.
#[derive(Debug, Clone)]
enum Operands {
    AnyCase(Vec<Pattern<AnyCase>>),
    Arn(Vec<Pattern<ArnGlob>>),
    Binary(Vec<Vec<u8>>),
    Date(Relation, Vec<Moment>),
    Exact(Vec<Pattern<Exact>>),
    Ip(Vec<Network>),
    Like(Vec<Pattern<Glob>>),
    Numeric(Relation, Vec<Decimal>),
    /// Whether the key may be absent, for each value.
    Null(Vec<bool>),
    Truth(Vec<Pattern<Truth>>),
}

impl Condition {
    /// Compiles the values of a key.
    ///
    /// What cannot be read is told to `unreadable` by its place in the list.
    pub(super) fn new(
        operator: Operator,
        key: &str,
        values: &[Cow<'_, str>],
        variables: bool,
        mut unreadable: impl FnMut(usize, Unreadable),
    ) -> Self {
        let mut reader = Reader {
            values,
            variables,
            unreadable: &mut unreadable,
        };
        Self {
            key: key.to_ascii_lowercase().into(),
            operator,
            operands: reader.read(operator.test),
        }
    }

    pub(super) fn holds(&self, keys: &dyn ConditionKeys) -> bool {
        let values = keys.values(&self.key);
        let values = values.as_slice();
        if let Operands::Null(wanted) = &self.operands {
            return wanted.contains(&values.is_empty());
        }
        let Operator { set, negated, .. } = self.operator;
        if values.is_empty() {
            return self.operator.if_exists
                || match set {
                    None => negated,
                    Some(SetOperator::All) => true,
                    Some(SetOperator::Any) => false,
                };
        }
        let mut matches = values
            .iter()
            .map(|value| self.operands.match_value(value, keys));
        match set {
            None => matches.any(|matches| matches) != negated,
            Some(SetOperator::All) => matches.all(|matches| matches != negated),
            Some(SetOperator::Any) => matches.any(|matches| matches != negated),
        }
    }
}

impl Operands {
    /// Whether one value of the request matches any of the policy.
    fn match_value(&self, value: &KeyValue<'_>, keys: &dyn ConditionKeys) -> bool {
        match self {
            Self::AnyCase(patterns) => any_matches(patterns, &value.text(), keys),
            Self::Arn(patterns) => any_matches(patterns, &value.text(), keys),
            Self::Exact(patterns) => any_matches(patterns, &value.text(), keys),
            Self::Like(patterns) => any_matches(patterns, &value.text(), keys),
            Self::Truth(patterns) => any_matches(patterns, &value.text(), keys),
            Self::Binary(wanted) => STANDARD
                .decode(&*value.text())
                .is_ok_and(|bytes| wanted.contains(&bytes)),
            Self::Date(relation, wanted) => moment(value).is_some_and(|moment| {
                wanted
                    .iter()
                    .any(|wanted| relation.holds(moment.cmp(wanted)))
            }),
            Self::Ip(networks) => address(value)
                .is_some_and(|address| networks.iter().any(|network| network.contains(address))),
            Self::Numeric(relation, wanted) => decimal(value).is_some_and(|number| {
                wanted
                    .iter()
                    .any(|wanted| relation.holds(number.cmp(wanted)))
            }),
            // Presence is not a matter of values.
            Self::Null(_) => false,
        }
    }
}

fn any_matches<M: Matcher>(patterns: &[Pattern<M>], text: &str, keys: &dyn ConditionKeys) -> bool {
    let mut patterns = patterns.iter();
    patterns.any(|pattern| pattern.matches(text, keys) == Some(true))
}

fn moment(value: &KeyValue<'_>) -> Option<Moment> {
    match value {
        KeyValue::Integer(seconds) => Moment::from_epoch_seconds(*seconds),
        KeyValue::Text(text) => Moment::parse(text),
        KeyValue::Time(time) => Some(Moment::from(*time)),
        KeyValue::Bool(_) | KeyValue::Ip(_) => None,
    }
}

fn address(value: &KeyValue<'_>) -> Option<IpAddr> {
    match value {
        KeyValue::Ip(address) => Some(*address),
        KeyValue::Text(text) => text.parse().ok(),
        _ => None,
    }
}

fn decimal(value: &KeyValue<'_>) -> Option<Decimal> {
    match value {
        KeyValue::Integer(number) => Some(Decimal::from_integer(*number)),
        KeyValue::Text(text) => Decimal::parse(text),
        _ => None,
    }
}

/// Reads the values of one key.
struct Reader<'r> {
    values: &'r [Cow<'r, str>],
    variables: bool,
    unreadable: &'r mut dyn FnMut(usize, Unreadable),
}

impl Reader<'_> {
    fn read(&mut self, test: TestKind) -> Operands {
        match test {
            TestKind::Arn => Operands::Arn(self.patterns(true)),
            TestKind::Binary => {
                Operands::Binary(self.typed("base64", |text| STANDARD.decode(text).ok()))
            }
            TestKind::Bool => Operands::Truth(self.truths()),
            TestKind::Date(relation) => Operands::Date(
                relation,
                self.typed(
                    "a date: write `2026-03-01T12:00:00Z` or seconds since the Unix epoch",
                    Moment::parse,
                ),
            ),
            TestKind::Ip => Operands::Ip(self.typed(
                "an IP address or range: write `192.0.2.0/24` or `2001:db8::/32`",
                Network::parse,
            )),
            TestKind::Null => Operands::Null(self.typed(TRUTH, Truth::of)),
            TestKind::Numeric(relation) => Operands::Numeric(
                relation,
                self.typed("a decimal number of at most 38 digits", Decimal::parse),
            ),
            TestKind::StringAnyCase => Operands::AnyCase(self.patterns(false)),
            TestKind::StringExact => Operands::Exact(self.patterns(false)),
            TestKind::StringLike => Operands::Like(self.patterns(true)),
        }
    }

    fn typed<T>(&mut self, expected: &'static str, parse: impl Fn(&str) -> Option<T>) -> Vec<T> {
        let mut read = Vec::with_capacity(self.values.len());
        for (index, text) in self.values.iter().enumerate() {
            match parse(text) {
                Some(value) => read.push(value),
                None => self.no_value(index, text, expected),
            }
        }
        read
    }

    fn patterns<M: Matcher>(&mut self, wildcards: bool) -> Vec<Pattern<M>> {
        let syntax = Syntax {
            wildcards,
            variables: self.variables,
        };
        let mut read = Vec::with_capacity(self.values.len());
        for (index, text) in self.values.iter().enumerate() {
            match Pattern::parse(text, syntax) {
                Ok(pattern) => read.push(pattern),
                Err(problem) => (self.unreadable)(index, Unreadable::Variable(problem)),
            }
        }
        read
    }

    /// Words that are `true` or `false`, or turn into one of them once variables are filled in.
    fn truths(&mut self) -> Vec<Pattern<Truth>> {
        for (index, text) in self.values.iter().enumerate() {
            if Truth::of(text).is_none() && !(self.variables && text.contains("${")) {
                self.no_value(index, text, TRUTH);
            }
        }
        self.patterns(false)
    }

    fn no_value(&mut self, index: usize, text: &str, expected: &'static str) {
        (self.unreadable)(index, Unreadable::Value(Problem::malformed(text, expected)));
    }
}

const TRUTH: &str = "`true` or `false`";
