//! A template as it is kept after parsing: names are slots, literals are values, paths are compiled.

use std::{collections::HashMap, sync::Arc};

use towergate_expressions::{JavaPattern, JsonPath};

use crate::value::{Number, Text};

/// A place in the template's text, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl Place {
    /// Moves a place within a quoted text to where that text stands.
    pub(crate) fn within(self, quotation: Self) -> Self {
        let column = if self.line == 1 { quotation.column } else { 0 };
        Self {
            line: self.line.saturating_add(quotation.line.saturating_sub(1)),
            column: self.column.saturating_add(column),
        }
    }
}

/// The index of a variable.
pub(crate) type Slot = usize;

pub(crate) type Block = Box<[Node]>;

/// What a template names: its variables, by slot, and the regular expressions that it writes out.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    variables: Vec<Box<str>>,
    patterns: HashMap<Box<str>, Arc<JavaPattern>>,
}

impl Names {
    /// The most regular expressions that a template keeps; further ones are compiled as it renders.
    const MAX_PATTERNS: usize = 64;

    pub(crate) const INPUT: Slot = 0;
    pub(crate) const UTIL: Slot = 1;
    pub(crate) const CONTEXT: Slot = 2;
    pub(crate) const STAGE_VARIABLES: Slot = 3;
    pub(crate) const FOREACH: Slot = 4;
    pub(crate) const COUNT: Slot = 5;
    pub(crate) const HAS_NEXT: Slot = 6;

    const BUILT_IN: [&'static str; 7] = [
        "input",
        "util",
        "context",
        "stageVariables",
        "foreach",
        "velocityCount",
        "velocityHasNext",
    ];

    pub(crate) fn new() -> Self {
        Self {
            variables: Self::BUILT_IN.map(Box::from).into(),
            patterns: HashMap::new(),
        }
    }

    pub(crate) fn variables(&self) -> usize {
        self.variables.len()
    }

    pub(crate) fn slot(&mut self, name: &str) -> Slot {
        if let Some(slot) = self.variables.iter().position(|known| **known == *name) {
            return slot;
        }
        self.variables.push(name.into());
        self.variables.len() - 1
    }

    /// Compiles a regular expression beforehand; one that is none fails where it is used.
    pub(crate) fn keep_pattern(&mut self, pattern: &str) {
        if self.patterns.len() < Self::MAX_PATTERNS
            && !self.patterns.contains_key(pattern)
            && let Ok(compiled) = JavaPattern::parse(pattern)
        {
            self.patterns.insert(pattern.into(), Arc::new(compiled));
        }
    }

    pub(crate) fn pattern(&self, pattern: &str) -> Option<&Arc<JavaPattern>> {
        self.patterns.get(pattern)
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Node {
    Text(Box<str>),
    Reference(Reference),
    Set(Box<Set>),
    If(Box<If>),
    Foreach(Box<Foreach>),
    Define {
        slot: Slot,
        block: Arc<Define>,
    },
    Break {
        place: Place,
        scope: Option<Box<Expression>>,
    },
    /// The message is evaluated for what it does.
    Stop {
        place: Place,
        message: Option<Box<Expression>>,
    },
    /// What can be parsed, but fails whenever it runs.
    Fail {
        place: Place,
        why: &'static str,
    },
}

/// A `$name` and what follows it.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) place: Place,
    /// `None` for a name that no variable can have.
    pub(crate) slot: Option<Slot>,
    pub(crate) steps: Box<[Step]>,
    /// The dotted name below `$context`, and how many steps it takes.
    pub(crate) context: Option<(Box<str>, usize)>,
    /// Whether it has a value; one with an escaped `!` is only printed.
    pub(crate) computable: bool,
    pub(crate) print: Option<Box<Print>>,
}

/// How a reference is printed where that is not just its value.
#[derive(Debug, Clone, Default)]
pub(crate) struct Print {
    /// Half of the backslashes before it.
    pub(crate) escapes: Box<str>,
    /// Signs that turned out to be part of the reference's token.
    pub(crate) before: Box<str>,
    /// Whether it is printed as it is written.
    pub(crate) escaped: bool,
    /// What is printed for a block that refuses to print itself.
    pub(crate) literal: Box<str>,
}

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Property(Text),
    Call(Call),
    Index(Expression),
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) name: Box<str>,
    pub(crate) arguments: Box<[Expression]>,
    /// What it asks of `$input`, where that is known beforehand.
    pub(crate) query: Option<InputQuery>,
}

/// A call of `$input` with a literal argument.
#[derive(Debug, Clone)]
pub(crate) enum InputQuery {
    /// `$input.json(path)`.
    Json(Arc<JsonPath>),
    /// `$input.params(name)`.
    Parameter(Text),
    /// `$input.path(path)`.
    Path(Arc<JsonPath>),
}

#[derive(Debug, Clone)]
pub(crate) enum Expression {
    /// A bare word.
    Null,
    Bool(bool),
    Number(Number),
    Text(Text),
    Interpolated(Box<Interpolated>),
    List(Box<[Expression]>),
    Map(Box<[(Expression, Expression)]>),
    Range(Box<Range>),
    Reference(Box<Reference>),
    Not(Box<Expression>),
    /// Operators of one level, from left to right.
    Chain(Box<Chain>),
}

/// A text in double quotes that is a template of its own.
#[derive(Debug, Clone)]
pub(crate) struct Interpolated {
    pub(crate) block: Block,
    /// Whether the last character was added for the parser's sake.
    pub(crate) padded: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Range {
    pub(crate) ends: [Expression; 2],
    pub(crate) literal: Box<str>,
}

impl Expression {
    /// What a text is joined to where this has no value.
    pub(crate) fn literal(&self) -> &str {
        match self {
            Self::Chain(chain) => chain.literal(),
            Self::Range(range) => &range.literal,
            Self::Reference(reference) => {
                reference.print.as_ref().map_or("", |print| &print.literal)
            }
            _ => "",
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) place: Place,
    pub(crate) first: Expression,
    pub(crate) rest: Box<[Operation]>,
    /// What stands in the parentheses around a calculation.
    pub(crate) parenthesised: Option<Box<str>>,
}

#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) operator: Operator,
    pub(crate) operand: Expression,
    /// The operand of a calculation as it is written, with the blanks around it.
    pub(crate) literal: Box<str>,
}

impl Chain {
    /// The last operand, unless all stand in parentheses.
    fn literal(&self) -> &str {
        let last = self.rest.last().map(|operation| &operation.literal);
        self.parenthesised.as_ref().or(last).map_or("", |text| text)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
}

impl Operator {
    /// Whether it calculates, or joins texts.
    pub(crate) fn is_arithmetic(self) -> bool {
        matches!(
            self,
            Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo
        )
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Set {
    pub(crate) place: Place,
    pub(crate) target: Target,
    pub(crate) value: Expression,
}

#[derive(Debug, Clone)]
pub(crate) enum Target {
    Variable(Slot),
    Member(Reference),
}

#[derive(Debug, Clone)]
pub(crate) struct If {
    /// The conditions in turn, each with its block.
    pub(crate) branches: Box<[(Expression, Block)]>,
    pub(crate) otherwise: Option<Block>,
}

#[derive(Debug, Clone)]
pub(crate) struct Foreach {
    pub(crate) place: Place,
    pub(crate) slot: Slot,
    pub(crate) items: Expression,
    pub(crate) block: Block,
}

#[derive(Debug, Clone)]
pub(crate) struct Define {
    pub(crate) block: Block,
}
