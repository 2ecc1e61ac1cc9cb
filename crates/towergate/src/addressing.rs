//! Which API and stage a request is for: by host, then by path.
//!
//! In this order: `{apiId}.execute-api.*` with `/{stage}/…`; `/{apiId}/{stage}/…`; `/{stage}/…` where exactly one
//! API has that stage. Slashes before the first segment change nothing.

use std::{collections::HashMap, sync::Arc};

use towergate_definition::{Diagnostic, Place};

use crate::{pipeline::Address, stage::StageSnapshot};

type Stages = HashMap<String, Arc<StageSnapshot>>;

/// The APIs of a gateway and their stages, by every way to reach them.
#[derive(Debug, Default)]
pub(crate) struct Addressing {
    apis: HashMap<String, Api>,
    /// The stages that one API alone has.
    sole: Stages,
}

#[derive(Debug, Default)]
struct Api {
    stages: Stages,
    execute_api_disabled: bool,
}

impl Addressing {
    /// Adds a stage of an API.
    pub(crate) fn insert(&mut self, snapshot: Arc<StageSnapshot>) {
        let info = &snapshot.info;
        let api = self.apis.entry(info.api_id.clone()).or_default();
        api.execute_api_disabled = snapshot.deployment.execute_api_disabled;
        api.stages.insert(info.stage.clone(), Arc::clone(&snapshot));

        let mut others = self.apis.iter().filter(|(id, _)| **id != info.api_id);
        if others.any(|(_, api)| api.stages.contains_key(&info.stage)) {
            self.sole.remove(&info.stage);
        } else {
            self.sole.insert(info.stage.clone(), snapshot);
        }
    }

    /// Warns of stages that are hidden by an API of the same name: `/{apiId}/{stage}/…` is looked up first.
    pub(crate) fn overlaps(&self) -> Vec<Diagnostic> {
        let mut overlaps: Vec<_> = self
            .sole
            .values()
            .filter_map(|snapshot| self.overlap(snapshot))
            .collect();
        overlaps.sort_by(|a, b| a.place.cmp(&b.place));
        overlaps
    }

    fn overlap(&self, snapshot: &StageSnapshot) -> Option<Diagnostic> {
        let info = &snapshot.info;
        let hidden_by = self.apis.get(&info.stage)?;
        let mut stages: Vec<_> = hidden_by.stages.keys().map(String::as_str).collect();
        stages.sort_unstable();
        let place = Place::from_iter(["apis", &info.api_id, "stages", &info.stage]);
        let message = format!(
            "stage `{stage}` of API `{api}` and API `{stage}` share a name: `/{stage}/{first}/…` is the API's, all \
             else beneath `/{stage}` the stage's; reach it as `/{api}/{stage}/…`",
            stage = info.stage,
            api = info.api_id,
            first = stages.join("|"),
        );
        Some(Diagnostic::warning(place, message))
    }

    /// Finds the stage that a request is for.
    pub(crate) fn find(&self, host: Option<&str>, path: &str) -> Option<Address<'_>> {
        let start = path.len() - path.trim_start_matches('/').len();
        let (first, first_end) = segment(path, start);

        if let Some((id, _)) = host.and_then(|host| host.split_once(".execute-api.")) {
            let api = self.apis.get(id).filter(|api| !api.execute_api_disabled)?;
            return Some(address(api.stages.get(first)?, start, first_end));
        }
        if let Some(api) = self.apis.get(first) {
            let (second, second_end) = segment(path, first_end + 1);
            if let Some(stage) = api.stages.get(second) {
                return Some(address(stage, first_end + 1, second_end));
            }
        }
        self.sole
            .get(first)
            .map(|stage| address(stage, start, first_end))
    }
}

/// The segment that starts at `start`, and where it ends.
fn segment(path: &str, start: usize) -> (&str, usize) {
    let rest = path.get(start..).unwrap_or_default();
    let end = rest.find('/').unwrap_or(rest.len());
    (rest.get(..end).unwrap_or_default(), start + end)
}

/// `$context.path` begins with the slash before the stage.
fn address(stage: &StageSnapshot, stage_start: usize, stage_end: usize) -> Address<'_> {
    Address {
        stage,
        path_start: stage_start.saturating_sub(1),
        resource_start: stage_end,
    }
}

#[cfg(test)]
mod tests {
    use towergate_core::StageInfo;

    use super::*;
    use crate::compile::compile;

    fn addressing(stages: &[(&str, &str)]) -> Addressing {
        let mut addressing = Addressing::default();
        for (api_id, stage) in stages {
            let mut info = StageInfo::default();
            info.api_id = (*api_id).to_owned();
            info.stage = (*stage).to_owned();
            let definition = towergate_definition::RestApi::new(*api_id);
            let deployment = Arc::new(compile(&definition, true).0.unwrap());
            addressing.insert(Arc::new(StageSnapshot {
                deployment,
                info: Arc::new(info),
            }));
        }
        addressing
    }

    #[test]
    fn a_stage_is_found_by_host_and_path() {
        let one: &[_] = &[("pets", "prod"), ("pets", "beta")];
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
            let addressing = addressing(stages);
            let found = addressing.find(host, path).map(|found| {
                let info = &found.stage.info;
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
    fn an_overlap_is_a_warning_that_names_both() {
        assert!(
            addressing(&[("pets", "prod"), ("shop", "beta")])
                .overlaps()
                .is_empty()
        );
        let overlaps = addressing(&[("prod", "v1"), ("pets", "prod")]).overlaps();
        let [overlap] = &overlaps[..] else {
            panic!("{overlaps:?}")
        };
        assert!(
            overlap.message.contains("`prod`") && overlap.message.contains("`pets`"),
            "{overlap}"
        );
    }
}
