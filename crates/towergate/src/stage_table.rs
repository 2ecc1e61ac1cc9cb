//! Which API and stage a request is for: by host, then by path.
//!
//! In this order: `{apiId}.execute-api.*` with `/{stage}/…`; `/{apiId}/{stage}/…`; `/{stage}/…` where exactly one
//! API has that stage. Slashes before the first segment change nothing.

use std::{collections::BTreeMap, sync::Arc};

use towergate_definition::{Diagnostic, Place};
use towergate_routing::DomainFound;

use crate::{DomainTarget, stage::ServedStage};

/// Where a request belongs: the stage, and its spans of the original path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address<'a> {
    pub(crate) stage: &'a ServedStage,
    pub(crate) path_start: usize,
    pub(crate) resource_start: usize,
}

type Stages = BTreeMap<String, Arc<ServedStage>>;

/// The APIs of a gateway and their stages, by the first segment of a path.
#[derive(Debug, Default)]
pub(crate) struct StageTable(BTreeMap<String, Segment>);

/// What a first segment may name.
#[derive(Debug, Default)]
struct Segment {
    /// The stages of the API of this name.
    api: Option<Stages>,
    /// The stages of this name, of whichever API.
    stages: Vec<Arc<ServedStage>>,
}

impl Segment {
    /// The stage of this name, if one API alone has it.
    fn sole_stage(&self) -> Option<&Arc<ServedStage>> {
        match &self.stages[..] {
            [stage] => Some(stage),
            _ => None,
        }
    }
}

impl StageTable {
    /// Creates a table of these stages.
    pub(crate) fn of<'a>(stages: impl IntoIterator<Item = &'a Arc<ServedStage>>) -> Self {
        let mut table = Self::default();
        for stage in stages {
            table.insert(Arc::clone(stage));
        }
        table
    }

    /// Adds a stage of an API. It must not have one of this name.
    fn insert(&mut self, stage: Arc<ServedStage>) {
        let info = Arc::clone(stage.snapshot.base().info());
        let api = self.0.entry(info.api_id.clone()).or_default();
        let stages = api.api.get_or_insert_default();
        stages.insert(info.stage.clone(), Arc::clone(&stage));
        self.0
            .entry(info.stage.clone())
            .or_default()
            .stages
            .push(stage);
    }

    /// Warns of stages that are hidden by an API of the same name: `/{apiId}/{stage}/…` is looked up first.
    pub(crate) fn overlaps(&self) -> impl Iterator<Item = Diagnostic> {
        self.0.values().filter_map(|segment| {
            let (stage, api) = (segment.sole_stage()?, segment.api.as_ref()?);
            let info = stage.snapshot.base().info();
            if info.api_id == info.stage {
                return None;
            }
            let place = Place::from_iter(["apis", &info.api_id, "stages", &info.stage]);
            let hiding: Vec<_> = api.keys().map(String::as_str).collect();
            let message = format!(
                "stage `{stage}` of API `{id}` and API `{stage}` share a name: `/{stage}/{hiding}/…` is the API's, all \
                 else beneath `/{stage}` the stage's; reach it as `/{id}/{stage}/…`",
                id = info.api_id,
                stage = info.stage,
                hiding = hiding.join("|"),
            );
            Some(Diagnostic::warning(place, message))
        })
    }

    /// Returns the stages, by their API's ids and their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<ServedStage>> {
        let apis = self.0.values().filter_map(|segment| segment.api.as_ref());
        apis.flat_map(BTreeMap::values)
    }

    /// Returns a stage of an API.
    pub(crate) fn get(&self, api_id: &str, stage: &str) -> Option<&Arc<ServedStage>> {
        self.0.get(api_id)?.api.as_ref()?.get(stage)
    }

    /// Finds an API by the label of a host, which has no case. Of two ids that differ in case alone, the one that is
    /// written so is meant.
    fn api(&self, label: &str) -> Option<&Stages> {
        let exact = self.0.get(label).and_then(|segment| segment.api.as_ref());
        let mut alike = self
            .0
            .iter()
            .filter(|(id, _)| id.eq_ignore_ascii_case(label));
        exact.or_else(|| alike.find_map(|(_, segment)| segment.api.as_ref()))
    }

    /// Finds the stage that a request is for.
    #[inline]
    pub(crate) fn find(&self, host: Option<&str>, path: &str) -> Option<Address<'_>> {
        let start = path.bytes().take_while(|byte| *byte == b'/').count();
        let (first, first_end) = segment(path, start);

        if let Some(id) = host.and_then(execute_api_id) {
            let stage = self.api(id)?.get(first).filter(is_open)?;
            return Some(address(stage, start, first_end));
        }
        let named = self.0.get(first)?;
        if let Some(stages) = &named.api {
            let (second, second_end) = segment(path, first_end + 1);
            if let Some(stage) = stages.get(second).filter(is_open) {
                return Some(address(stage, first_end + 1, second_end));
            }
        }
        named
            .sole_stage()
            .filter(is_open)
            .map(|stage| address(stage, start, first_end))
    }

    /// Finds the stage that a domain name leads to.
    pub(crate) fn mapped(
        &self,
        found: &DomainFound<'_, DomainTarget>,
        path: &str,
    ) -> Option<Address<'_>> {
        let stage = match &found.stage {
            Some(named) => path.get(named.clone())?,
            None => &found.target.stage,
        };
        Some(Address {
            stage: self.get(&found.target.api_id, stage)?,
            path_start: found.path_start,
            resource_start: found.resource_start(),
        })
    }
}

/// Whether a stage is reached by the default address of its API, as what is deployed on it says.
fn is_open(stage: &&Arc<ServedStage>) -> bool {
    let base = stage.snapshot.base().service();
    !base.api.api.deployment.execute_api_disabled
}

/// The API in `{apiId}.execute-api.{region}.amazonaws.com`.
fn execute_api_id(host: &str) -> Option<&str> {
    const SUFFIX: &str = ".execute-api.";
    let dot = host.bytes().position(|byte| byte == b'.')?;
    let suffix = host.get(dot..dot + SUFFIX.len())?;
    let id = host.get(..dot)?;
    suffix.eq_ignore_ascii_case(SUFFIX).then_some(id)
}

/// The segment that starts at `start`, and where it ends.
fn segment(path: &str, start: usize) -> (&str, usize) {
    let rest = path.get(start..).unwrap_or_default();
    let length = rest
        .bytes()
        .position(|byte| byte == b'/')
        .unwrap_or(rest.len());
    (rest.get(..length).unwrap_or_default(), start + length)
}

/// `$context.path` begins with the slash before the stage.
fn address(stage: &ServedStage, stage_start: usize, stage_end: usize) -> Address<'_> {
    Address {
        stage,
        path_start: stage_start.saturating_sub(1),
        resource_start: stage_end,
    }
}

#[cfg(test)]
mod tests {
    use towergate_core::{StageInfo, Timestamp};
    use towergate_stages::Deployment;

    use super::*;
    use crate::{
        RestApi, StageSettings,
        access::Access,
        control::ServedApi,
        stage::{Served, StageSnapshot},
    };

    fn table(stages: &[(&str, &str)]) -> StageTable {
        table_of(stages, false)
    }

    fn table_of(stages: &[(&str, &str)], execute_api_disabled: bool) -> StageTable {
        let mut table = StageTable::default();
        for (api_id, stage) in stages {
            let mut info = StageInfo::default();
            info.api_id = (*api_id).to_owned();
            info.stage = (*stage).to_owned();
            let mut definition = towergate_definition::RestApi::new(*api_id);
            definition.disable_execute_api_endpoint = execute_api_disabled;
            let api = ServedApi {
                api: RestApi::compile(&definition, true).unwrap(),
                access: Access::default(),
                joined: Vec::new(),
                by_hand: None,
            };
            let served = Served {
                api: Arc::new(api),
                demands: Box::default(),
            };
            let deployment = Deployment::new("one", Timestamp::default(), served);
            table.insert(Arc::new(ServedStage {
                settings: StageSettings::new(*stage),
                sticky: None,
                snapshot: StageSnapshot::new(info, Arc::new(deployment)),
                is_as_told: true,
            }));
        }
        table
    }

    #[test]
    fn a_stage_is_found_by_host_and_path() {
        let one: &[_] = &[("pets", "prod"), ("pets", "beta")];
        let capital: &[_] = &[("Pets", "prod")];
        let two: &[_] = &[("pets", "prod"), ("shop", "prod"), ("shop", "beta")];
        let overlapping: &[_] = &[("prod", "v1"), ("pets", "prod")];
        let cases = [
            (
                one,
                None,
                "/prod/x",
                Some(("pets", "prod", "/prod/x", "/x")),
            ),
            (one, None, "/prod", Some(("pets", "prod", "/prod", ""))),
            (one, None, "/prod/", Some(("pets", "prod", "/prod/", "/"))),
            (
                one,
                None,
                "//prod//x",
                Some(("pets", "prod", "/prod//x", "//x")),
            ),
            (
                one,
                None,
                "/pets/beta/x",
                Some(("pets", "beta", "/beta/x", "/x")),
            ),
            (one, None, "/pets/none/x", None),
            (one, None, "/none/x", None),
            (one, None, "/", None),
            (
                one,
                Some("pets.execute-api.eu-west-1.amazonaws.com"),
                "/beta/x",
                Some(("pets", "beta", "/beta/x", "/x")),
            ),
            (
                one,
                Some("PETS.Execute-API.local"),
                "/beta/x",
                Some(("pets", "beta", "/beta/x", "/x")),
            ),
            (
                capital,
                Some("pets.execute-api.eu-west-1.amazonaws.com:443"),
                "/prod/x",
                Some(("Pets", "prod", "/prod/x", "/x")),
            ),
            (
                &[("Pets", "prod"), ("pets", "prod"), ("PETS", "pets")],
                Some("pets.execute-api.local"),
                "/prod/x",
                Some(("pets", "prod", "/prod/x", "/x")),
            ),
            (capital, Some("pets.execute-api.local"), "/PROD/x", None),
            (capital, None, "/pets/prod/x", None),
            (
                one,
                Some("none.execute-apis.local"),
                "/prod/x",
                Some(("pets", "prod", "/prod/x", "/x")),
            ),
            (one, Some("pets.execute-api.local"), "/pets/beta/x", None),
            (one, Some("none.execute-api.local"), "/prod/x", None),
            (
                one,
                Some("example.com"),
                "/prod/x",
                Some(("pets", "prod", "/prod/x", "/x")),
            ),
            (two, None, "/prod/x", None),
            (
                two,
                None,
                "/shop/prod/x",
                Some(("shop", "prod", "/prod/x", "/x")),
            ),
            (
                two,
                None,
                "/beta/x",
                Some(("shop", "beta", "/beta/x", "/x")),
            ),
            (
                overlapping,
                None,
                "/prod/v1/x",
                Some(("prod", "v1", "/v1/x", "/x")),
            ),
            (
                overlapping,
                None,
                "/prod/v2/x",
                Some(("pets", "prod", "/prod/v2/x", "/v2/x")),
            ),
        ];
        for (stages, host, path, expected) in cases {
            let table = table(stages);
            let found = table.find(host, path).map(|found| {
                let info = found.stage.snapshot.base().info();
                (
                    &*info.api_id,
                    &*info.stage,
                    &path[found.path_start..],
                    &path[found.resource_start..],
                )
            });
            assert_eq!(found, expected, "{host:?} {path}");
        }
    }

    #[test]
    fn a_disabled_execute_api_endpoint_is_refused_in_any_case() {
        let table = table_of(&[("Pets", "prod")], true);
        let cases = [
            ("Pets.execute-api.local", false),
            ("pets.execute-api.local", false),
            ("PETS.EXECUTE-API.local", false),
            ("pets.Execute-Api.eu-west-1.amazonaws.com:443", false),
            ("pets.example.com", false),
        ];
        for (host, is_found) in cases {
            let found = table.find(Some(host), "/prod/x");
            assert_eq!(found.is_some(), is_found, "{host}");
        }
    }

    #[test]
    fn an_overlap_is_a_warning_that_names_both() {
        assert!(
            table(&[("pets", "prod"), ("shop", "beta")])
                .overlaps()
                .next()
                .is_none()
        );
        let table = table(&[("prod", "v1"), ("pets", "prod")]);
        let overlaps: Vec<_> = table.overlaps().collect();
        let [overlap] = &overlaps[..] else {
            panic!("{overlaps:?}")
        };
        assert!(
            overlap.message.contains("`prod`") && overlap.message.contains("`pets`"),
            "{overlap}"
        );
    }
}
