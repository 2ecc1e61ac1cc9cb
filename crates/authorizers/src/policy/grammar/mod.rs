//! From JSON to statements, with everything that is wrong on the way.

mod nodes;

use std::borrow::Cow;

use self::nodes::{Members, member};
use super::{
    ApiArn, PolicyKind,
    condition::{Condition, Unreadable},
    document::Node,
    error::{Place, PolicyError, Problem, excerpt},
    glob::{Atom, Glob},
    kind::{MAX_AUTHORIZER_RESOURCE_CHARS, check_action, check_resource},
    operator::Operator,
    pattern::{ARN_PARTS, Pattern, Syntax, Token, tokens},
    principal::PrincipalPattern,
    statement::{Listed, Statement},
};

/// The largest number of statements in a policy.
const MAX_STATEMENTS: usize = 64;

/// Reads a document and collects what is wrong with it.
pub(super) struct Grammar<'g> {
    kind: Option<PolicyKind>,
    /// What `execute-api:/` is short for.
    api: Option<&'g ApiArn>,
    /// Whether the policy's version has variables.
    variables: bool,
    errors: Vec<PolicyError>,
}

impl<'g> Grammar<'g> {
    pub(super) fn new(kind: Option<PolicyKind>, api: Option<&'g ApiArn>) -> Self {
        Self {
            kind,
            api,
            variables: false,
            errors: Vec::new(),
        }
    }

    pub(super) fn read(mut self, document: &Node) -> Result<Vec<Statement>, Vec<PolicyError>> {
        let statements = self.document(document);
        if self.errors.is_empty() {
            Ok(statements)
        } else {
            Err(self.errors)
        }
    }

    fn document(&mut self, document: &Node) -> Vec<Statement> {
        let place = Place::Document;
        let members = self.members(
            place,
            document,
            "`Version`, `Id` and `Statement`",
            &["Version", "Id", "Statement"],
        );
        let Some(members) = members else {
            return Vec::new();
        };
        self.version(place, member(&members, "Version"));
        if let Some(id) = member(&members, "Id") {
            self.text(Place::Member(&place, "Id"), id);
        }
        match member(&members, "Statement") {
            Some(statement) => self.statements(Place::Member(&place, "Statement"), statement),
            None => {
                self.report(place, Problem::Missing("`Statement`"));
                Vec::new()
            }
        }
    }

    fn version(&mut self, parent: Place<'_>, version: Option<&Node>) {
        let place = Place::Member(&parent, "Version");
        let is_identity = self.kind == Some(PolicyKind::Identity);
        let Some(version) = version else {
            if is_identity {
                self.report(parent, Problem::Missing("`Version` 2012-10-17"));
            }
            return;
        };
        match self.text(place, version) {
            Some("2012-10-17") => self.variables = true,
            Some("2008-10-17") if !is_identity => {}
            Some(other) => {
                let expected = if is_identity {
                    "the version of an identity policy: write `2012-10-17`"
                } else {
                    "a version: write `2012-10-17`, or `2008-10-17` for a policy without variables"
                };
                self.report(place, Problem::malformed(other, expected));
            }
            None => {}
        }
    }

    fn statements(&mut self, place: Place<'_>, node: &Node) -> Vec<Statement> {
        let statements: Vec<Statement> = match node {
            Node::List(items) if items.len() > MAX_STATEMENTS => {
                self.report(
                    place,
                    Problem::TooLong {
                        limit: MAX_STATEMENTS,
                        unit: "statements",
                    },
                );
                Vec::new()
            }
            Node::List(items) if items.is_empty() => {
                self.report(place, Problem::Missing("a statement"));
                Vec::new()
            }
            Node::List(items) => items
                .iter()
                .enumerate()
                .filter_map(|(index, item)| self.statement(Place::Item(&place, index), item))
                .collect(),
            single => self.statement(place, single).into_iter().collect(),
        };
        if self.kind == Some(PolicyKind::Identity) {
            self.check_unique(place, &statements);
        }
        statements
    }

    /// Checks that no two statements share an id; an empty one is none.
    fn check_unique(&mut self, place: Place<'_>, statements: &[Statement]) {
        let sids = statements
            .iter()
            .map(|statement| statement.sid.as_deref().unwrap_or_default());
        let sids: Vec<&str> = sids.collect();
        for (index, sid) in sids.iter().enumerate() {
            if !sid.is_empty() && sids.iter().take(index).any(|earlier| earlier == sid) {
                self.report(place, Problem::Duplicate(excerpt(sid)));
            }
        }
    }

    fn statement(&mut self, place: Place<'_>, node: &Node) -> Option<Statement> {
        let members = self.members(
            place,
            node,
            "`Sid`, `Effect`, `Principal`, `NotPrincipal`, `Action`, `NotAction`, `Resource`, `NotResource` and `Condition`",
            &[
                "Sid",
                "Effect",
                "Principal",
                "NotPrincipal",
                "Action",
                "NotAction",
                "Resource",
                "NotResource",
                "Condition",
            ],
        )?;
        let sid = member(&members, "Sid");
        let sid = sid.and_then(|sid| self.text(Place::Member(&place, "Sid"), sid));
        let denies = self.effect(place, member(&members, "Effect"));
        let principals = self.principals(place, &members);
        let actions = self.actions(place, &members);
        let resources = self.resources(place, &members);
        let condition = member(&members, "Condition");
        let conditions = condition
            .map(|node| self.conditions(Place::Member(&place, "Condition"), node))
            .unwrap_or_default();
        Some(Statement {
            sid: sid.map(Into::into),
            denies: denies?,
            principals,
            actions: actions?,
            resources: resources?,
            conditions,
        })
    }

    fn effect(&mut self, parent: Place<'_>, node: Option<&Node>) -> Option<bool> {
        let Some(node) = node else {
            self.report(parent, Problem::Missing("`Effect`"));
            return None;
        };
        let place = Place::Member(&parent, "Effect");
        match self.text(place, node)? {
            "Allow" => Some(false),
            "Deny" => Some(true),
            other => {
                self.report(
                    place,
                    Problem::malformed(other, "an effect: write `Allow` or `Deny`"),
                );
                None
            }
        }
    }

    fn principals(
        &mut self,
        place: Place<'_>,
        members: &Members<'_>,
    ) -> Option<Listed<PrincipalPattern>> {
        let names = ("Principal", "NotPrincipal");
        let is_resource = self.kind == Some(PolicyKind::Resource);
        let required = is_resource.then_some("`Principal`");
        let (name, node) = self.either(place, members, names, required)?;
        let inverted = name == names.1;
        let place = Place::Member(&place, name);
        if self.kind == Some(PolicyKind::Identity) {
            self.report(place, Problem::Unwanted(name));
        }
        let items = match node {
            Node::Text(text) if text == "*" => vec![PrincipalPattern::Anyone],
            Node::Object(_) => self.principal_map(place, node),
            Node::Text(text) => {
                self.report(place, Problem::malformed(text, PRINCIPAL));
                Vec::new()
            }
            other => {
                self.wrong_type(place, "`\"*\"` or an object", other);
                Vec::new()
            }
        };
        Some(Listed { items, inverted })
    }

    fn principal_map(&mut self, place: Place<'_>, node: &Node) -> Vec<PrincipalPattern> {
        let known = &["AWS", "Federated", "Service"];
        let members = self.members(place, node, "`AWS`, `Federated` and `Service`", known);
        let mut principals = Vec::new();
        let members = members.unwrap_or_default();
        if members.is_empty() && matches!(node, Node::Object(members) if members.is_empty()) {
            self.report(place, Problem::Missing("a principal"));
        }
        for (name, node) in members {
            let place = Place::Member(&place, name);
            for (at, text) in self.listed(place, node, "a principal") {
                let principal = match name {
                    "Federated" => Some(PrincipalPattern::Federated(text.into())),
                    "Service" => Some(PrincipalPattern::Service(text.into())),
                    _ => PrincipalPattern::aws(text),
                };
                match principal {
                    Some(principal) => principals.push(principal),
                    None => self.report_value(place, at, Problem::malformed(text, PRINCIPAL)),
                }
            }
        }
        principals
    }

    fn actions(&mut self, place: Place<'_>, members: &Members<'_>) -> Option<Listed<Glob>> {
        let names = ("Action", "NotAction");
        let (name, node) = self.either(place, members, names, Some("`Action`"))?;
        let place = Place::Member(&place, name);
        let mut items = Vec::new();
        for (at, text) in self.listed(place, node, "an action") {
            if self.is_checked()
                && let Err(problem) = check_action(text)
            {
                self.report_value(place, at, problem);
            }
            items.push(action(text));
        }
        let inverted = name == names.1;
        Some(Listed { items, inverted })
    }

    fn resources(
        &mut self,
        place: Place<'_>,
        members: &Members<'_>,
    ) -> Option<Listed<Pattern<Glob>>> {
        let names = ("Resource", "NotResource");
        let (name, node) = self.either(place, members, names, Some("`Resource`"))?;
        let place = Place::Member(&place, name);
        let mut items = Vec::new();
        for (at, text) in self.listed(place, node, "a resource") {
            match self.resource(text) {
                Ok(pattern) => items.push(pattern),
                Err(problem) => self.report_value(place, at, problem),
            }
        }
        let inverted = name == names.1;
        Some(Listed { items, inverted })
    }

    fn resource(&self, text: &str) -> Result<Pattern<Glob>, Problem> {
        let is_long = |limit| text.chars().nth(limit).is_some();
        if self.kind == Some(PolicyKind::Authorizer) && is_long(MAX_AUTHORIZER_RESOURCE_CHARS) {
            return Err(Problem::TooLong {
                limit: MAX_AUTHORIZER_RESOURCE_CHARS,
                unit: "characters",
            });
        }
        let text = match (self.api, text.strip_prefix("execute-api:/")) {
            (Some(api), Some(rest)) => Cow::Owned(format!("{api}/{rest}")),
            _ => Cow::Borrowed(text),
        };
        if self.is_checked() {
            check_resource(&text)?;
        }
        let syntax = Syntax {
            wildcards: true,
            variables: self.variables,
        };
        let tokens = tokens(&text, syntax)?;
        check_variable_places(&text, &tokens)?;
        Ok(Pattern::new(tokens))
    }

    fn conditions(&mut self, place: Place<'_>, node: &Node) -> Vec<Condition> {
        let mut conditions = Vec::new();
        for (name, block) in self.any_members(place, node).unwrap_or_default() {
            let place = Place::Member(&place, name);
            let operator = Operator::parse(name);
            if operator.is_none() {
                self.report(place, Problem::UnknownOperator(excerpt(name)));
            }
            for (key, node) in self.any_members(place, block).unwrap_or_default() {
                let place = Place::Member(&place, key);
                let values = self.scalars(place, node);
                if let Some(operator) = operator {
                    conditions.push(self.condition(place, operator, key, &values));
                }
            }
        }
        conditions
    }

    fn condition(
        &mut self,
        place: Place<'_>,
        operator: Operator,
        key: &str,
        values: &[(Option<usize>, Cow<'_, str>)],
    ) -> Condition {
        let texts: Vec<Cow<'_, str>> = values.iter().map(|(_, text)| text.clone()).collect();
        let variables = self.variables;
        Condition::new(operator, key, &texts, variables, |index, unreadable| {
            let at = values.get(index).and_then(|(at, _)| *at);
            match unreadable {
                Unreadable::Variable(problem) => self.report_value(place, at, problem),
                // A denial with a mistyped address would not deny.
                Unreadable::Value(problem) if self.kind.is_some() => {
                    self.report_value(place, at, problem);
                }
                Unreadable::Value(_) => {}
            }
        })
    }

    /// Whether the document is checked as it is when it is saved, beyond what is needed to decide by it.
    fn is_checked(&self) -> bool {
        matches!(self.kind, Some(PolicyKind::Identity | PolicyKind::Resource))
    }
}

const PRINCIPAL: &str =
    "a principal: write `*`, an account id, or the whole ARN of a user, role or session";

fn action(text: &str) -> Glob {
    let text = text.to_ascii_lowercase();
    let syntax = Syntax {
        wildcards: true,
        variables: false,
    };
    // Without variables nothing can be malformed; a pattern that could not be read would match nothing.
    let tokens = tokens(&text, syntax).unwrap_or_default();
    Glob::new(tokens.into_iter().filter_map(|token| match token {
        Token::Fixed(atom) => Some(atom),
        Token::Variable(_) => None,
    }))
}

/// Checks that the variables of an ARN stand in its last part, where alone they have a meaning.
fn check_variable_places(text: &str, tokens: &[Token]) -> Result<(), Problem> {
    if !text.starts_with("arn:") {
        return Ok(());
    }
    let mut colons = 0;
    for token in tokens {
        match token {
            Token::Fixed(Atom::Text(text)) => colons += text.matches(':').count(),
            Token::Fixed(_) => {}
            Token::Variable(_) if colons >= ARN_PARTS - 1 => {}
            Token::Variable(_) => {
                return Err(Problem::malformed(
                    text,
                    "a resource: variables may stand only in the last part of an ARN",
                ));
            }
        }
    }
    Ok(())
}
