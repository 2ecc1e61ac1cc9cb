//! One statement, compiled.

use super::{
    condition::Condition,
    glob::Glob,
    pattern::Pattern,
    principal::PrincipalPattern,
    request::{ConditionKeys, PolicyRequest},
};

/// A statement: whom, what, with which resource and when it allows or denies.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sid: Option<Box<str>>,
    pub(super) denies: bool,
    pub(super) principals: Option<Listed<PrincipalPattern>>,
    /// In lower case.
    pub(super) actions: Listed<Glob>,
    pub(super) resources: Listed<Pattern<Glob>>,
    pub(super) conditions: Vec<Condition>,
}

/// A list, and whether it says what a statement is about or what it is not about (`NotAction`).
#[derive(Debug, Clone)]
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    pub(super) inverted: bool,
}

impl<T> Listed<T> {
    /// Excludes nothing.
    fn everything() -> Self {
        Self {
            items: Vec::new(),
            inverted: true,
        }
    }

    fn admits(&self, fits: impl FnMut(&T) -> bool) -> bool {
        self.items.iter().any(fits) != self.inverted
    }
}

impl Statement {
    pub(super) fn deny_all() -> Self {
        Self {
            sid: None,
            denies: true,
            principals: None,
            actions: Listed::everything(),
            resources: Listed::everything(),
            conditions: Vec::new(),
        }
    }

    /// Whether the statement is about the request; principals are looked at on demand.
    pub(super) fn applies(&self, request: &PolicyRequest<'_>, asks_principal: bool) -> bool {
        let action = request.action.lower();
        (!asks_principal || self.names(request))
            && self.actions.admits(|glob| glob.matches(action))
            && self.covers(request.resource, request.keys)
            && self
                .conditions
                .iter()
                .all(|condition| condition.holds(request.keys))
    }

    fn names(&self, request: &PolicyRequest<'_>) -> bool {
        self.principals
            .as_ref()
            .is_some_and(|listed| listed.admits(|principal| principal.names(&request.caller)))
    }

    /// A variable without a value fits no resource, and `NotResource` with one never widens what is allowed.
    fn covers(&self, resource: &str, keys: &dyn ConditionKeys) -> bool {
        let mut unknown = false;
        let covered = self.resources.admits(|pattern| {
            let fits = pattern.matches(resource, keys);
            unknown |= fits.is_none();
            fits == Some(true)
        });
        covered && (!unknown || !self.resources.inverted || self.denies)
    }
}
