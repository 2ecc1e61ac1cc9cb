//! What IAM says about a caller: its policies, and what bounds them.

use super::{Effect, Policy, PolicyRequest};

/// The policies of a caller: an allow among its own, which each bound that there is must confirm.
///
/// [`Policy::deny_all`] takes the place of a document that could not be read: what it would have denied is unknown.
#[derive(Debug, Clone, Default)]
pub struct IdentityPolicies {
    own: Vec<Policy>,
    bounds: Vec<Vec<Policy>>,
}

impl IdentityPolicies {
    /// Creates the policies of a caller: those of the user or role and of its groups.
    #[must_use]
    pub fn new(own: Vec<Policy>) -> Self {
        Self {
            own,
            bounds: Vec::new(),
        }
    }

    /// Adds a permissions boundary, the policies of a session or of an organization: one of them must allow as well.
    #[must_use]
    pub fn bounded_by(mut self, bound: Vec<Policy>) -> Self {
        self.bounds.push(bound);
        self
    }

    /// Evaluates the policies: a denial in any of them wins.
    #[must_use]
    pub fn evaluate(&self, request: &PolicyRequest<'_>) -> Effect<'_> {
        let mut effect = union(&self.own, request);
        for bound in &self.bounds {
            match union(bound, request) {
                denial @ Effect::Deny { .. } => return denial,
                Effect::NotApplicable if effect == Effect::Allow => effect = Effect::NotApplicable,
                Effect::NotApplicable | Effect::Allow => {}
            }
        }
        effect
    }
}

/// What policies say together.
fn union<'p>(policies: &'p [Policy], request: &PolicyRequest<'_>) -> Effect<'p> {
    let mut union = Effect::NotApplicable;
    for policy in policies {
        match policy.evaluate(request) {
            denial @ Effect::Deny { .. } => return denial,
            Effect::Allow => union = Effect::Allow,
            Effect::NotApplicable => {}
        }
    }
    union
}
