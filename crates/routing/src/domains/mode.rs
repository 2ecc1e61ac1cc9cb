//! What a domain looks at: API mappings, routing rules or both.

use std::{fmt, str::FromStr};

/// What decides where a request to a domain goes.
///
/// # Examples
///
/// ```
/// use towergate_routing::RoutingMode;
///
/// let mode: RoutingMode = "ROUTING_RULE_THEN_BASE_PATH_MAPPING".parse()?;
/// assert_eq!(mode, RoutingMode::RoutingRuleThenApiMapping);
/// assert_eq!(mode.to_string(), "ROUTING_RULE_THEN_API_MAPPING");
/// # Ok::<(), towergate_routing::ParseRoutingModeError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RoutingMode {
    /// API mappings (base path mappings) alone. Rules may exist and are not looked at.
    #[default]
    ApiMappingOnly,
    /// Routing rules alone. Mappings may exist and are not looked at.
    RoutingRuleOnly,
    /// All rules, and the mappings if none of them matches.
    RoutingRuleThenApiMapping,
}

impl RoutingMode {
    /// Returns the name that version 2 of the management API has for it, such as `API_MAPPING_ONLY`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ApiMappingOnly => "API_MAPPING_ONLY",
            Self::RoutingRuleOnly => "ROUTING_RULE_ONLY",
            Self::RoutingRuleThenApiMapping => "ROUTING_RULE_THEN_API_MAPPING",
        }
    }

    pub(crate) fn has_rules(self) -> bool {
        self != Self::ApiMappingOnly
    }

    pub(crate) fn has_mappings(self) -> bool {
        self != Self::RoutingRuleOnly
    }
}

impl fmt::Display for RoutingMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RoutingMode {
    type Err = ParseRoutingModeError;

    /// Takes the names of both versions of the management API, in capitals.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "API_MAPPING_ONLY" | "BASE_PATH_MAPPING_ONLY" => Ok(Self::ApiMappingOnly),
            "ROUTING_RULE_ONLY" => Ok(Self::RoutingRuleOnly),
            "ROUTING_RULE_THEN_API_MAPPING" | "ROUTING_RULE_THEN_BASE_PATH_MAPPING" => {
                Ok(Self::RoutingRuleThenApiMapping)
            }
            _ => Err(ParseRoutingModeError(text.to_owned())),
        }
    }
}

/// The text is no routing mode.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is none of the routing modes `API_MAPPING_ONLY`, `ROUTING_RULE_ONLY` and \
     `ROUTING_RULE_THEN_API_MAPPING`, nor `BASE_PATH_MAPPING_ONLY` or `ROUTING_RULE_THEN_BASE_PATH_MAPPING`"
)]
pub struct ParseRoutingModeError(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_both_versions_are_taken_and_nothing_else() {
        let cases = [
            ("API_MAPPING_ONLY", Some(RoutingMode::ApiMappingOnly)),
            ("BASE_PATH_MAPPING_ONLY", Some(RoutingMode::ApiMappingOnly)),
            ("ROUTING_RULE_ONLY", Some(RoutingMode::RoutingRuleOnly)),
            (
                "ROUTING_RULE_THEN_API_MAPPING",
                Some(RoutingMode::RoutingRuleThenApiMapping),
            ),
            (
                "ROUTING_RULE_THEN_BASE_PATH_MAPPING",
                Some(RoutingMode::RoutingRuleThenApiMapping),
            ),
            ("api_mapping_only", None),
            ("API_MAPPING", None),
            (" ROUTING_RULE_ONLY", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let parsed = text.parse::<RoutingMode>();
            assert_eq!(parsed.clone().ok(), expected, "{text:?}");
            match parsed {
                Ok(mode) => assert_eq!(mode.as_str().parse(), Ok(mode), "{text:?}"),
                Err(error) => assert!(error.to_string().starts_with(&format!("`{text}`"))),
            }
        }
    }
}
