//! Amazon Cognito authorizers, and the keys of their user pools.

use std::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    time::Duration,
};

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
pub(crate) struct IssuerKeyRing {
    /// Those that the host has a source for.
    told: BTreeMap<String, Arc<CachedKeys>>,
    /// Those that are fetched from their pools, for as long as an authorizer believes them.
    fetched: BTreeMap<String, Weak<CachedKeys>>,
}

impl IssuerKeyRing {
    /// Takes the keys of an issuer from `source`.
    pub(crate) fn insert(&mut self, issuer: String, source: impl KeySource) {
        self.told.insert(issuer, kept(source));
    }

    /// Goes on with what `before` fetched, unless the host has a source for it now.
    pub(crate) fn take_over(&mut self, before: &Self) {
        for (issuer, keys) in &before.fetched {
            self.fetched
                .entry(issuer.clone())
                .or_insert_with(|| Weak::clone(keys));
        }
        self.fetched.retain(|_, keys| keys.strong_count() > 0);
    }

    /// Returns whether every issuer has the keys here that are believed of it.
    pub(super) fn has(&self, believed: &BelievedKeys) -> bool {
        believed.0.iter().all(|(issuer, keys)| {
            let known = self.get(issuer);
            known.is_some_and(|known| Arc::ptr_eq(&known, keys))
        })
    }

    fn get(&self, issuer: &str) -> Option<Arc<CachedKeys>> {
        let fetched = || self.fetched.get(issuer)?.upgrade();
        self.told.get(issuer).cloned().or_else(fetched)
    }

    /// Returns the keys of a pool. They are fetched from the pool itself unless the host said otherwise.
    fn of(&mut self, pool: &UserPool, backends: &Backends) -> Result<Arc<CachedKeys>, String> {
        if let Some(keys) = self.get(pool.issuer()) {
            return Ok(keys);
        }
        let source = OidcKeySource::key_set_at(&pool.key_set_url());
        let (clock, timer) = backends.time();
        let source = source.map_err(|error| error.to_string())?;
        let keys = kept(source.with_time(clock, timer));
        self.fetched.retain(|_, keys| keys.strong_count() > 0);
        self.fetched
            .insert(pool.issuer().to_owned(), Arc::downgrade(&keys));
        Ok(keys)
    }
}

/// The keys that the authorizers of an API believe, by their issuers.
#[derive(Default)]
pub(super) struct BelievedKeys(BTreeMap<String, Arc<CachedKeys>>);

impl BelievedKeys {
    /// Adds what a rule, which was built with these keys, believes.
    pub(super) fn add(&mut self, rule: &CognitoRule, keys: &IssuerKeyRing) {
        let issuers = rule.pools.iter().map(UserPool::issuer);
        let believed = issuers.filter_map(|issuer| Some((issuer.to_owned(), keys.get(issuer)?)));
        self.0.extend(believed);
    }
}

fn kept(source: impl KeySource) -> Arc<CachedKeys> {
    Arc::new(CachedKeys::new(source).with_fresh_for(FRESH_FOR))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use towergate_core::{BoxFuture, KeySourceError};

    use super::*;

    struct Down;

    impl KeySource for Down {
        fn key_set(&self) -> BoxFuture<'_, Result<Bytes, KeySourceError>> {
            Box::pin(async { Err(KeySourceError::KeySet("down".into())) })
        }
    }

    fn rule(pool: &str) -> CognitoRule {
        let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/us-east-1_{pool}");
        CognitoRule {
            pools: vec![arn.parse().unwrap()],
            source: IdentitySource::parse_list("method.request.header.Authorization")
                .unwrap()
                .remove(0),
            validation: None,
        }
    }

    fn believed(rule: &CognitoRule, ring: &mut IssuerKeyRing) -> BelievedKeys {
        let _authorizer = rule.build(&Backends::new(), ring).unwrap();
        let mut believed = BelievedKeys::default();
        believed.add(rule, ring);
        believed
    }

    #[test]
    fn what_was_fetched_is_kept_for_as_long_as_it_is_believed() {
        let mut ring = IssuerKeyRing::default();
        let stays = believed(&rule("stays"), &mut ring);
        for number in 0..1_000 {
            drop(believed(&rule(&format!("goes{number}")), &mut ring));
            assert!(ring.fetched.len() <= 2, "{number}: {}", ring.fetched.len());
        }
        assert!(ring.has(&stays));
        let again = believed(&rule("stays"), &mut ring);
        assert!(ring.has(&again));

        let mut next = IssuerKeyRing::default();
        next.take_over(&ring);
        assert_eq!(next.fetched.len(), 1);
        assert!(next.has(&stays));
        drop((stays, again));
        let mut last = IssuerKeyRing::default();
        last.take_over(&next);
        assert!(last.fetched.is_empty());
    }

    #[test]
    fn what_the_host_has_a_source_for_is_not_fetched() {
        let mut ring = IssuerKeyRing::default();
        let fetched = believed(&rule("one"), &mut ring);
        ring.insert(rule("one").pools[0].issuer().to_owned(), Down);
        assert!(!ring.has(&fetched));
        let told = believed(&rule("one"), &mut ring);
        assert!(ring.has(&told));
        let mut next = IssuerKeyRing::default();
        next.take_over(&ring);
        assert!(!next.has(&told), "what is told is told anew");
    }
}
