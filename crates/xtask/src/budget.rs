//! `cargo xtask budget`: how many third-party packages each published crate may pull in.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{Result, cargo};

/// The most third-party packages a crate may pull in: by default, or with some of its features.
struct Budget {
    package: &'static str,
    features: &'static [&'static str],
    limit: usize,
}

const BUDGETS: &[Budget] = &[
    Budget::new("towergate-authorizers", &[], 35),
    Budget::new("towergate-authorizers", &["oidc"], 90),
    Budget::new("towergate-authorizers", &["rust-crypto"], 90),
    Budget::new("towergate-client", &[], 45),
    Budget::new("towergate-client", &["rustls"], 70),
    Budget::new("towergate-core", &[], 20),
    Budget::new("towergate-definition", &[], 10),
    Budget::new("towergate-expressions", &[], 25),
    Budget::new("towergate-functions", &[], 50),
    Budget::new("towergate-functions", &["lambda-runtime"], 110),
    Budget::new("towergate-integrations", &[], 55),
    Budget::new("towergate-integrations", &["lambda-runtime"], 115),
    Budget::new("towergate-mapping-templates", &[], 40),
    Budget::new("towergate-openapi", &[], 15),
    Budget::new("towergate-openapi", &["yaml"], 35),
    Budget::new("towergate-redis", &[], 80),
    Budget::new("towergate-redis", &["rustls"], 95),
    Budget::new("towergate-routing", &[], 20),
    Budget::new("towergate-stages", &[], 20),
    Budget::new("towergate-testing", &[], 20),
    Budget::new("towergate-throttling", &[], 30),
    Budget::new("towergate", &[], 66),
    Budget::new("towergate", &["jwt"], 85),
    Budget::new("towergate", &["lambda-runtime"], 125),
    Budget::new("towergate", &["serve", "axum"], 95),
    Budget::new("towergate", &["serve", "rustls"], 95),
];

impl Budget {
    const fn new(package: &'static str, features: &'static [&'static str], limit: usize) -> Self {
        Self {
            package,
            features,
            limit,
        }
    }

    /// Returns the crate and its features: `openapi with yaml`.
    fn name(&self) -> String {
        let name = self
            .package
            .strip_prefix("towergate-")
            .unwrap_or(self.package);
        match self.features {
            [] => name.to_owned(),
            features => format!("{name} with {}", features.join(" and ")),
        }
    }

    /// Returns the first feature of this line that the crate does not have.
    fn missing_feature(&self, package: &Value) -> Option<&'static str> {
        self.features
            .iter()
            .copied()
            .find(|feature| package["features"].get(feature).is_none())
    }

    /// Prints the count beside the budget, and returns what is wrong with it.
    fn check(&self, packages: &[Value], members: &BTreeSet<&str>) -> Result<Option<String>> {
        let (name, limit) = (self.name(), self.limit);
        let Some(package) = packages
            .iter()
            .find(|package| package["name"] == self.package)
        else {
            return Ok(Some(format!("{name}: the workspace has no such crate")));
        };
        if let Some(feature) = self.missing_feature(package) {
            println!("{name}: skipped, the crate has no feature `{feature}`");
            return Ok(None);
        }
        let tree = self.tree()?;
        let pulled = third_party(&tree, members);
        let count = pulled.len();
        println!("{name}: {count} of {limit}");
        Ok((count > limit).then(|| {
            let pulled: Vec<_> = pulled
                .iter()
                .map(|(name, version)| format!("{name} {version}"))
                .collect();
            format!(
                "{name}: {count} packages, and the budget is {limit}: {}",
                pulled.join(", ")
            )
        }))
    }

    fn tree(&self) -> Result<String> {
        let mut command = cargo::cargo();
        command.args([
            "tree",
            "--edges=normal",
            "--prefix=none",
            "--package",
            self.package,
        ]);
        if !self.features.is_empty() {
            command.arg("--features").arg(self.features.join(","));
        }
        cargo::output(&mut command)
    }
}

/// Prints each crate's count beside its budget, and fails with all that are exceeded.
pub(crate) fn run(arguments: &[String]) -> Result {
    if let Some(argument) = arguments.first() {
        return Err(format!("`budget` takes no arguments, and got `{argument}`"));
    }
    let metadata = cargo::metadata()?;
    let packages = cargo::elements(&metadata, "packages");
    let members: BTreeSet<&str> = packages
        .iter()
        .filter_map(|package| package["name"].as_str())
        .collect();
    let mut failures = without_budget(packages);
    for budget in BUDGETS {
        failures.extend(budget.check(packages, &members)?);
    }
    if failures.is_empty() {
        Ok(())
    } else {
        Err(format!("packages over budget\n{}", failures.join("\n")))
    }
}

/// Names the published crates that no line of the table speaks of.
fn without_budget(packages: &[Value]) -> Vec<String> {
    let published = packages
        .iter()
        .filter(|package| package["publish"] != serde_json::json!([]));
    published
        .filter_map(|package| package["name"].as_str())
        .filter(|name| BUDGETS.iter().all(|budget| budget.package != *name))
        .map(|name| format!("{name}: no budget, add a line to `BUDGETS`"))
        .collect()
}

/// Returns the packages of a `cargo tree`, by name and version, that are not members of the workspace.
fn third_party<'a>(tree: &'a str, members: &BTreeSet<&str>) -> BTreeSet<(&'a str, &'a str)> {
    tree.lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some((words.next()?, words.next()?))
        })
        .filter(|(name, _)| !members.contains(name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_counts_once_per_version_and_members_do_not_count() {
        let cases = [
            ("nothing", "", 0),
            ("a member", "towergate-core v0.1.0 (/src/crates/core)", 0),
            ("a package", "bytes v1.10.0", 1),
            ("a repeated package", "bytes v1.10.0\nbytes v1.10.0 (*)", 1),
            ("two versions", "syn v1.0.0\nsyn v2.0.0", 2),
            (
                "a procedural macro",
                "thiserror-impl v2.0.0 (proc-macro)\n\nquote v1.0.0",
                2,
            ),
        ];
        for (name, tree, expected) in cases {
            assert_eq!(
                third_party(tree, &BTreeSet::from(["towergate-core"])).len(),
                expected,
                "{name}"
            );
        }
    }

    #[test]
    fn a_published_crate_needs_a_budget() {
        let packages = [
            serde_json::json!({"name": "towergate-core", "publish": null}),
            serde_json::json!({"name": "towergate-tests", "publish": []}),
            serde_json::json!({"name": "towergate-new", "publish": null}),
        ];
        assert_eq!(
            without_budget(&packages),
            ["towergate-new: no budget, add a line to `BUDGETS`"]
        );
    }
}
