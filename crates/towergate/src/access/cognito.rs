//! Amazon Cognito authorizers, and the keys of their user pools.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use towergate_authorizers::{
    IdentitySource,
    jwt::{CognitoAuthorizer, CognitoVerifier, IssuerKeys, UserPool},
    keys::{CachedKeys, KeySet, OidcKeySource},
};
use towergate_core::KeySource;
use towergate_definition::Authorizer;
use towergate_expressions::SelectionPattern;
use towergate_integrations::Backends;

/// How long a REST API serves with a key set before it is fetched anew.
const FRESH_FOR: Duration = Duration::from_secs(60 * 60);

/// An authorizer that believes the tokens of user pools.
#[derive(Debug)]
pub(super) struct CognitoRule {
    pools: Vec<UserPool>,
    source: IdentitySource,
    validation: Option<SelectionPattern>,
}

impl CognitoRule {
    pub(super) fn compile(authorizer: &Authorizer) -> Result<Self, String> {
        let pools = authorizer.provider_arns.iter().map(|arn| arn.parse());
        let pools = pools.collect::<Result<Vec<UserPool>, _>>();
        let sources = authorizer.identity_source.as_deref().unwrap_or_default();
        let mut sources = IdentitySource::parse_list(sources).map_err(|error| error.to_string())?;
        let source = sources.pop().filter(IdentitySource::is_header);
        let source = source.filter(|_| sources.is_empty()).ok_or(
            "the `identitySource` of a Cognito authorizer is one header: method.request.header.NAME",
        )?;
        let validation = authorizer.identity_validation_expression.as_deref();
        let validation = validation.map(SelectionPattern::parse).transpose();
        let rule = Self {
            pools: pools.map_err(|error| error.to_string())?,
            source,
            validation: validation.map_err(|error| error.to_string())?,
        };
        // Found out now, rather than when the API is put on a gateway.
        let no_keys = KeySet::parse(br#"{"keys": []}"#).map_err(|error| error.to_string())?;
        let no_keys = Arc::new(no_keys);
        rule.verifier(|_| Ok(Arc::clone(&no_keys)))?;
        Ok(rule)
    }

    /// Joins the rule with the keys of a gateway.
    pub(super) fn build(
        &self,
        backends: &Backends,
        keys: &mut IssuerKeyRing,
    ) -> Result<CognitoAuthorizer, String> {
        let verifier = self.verifier(|pool| keys.of(pool, backends))?;
        let (clock, _) = backends.time();
        Ok(CognitoAuthorizer::new(verifier)
            .source(self.source.clone())
            .with_clock(clock))
    }

    fn verifier<K: Into<IssuerKeys>>(
        &self,
        mut keys_of: impl FnMut(&UserPool) -> Result<K, String>,
    ) -> Result<CognitoVerifier, String> {
        let pools = self.pools.iter();
        let pools = pools.map(|pool| Ok((pool.clone(), keys_of(pool)?)));
        let pools = pools.collect::<Result<Vec<_>, String>>()?;
        let verifier = CognitoVerifier::new(pools).map_err(|error| error.to_string())?;
        Ok(match &self.validation {
            Some(validation) => verifier.with_validation_expression(validation.clone()),
            None => verifier,
        })
    }
}

/// The keys of the issuers that a gateway believes, each kept once.
#[derive(Debug, Clone, Default)]
pub(crate) struct IssuerKeyRing(BTreeMap<String, Arc<CachedKeys>>);

impl IssuerKeyRing {
    /// Takes the keys of an issuer from `source`.
    pub(crate) fn insert(&mut self, issuer: String, source: impl KeySource) {
        self.0.insert(issuer, kept(source));
    }

    /// Returns whether every issuer of `before` has the same keys here.
    pub(crate) fn continues(&self, before: &Self) -> bool {
        before.0.iter().all(|(issuer, keys)| {
            self.0
                .get(issuer)
                .is_some_and(|known| Arc::ptr_eq(known, keys))
        })
    }

    /// Returns the keys of a pool. They are fetched from the pool itself unless the host said otherwise.
    fn of(&mut self, pool: &UserPool, backends: &Backends) -> Result<Arc<CachedKeys>, String> {
        if let Some(keys) = self.0.get(pool.issuer()) {
            return Ok(Arc::clone(keys));
        }
        let source = OidcKeySource::key_set_at(&pool.key_set_url());
        let (clock, timer) = backends.time();
        let source = source.map_err(|error| error.to_string())?;
        let keys = kept(source.with_time(clock, timer));
        self.0.insert(pool.issuer().to_owned(), Arc::clone(&keys));
        Ok(keys)
    }
}

fn kept(source: impl KeySource) -> Arc<CachedKeys> {
    Arc::new(CachedKeys::new(source).with_fresh_for(FRESH_FOR))
}
