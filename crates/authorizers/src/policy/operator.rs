//! The names of condition operators.

use std::cmp::Ordering;

/// A condition operator, taken apart: `ForAnyValue:StringNotLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Operator {
    pub(super) set: Option<SetOperator>,
    pub(super) test: TestKind,
    /// Whether no value of the policy may match.
    pub(super) negated: bool,
    pub(super) if_exists: bool,
}

/// How many values of the request must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SetOperator {
    /// `ForAllValues:`
    All,
    /// `ForAnyValue:`
    Any,
}

/// What is compared, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TestKind {
    Arn,
    Binary,
    Bool,
    Date(Relation),
    Ip,
    Null,
    Numeric(Relation),
    StringAnyCase,
    StringExact,
    StringLike,
}

/// How a value of the request stands to one of the policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Relation {
    Equal,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Relation {
    pub(super) fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
        }
    }
}

impl Operator {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (set, rest) = match name.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(SetOperator::All), rest),
            Some(("ForAnyValue", rest)) => (Some(SetOperator::Any), rest),
            Some(_) => return None,
            None => (None, name),
        };
        let (rest, if_exists) = match rest.strip_suffix("IfExists") {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (test, negated) = test(rest)?;
        // Presence is asked once for a key, whatever its values.
        let bare = set.is_none() && !if_exists;
        (bare || test != TestKind::Null).then_some(Self {
            set,
            test,
            negated,
            if_exists,
        })
    }
}

fn test(name: &str) -> Option<(TestKind, bool)> {
    Some(match name {
        "ArnEquals" | "ArnLike" => (TestKind::Arn, false),
        "ArnNotEquals" | "ArnNotLike" => (TestKind::Arn, true),
        "BinaryEquals" => (TestKind::Binary, false),
        "Bool" => (TestKind::Bool, false),
        "IpAddress" => (TestKind::Ip, false),
        "NotIpAddress" => (TestKind::Ip, true),
        "Null" => (TestKind::Null, false),
        "StringEquals" => (TestKind::StringExact, false),
        "StringEqualsIgnoreCase" => (TestKind::StringAnyCase, false),
        "StringLike" => (TestKind::StringLike, false),
        "StringNotEquals" => (TestKind::StringExact, true),
        "StringNotEqualsIgnoreCase" => (TestKind::StringAnyCase, true),
        "StringNotLike" => (TestKind::StringLike, true),
        _ => {
            let (kind, relation): (fn(Relation) -> TestKind, _) =
                match (name.strip_prefix("Date"), name.strip_prefix("Numeric")) {
                    (Some(relation), _) => (TestKind::Date, relation),
                    (_, Some(relation)) => (TestKind::Numeric, relation),
                    _ => return None,
                };
            let (relation, negated) = relation_of(relation)?;
            (kind(relation), negated)
        }
    })
}

fn relation_of(name: &str) -> Option<(Relation, bool)> {
    Some(match name {
        "Equals" => (Relation::Equal, false),
        "GreaterThan" => (Relation::Greater, false),
        "GreaterThanEquals" => (Relation::GreaterOrEqual, false),
        "LessThan" => (Relation::Less, false),
        "LessThanEquals" => (Relation::LessOrEqual, false),
        "NotEquals" => (Relation::Equal, true),
        _ => return None,
    })
}
