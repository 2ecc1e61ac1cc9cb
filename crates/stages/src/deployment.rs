//! What is released: a service that was put aside under an id, and the history of an API's.

use std::{collections::VecDeque, fmt, num::NonZeroUsize, sync::Arc};

use towergate_core::{Random, Timestamp};

/// A service as it was deployed, with the id that stages point at. It never changes.
pub struct Deployment<S> {
    id: Box<str>,
    description: Option<Box<str>>,
    created: Timestamp,
    service: S,
}

impl<S> Deployment<S> {
    /// Creates a deployment with an id of the caller's.
    #[must_use]
    pub fn new(id: impl Into<Box<str>>, created: Timestamp, service: S) -> Self {
        Self {
            id: id.into(),
            description: None,
            created,
            service,
        }
    }

    /// Sets what a human says of it.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<Box<str>>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Creates a deployment that is this one but for its service.
    #[must_use]
    pub fn with_service<T>(&self, service: T) -> Deployment<T> {
        Deployment {
            id: self.id.clone(),
            description: self.description.clone(),
            created: self.created,
            service,
        }
    }

    /// Returns the id: `$context.deploymentId`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns what a human said of it.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Returns when it was made.
    #[must_use]
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// Returns the service.
    #[must_use]
    pub fn service(&self) -> &S {
        &self.service
    }
}

impl<S> fmt::Debug for Deployment<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployment")
            .field("id", &self.id)
            .field("description", &self.description)
            .field("created", &self.created)
            .finish_non_exhaustive()
    }
}

/// Draws an id as API Gateway has them: six of `a-z0-9`.
#[must_use]
pub fn draw_deployment_id(random: &dyn Random) -> String {
    const SIGNS: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut bits = random.next_u64();
    let mut sign = || {
        let index = (bits % 36) as usize;
        bits /= 36;
        SIGNS.get(index).map_or('a', |sign| char::from(*sign))
    };
    (0..6).map(|_| sign()).collect()
}

/// The deployments of an API that are kept, the oldest first: any of them can be pointed at again.
///
/// A full history drops its oldest deployment that no stage points at. Who points at what is told by the caller, as the
/// ids in use; a [`StageHandle`](crate::StageHandle) does that by itself.
pub struct Deployments<S> {
    kept: VecDeque<Arc<Deployment<S>>>,
    max: NonZeroUsize,
}

/// The deployment that came, and the one that went for it.
type Replaced<S> = (Arc<Deployment<S>>, Option<Arc<Deployment<S>>>);

impl<S> Deployments<S> {
    /// How many deployments are kept unless told otherwise.
    pub const DEFAULT_MAX: NonZeroUsize = NonZeroUsize::new(10).expect("ten is not zero");

    /// Creates an empty history that keeps at most `max` deployments.
    #[must_use]
    pub fn new(max: NonZeroUsize) -> Self {
        Self {
            kept: VecDeque::new(),
            max,
        }
    }

    /// Draws an id that no deployment of the history has.
    #[must_use]
    pub fn draw_id(&self, random: &dyn Random) -> String {
        let mut id = draw_deployment_id(random);
        // A source of chance that repeats itself must not hold this up for ever: what it gives is counted on.
        let mut attempt = 0_usize;
        while self.get(&id).is_some() {
            attempt += 1;
            id = if attempt <= 8 {
                draw_deployment_id(random)
            } else {
                format!("{attempt:06}")
            };
        }
        id
    }

    /// Adds a deployment, and drops the oldest that is not in use if the history was full.
    ///
    /// # Errors
    ///
    /// Returns an error if its id is taken, or if the history is full of deployments in use.
    pub fn insert(
        &mut self,
        deployment: Deployment<S>,
        in_use: impl Fn(&str) -> bool,
    ) -> Result<Arc<Deployment<S>>, DeploymentError> {
        let (deployment, _dropped) = self.replace_oldest(deployment, in_use)?;
        Ok(deployment)
    }

    /// As [`insert`](Self::insert), and returns what it drops too.
    pub(crate) fn replace_oldest(
        &mut self,
        deployment: Deployment<S>,
        in_use: impl Fn(&str) -> bool,
    ) -> Result<Replaced<S>, DeploymentError> {
        if self.get(deployment.id()).is_some() {
            return Err(DeploymentError::Duplicate(deployment.id().to_owned()));
        }
        let mut dropped = None;
        if self.kept.len() >= self.max.get() {
            let unused = self.kept.iter().position(|kept| !in_use(kept.id()));
            let unused = unused.ok_or(DeploymentError::Full(self.max))?;
            dropped = self.kept.remove(unused);
        }
        let deployment = Arc::new(deployment);
        self.kept.push_back(Arc::clone(&deployment));
        Ok((deployment, dropped))
    }

    /// Returns a deployment.
    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Arc<Deployment<S>>> {
        self.kept.iter().find(|deployment| deployment.id() == id)
    }

    /// Returns the deployments, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Deployment<S>>> {
        self.kept.iter()
    }

    /// Returns a history of what is made of each service, with the ids and times of the deployments. Those of which nothing
    /// is made are not kept.
    #[must_use]
    pub fn filter_map<T>(&self, mut service: impl FnMut(&S) -> Option<T>) -> Deployments<T> {
        let kept = self.kept.iter().filter_map(|deployment| {
            let service = service(deployment.service())?;
            Some(Arc::new(deployment.with_service(service)))
        });
        Deployments {
            kept: kept.collect(),
            max: self.max,
        }
    }

    /// Returns how many deployments are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Returns whether there is no deployment.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Deletes a deployment. Requests that it serves go on to their end.
    ///
    /// # Errors
    ///
    /// Returns an error if there is none, or if it is in use.
    pub fn delete(
        &mut self,
        id: &str,
        in_use: impl Fn(&str) -> bool,
    ) -> Result<Arc<Deployment<S>>, DeploymentError> {
        let index = self.kept.iter().position(|kept| kept.id() == id);
        let index = index.ok_or(DeploymentError::Unknown)?;
        if in_use(id) {
            return Err(DeploymentError::InUse);
        }
        self.kept.remove(index).ok_or(DeploymentError::Unknown)
    }
}

impl<S> fmt::Debug for Deployments<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deployments")
            .field("kept", &self.kept)
            .field("max", &self.max)
            .finish()
    }
}

impl<S> Default for Deployments<S> {
    fn default() -> Self {
        Self::new(Self::DEFAULT_MAX)
    }
}

impl<S> Clone for Deployments<S> {
    fn clone(&self) -> Self {
        Self {
            kept: self.kept.clone(),
            max: self.max,
        }
    }
}

/// A history refuses. Where API Gateway has words for it, those are displayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeploymentError {
    /// There is a deployment of this id already.
    #[error("there is a deployment `{0}` already: give another id")]
    Duplicate(String),
    /// Every deployment of a full history is in use.
    #[error(
        "all {0} deployments that are kept are in use: keep more, or move a stage away from one"
    )]
    Full(NonZeroUsize),
    /// A stage or its canary points at the deployment.
    #[error("Active stages pointing to this deployment must be moved or deleted")]
    InUse,
    /// There is no deployment of this id.
    #[error("Deployment id does not exist")]
    Unknown,
}

#[cfg(test)]
mod tests {
    use towergate_testing::FixedRandom;

    use super::*;

    fn kept(ids: &[&str], max: usize) -> Deployments<()> {
        let mut deployments = Deployments::new(NonZeroUsize::new(max).expect("not zero"));
        for id in ids {
            let deployment = Deployment::new(*id, Timestamp::default(), ());
            deployments.insert(deployment, |_| false).expect("room");
        }
        deployments
    }

    #[test]
    fn ids_are_six_letters_and_digits() {
        let cases = [
            (0, "aaaaaa"),
            (35, "9aaaaa"),
            (36, "abaaaa"),
            (u64::MAX, "p2q2eg"),
        ];
        for (bits, expected) in cases {
            let id = draw_deployment_id(&FixedRandom::new(bits));
            assert_eq!(id, expected, "{bits}");
        }
    }

    #[test]
    fn an_id_is_given_once() {
        let mut deployments = kept(&["one"], 2);
        let again = Deployment::new("one", Timestamp::default(), ());
        let error = deployments
            .insert(again, |_| false)
            .expect_err("it is taken");
        assert_eq!(error, DeploymentError::Duplicate("one".to_owned()));
        assert_eq!((deployments.len(), deployments.is_empty()), (1, false));
    }

    #[test]
    fn a_history_of_other_services_keeps_ids_and_times() {
        let mut deployments = kept(&["one", "two"], 3);
        let later = Timestamp::from_unix_millis(1_000);
        let three = Deployment::new("three", later, ()).with_description("faster");
        deployments.insert(three, |_| false).expect("room");
        let mut number = 0;
        let mut others = deployments.filter_map(|()| {
            number += 1;
            (number != 2).then_some(number)
        });
        let all: Vec<_> = others
            .iter()
            .map(|kept| {
                (
                    kept.id(),
                    kept.created(),
                    kept.description(),
                    *kept.service(),
                )
            })
            .collect();
        let expected = [
            ("one", Timestamp::default(), None, 1),
            ("three", later, Some("faster"), 3),
        ];
        assert_eq!(all, expected);
        for (id, len) in [("four", 3), ("five", 3)] {
            let more = Deployment::new(id, later, 0);
            others.insert(more, |_| false).expect(id);
            assert_eq!(others.len(), len, "{id}: the bound is the same");
        }
    }

    #[test]
    fn a_full_history_drops_the_oldest_that_is_not_in_use() {
        let cases = [
            ("none in use", vec![], Some(["two", "three", "four"])),
            (
                "the oldest in use",
                vec!["one"],
                Some(["one", "three", "four"]),
            ),
            (
                "the newest in use",
                vec!["three"],
                Some(["two", "three", "four"]),
            ),
            ("all in use", vec!["one", "two", "three"], None),
        ];
        for (name, used, expected) in cases {
            let mut deployments = kept(&["one", "two", "three"], 3);
            let four = Deployment::new("four", Timestamp::default(), ());
            let inserted = deployments.insert(four, |id| used.contains(&id));
            assert_eq!(inserted.is_ok(), expected.is_some(), "{name}");
            let ids: Vec<_> = deployments.iter().map(|kept| kept.id()).collect();
            assert_eq!(ids, expected.unwrap_or(["one", "two", "three"]), "{name}");
        }
    }
}
