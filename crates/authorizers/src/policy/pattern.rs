//! Texts of a policy in which variables, and sometimes wildcards, stand for something else.

use std::borrow::Cow;

use super::{
    error::Problem,
    glob::{Atom, Glob},
    request::ConditionKeys,
};

/// What a text is compiled to once nothing in it is open.
pub(super) trait Matcher {
    fn build(atoms: &[Atom<'_>]) -> Self;
    fn matches(&self, text: &str) -> bool;
}

/// A text of a policy: compiled, or kept in pieces because it has variables.
#[derive(Debug, Clone)]
pub(super) enum Pattern<M> {
    Closed(M),
    Open(Box<[Token]>),
}

/// What a text may hold beside plain characters.
#[derive(Debug, Clone, Copy)]
pub(super) struct Syntax {
    /// `*` and `?` are wildcards.
    pub(super) wildcards: bool,
    /// `${…}` is a variable.
    pub(super) variables: bool,
}

#[derive(Debug, Clone)]
pub(super) enum Token {
    Fixed(Atom<'static>),
    Variable(Variable),
}

#[derive(Debug, Clone)]
pub(super) struct Variable {
    /// In lower case.
    key: Box<str>,
    default: Option<Box<str>>,
}

impl Variable {
    fn value<'a>(&'a self, keys: &'a dyn ConditionKeys) -> Option<Cow<'a, str>> {
        keys.values(&self.key)
            .into_single_text()
            .or(self.default.as_deref().map(Cow::Borrowed))
    }
}

impl<M: Matcher> Pattern<M> {
    /// Compiles a text.
    ///
    /// # Errors
    ///
    /// A variable that cannot be read.
    pub(super) fn parse(text: &str, syntax: Syntax) -> Result<Self, Problem> {
        Ok(Self::new(tokens(text, syntax)?))
    }

    pub(super) fn new(tokens: Vec<Token>) -> Self {
        let closed: Option<Vec<Atom<'_>>> = tokens
            .iter()
            .map(|token| match token {
                Token::Fixed(atom) => Some(atom.borrowed()),
                Token::Variable(_) => None,
            })
            .collect();
        match closed {
            Some(atoms) => Self::Closed(M::build(&atoms)),
            None => Self::Open(tokens.into()),
        }
    }

    /// Whether `text` matches; `None` if a variable has no single value to stand for.
    pub(super) fn matches(&self, text: &str, keys: &dyn ConditionKeys) -> Option<bool> {
        match self {
            Self::Closed(matcher) => Some(matcher.matches(text)),
            Self::Open(tokens) => {
                let atoms: Option<Vec<Atom<'_>>> = tokens
                    .iter()
                    .map(|token| match token {
                        Token::Fixed(atom) => Some(atom.borrowed()),
                        Token::Variable(variable) => variable.value(keys).map(Atom::Text),
                    })
                    .collect();
                let atoms = atoms?;
                Some(may_fit(&atoms, text) && M::build(&atoms).matches(text))
            }
        }
    }
}

/// Whether the characters of a pattern have room in a text, however they change with their case: the values of many
/// variables are joined only where the result can matter.
fn may_fit(atoms: &[Atom<'_>], text: &str) -> bool {
    const MAX_BYTES_FOR_ONE: usize = 4;
    let mut room = text.len().saturating_mul(MAX_BYTES_FOR_ONE);
    atoms.iter().all(|atom| {
        let length = match atom {
            Atom::Text(text) => text.len(),
            Atom::AnyRun | Atom::AnyOne => 0,
        };
        let fits = length <= room;
        room = room.saturating_sub(length);
        fits
    })
}

const VARIABLE: &str =
    "a variable: write `${key}`, `${key, 'default'}`, or `${$}` for a dollar sign";

/// Takes a text apart.
pub(super) fn tokens(text: &str, syntax: Syntax) -> Result<Vec<Token>, Problem> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if syntax.variables
            && let Some(inside) = rest.strip_prefix("${")
        {
            let end = variable_end(inside).ok_or_else(|| Problem::malformed(rest, VARIABLE))?;
            let (body, after) = inside.split_at(end);
            tokens.push(variable(body).ok_or_else(|| Problem::malformed(rest, VARIABLE))?);
            rest = after.strip_prefix('}').unwrap_or(after);
            continue;
        }
        let wildcard = match character {
            '*' if syntax.wildcards => Some(Atom::AnyRun),
            '?' if syntax.wildcards => Some(Atom::AnyOne),
            _ => None,
        };
        let length = if wildcard.is_some() {
            character.len_utf8()
        } else {
            plain_length(rest, syntax)
        };
        let (plain, after) = rest.split_at(length);
        tokens.push(Token::Fixed(
            wildcard.unwrap_or_else(|| Atom::Text(Cow::Owned(plain.to_owned()))),
        ));
        rest = after;
    }
    Ok(tokens)
}

/// How much of a text, which begins with a plain character, is plain.
fn plain_length(text: &str, syntax: Syntax) -> usize {
    let mut places = text.char_indices().skip(1);
    let end = places.find(|(place, character)| match character {
        '*' | '?' => syntax.wildcards,
        '$' => {
            syntax.variables
                && text
                    .get(*place..)
                    .is_some_and(|rest| rest.starts_with("${"))
        }
        _ => false,
    });
    end.map_or(text.len(), |(place, _)| place)
}

/// Where the brace is that ends a variable; one between the quotes of a default does not.
fn variable_end(inside: &str) -> Option<usize> {
    let mut quoted = false;
    let mut places = inside.char_indices();
    let end = places.find(|(_, character)| {
        quoted ^= *character == '\'';
        *character == '}' && !quoted
    });
    end.map(|(place, _)| place)
}

fn variable(body: &str) -> Option<Token> {
    if matches!(body, "*" | "?" | "$") {
        return Some(Token::Fixed(Atom::Text(Cow::Owned(body.to_owned()))));
    }
    let (key, default) = match body.split_once(',') {
        None => (body, None),
        Some((key, default)) => {
            let quoted = default.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            (key, Some(quoted))
        }
    };
    let key = key.trim();
    let is_key = !key.is_empty() && !key.contains(['$', '{', '\'', '*', '?']);
    let plain_default = default.is_none_or(|default| !default.contains('\''));
    (is_key && plain_default).then(|| {
        Token::Variable(Variable {
            key: key.to_ascii_lowercase().into(),
            default: default.map(Into::into),
        })
    })
}

impl Matcher for Glob {
    fn build(atoms: &[Atom<'_>]) -> Self {
        Self::new(atoms.iter().map(Atom::borrowed))
    }

    fn matches(&self, text: &str) -> bool {
        Self::matches(self, text)
    }
}

/// Matches one text alone.
#[derive(Debug, Clone)]
pub(super) struct Exact(Box<str>);

impl Matcher for Exact {
    fn build(atoms: &[Atom<'_>]) -> Self {
        Self(joined(atoms).into())
    }

    fn matches(&self, text: &str) -> bool {
        *self.0 == *text
    }
}

/// Matches one text in any mixture of capitals and small letters.
#[derive(Debug, Clone)]
pub(super) struct AnyCase(Box<str>);

impl Matcher for AnyCase {
    fn build(atoms: &[Atom<'_>]) -> Self {
        Self(joined(atoms).into())
    }

    fn matches(&self, text: &str) -> bool {
        let wanted = self.0.chars().flat_map(char::to_lowercase);
        wanted.eq(text.chars().flat_map(char::to_lowercase))
    }
}

/// Matches `true` or `false`, in any case.
#[derive(Debug, Clone)]
pub(super) struct Truth(Option<bool>);

impl Truth {
    pub(super) fn of(text: &str) -> Option<bool> {
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        (is("true") || is("false")).then(|| is("true"))
    }
}

impl Matcher for Truth {
    fn build(atoms: &[Atom<'_>]) -> Self {
        Self(Self::of(&joined(atoms)))
    }

    fn matches(&self, text: &str) -> bool {
        self.0.is_some() && self.0 == Self::of(text)
    }
}

/// Matches an ARN part by part: a star of the first five parts ends at a colon.
#[derive(Debug, Clone)]
pub(super) struct ArnGlob(Option<Box<[Glob]>>);

impl Matcher for ArnGlob {
    fn build(atoms: &[Atom<'_>]) -> Self {
        let mut parts: Vec<Vec<Atom<'_>>> = Vec::with_capacity(ARN_PARTS);
        let mut part = Vec::new();
        for atom in atoms {
            let Atom::Text(text) = atom else {
                part.push(atom.clone());
                continue;
            };
            let mut pieces = text.splitn(ARN_PARTS - parts.len(), ':').peekable();
            while let Some(piece) = pieces.next() {
                part.push(Atom::Text(Cow::Borrowed(piece)));
                if pieces.peek().is_some() {
                    parts.push(std::mem::take(&mut part));
                }
            }
        }
        parts.push(part);
        let whole = parts.len() == ARN_PARTS;
        Self(whole.then(|| parts.into_iter().map(Glob::new).collect()))
    }

    fn matches(&self, text: &str) -> bool {
        let Some(wanted) = &self.0 else {
            return false;
        };
        let mut parts = text.splitn(ARN_PARTS, ':');
        wanted
            .iter()
            .all(|glob| parts.next().is_some_and(|part| glob.matches(part)))
    }
}

/// `arn:partition:service:region:account:resource`
pub(super) const ARN_PARTS: usize = 6;

fn joined(atoms: &[Atom<'_>]) -> String {
    let texts = atoms.iter().map(|atom| match atom {
        Atom::Text(text) => &**text,
        Atom::AnyRun => "*",
        Atom::AnyOne => "?",
    });
    texts.collect()
}
