//! What a patch operation means.

use crate::{
    LoggingLevel, MethodKey, MethodSettings, PatchError, PatchOp, PatchOperation, Percent,
    UnauthorizedCacheControl,
};

/// A change of a stage.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum StagePatch {
    /// Points the canary at a deployment: `replace /canarySettings/deploymentId`.
    CanaryDeploymentId(String),
    /// Lays a variable over the stage's: `replace /canarySettings/stageVariableOverrides/{name}`.
    CanaryOverride {
        /// The name of the variable.
        name: String,
        /// Its value.
        value: String,
    },
    /// Sets the canary's share: `replace /canarySettings/percentTraffic`.
    CanaryPercent(Percent),
    /// Sets whether the canary uses the stage's cache: `replace /canarySettings/useStageCache`.
    CanaryStageCache(bool),
    /// Points the stage at a deployment: `replace /deploymentId`.
    DeploymentId(String),
    /// Changes the settings of a method: `replace /{path}/{METHOD}/…`.
    MethodSetting {
        /// The methods.
        key: MethodKey,
        /// The member and its value.
        change: MethodSettingChange,
    },
    /// Points the stage at the canary's deployment: `copy /canarySettings/deploymentId` to `/deploymentId`.
    PromoteDeployment,
    /// Merges the overrides into the stage's variables: `copy /canarySettings/stageVariableOverrides` to `/variables`.
    PromoteVariables,
    /// Removes the canary: `remove /canarySettings`.
    RemoveCanary,
    /// Removes a variable of the canary: `remove /canarySettings/stageVariableOverrides/{name}`.
    RemoveCanaryOverride(String),
    /// Removes the settings of a method: `remove /{path}/{METHOD}`.
    RemoveMethodSettings(MethodKey),
    /// Removes a variable: `remove /variables/{name}`.
    RemoveVariable(String),
    /// Sets a variable: `add` or `replace /variables/{name}`.
    Variable {
        /// The name of the variable.
        name: String,
        /// Its value.
        value: String,
    },
}

/// A member of [`MethodSettings`] with its new value (stages.md, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MethodSettingChange {
    /// `caching/dataEncrypted`.
    CacheDataEncrypted(bool),
    /// `caching/ttlInSeconds`, from 0 to 3600.
    CacheTtlInSeconds(u32),
    /// `caching/enabled`.
    CachingEnabled(bool),
    /// `logging/dataTrace`.
    DataTraceEnabled(bool),
    /// `logging/loglevel`.
    LoggingLevel(LoggingLevel),
    /// `metrics/enabled`.
    MetricsEnabled(bool),
    /// `caching/requireAuthorizationForCacheControl`.
    RequireAuthorizationForCacheControl(bool),
    /// `throttling/burstLimit`.
    ThrottlingBurstLimit(i64),
    /// `throttling/rateLimit`.
    ThrottlingRateLimit(f64),
    /// `caching/unauthorizedCacheControlHeaderStrategy`.
    UnauthorizedCacheControl(UnauthorizedCacheControl),
}

impl MethodSettingChange {
    /// Makes the change.
    pub fn apply(self, settings: &mut MethodSettings) {
        match self {
            Self::CacheDataEncrypted(value) => settings.cache_data_encrypted = value,
            Self::CacheTtlInSeconds(value) => settings.cache_ttl_in_seconds = value,
            Self::CachingEnabled(value) => settings.caching_enabled = value,
            Self::DataTraceEnabled(value) => settings.data_trace_enabled = value,
            Self::LoggingLevel(value) => settings.logging_level = value,
            Self::MetricsEnabled(value) => settings.metrics_enabled = value,
            Self::RequireAuthorizationForCacheControl(value) => {
                settings.require_authorization_for_cache_control = value;
            }
            Self::ThrottlingBurstLimit(value) => settings.throttling_burst_limit = Some(value),
            Self::ThrottlingRateLimit(value) => settings.throttling_rate_limit = Some(value),
            Self::UnauthorizedCacheControl(value) => settings.unauthorized_cache_control = value,
        }
    }
}

impl TryFrom<&PatchOperation> for StagePatch {
    type Error = PatchError;

    /// # Errors
    ///
    /// Returns what is wrong with the operation, wherever it is applied.
    fn try_from(operation: &PatchOperation) -> Result<Self, PatchError> {
        match operation.op {
            PatchOp::Copy => copy(operation),
            PatchOp::Remove => remove(operation),
            PatchOp::Add | PatchOp::Replace => set(operation),
        }
    }
}

const VARIABLES: &str = "/variables/";
const CANARY: &str = "/canarySettings";
const CANARY_DEPLOYMENT: &str = "/canarySettings/deploymentId";
const OVERRIDES: &str = "/canarySettings/stageVariableOverrides";

/// Returns the name behind `prefix`, with the escapes of JSON pointers undone.
fn name_behind(path: &str, prefix: &str) -> Option<String> {
    let name = path.strip_prefix(prefix)?;
    Some(name.replace("~1", "/").replace("~0", "~"))
}

fn override_name(path: &str) -> Option<String> {
    name_behind(path.strip_prefix(OVERRIDES)?, "/")
}

fn refused(operation: &PatchOperation) -> PatchError {
    PatchError::Operation {
        op: operation.op,
        path: operation.path.clone(),
    }
}

fn copy(operation: &PatchOperation) -> Result<StagePatch, PatchError> {
    let from = operation.from.as_deref().unwrap_or_default();
    match (from, operation.path.as_str()) {
        (CANARY_DEPLOYMENT, "/deploymentId") => Ok(StagePatch::PromoteDeployment),
        (OVERRIDES, "/variables") => Ok(StagePatch::PromoteVariables),
        (from, path) => Err(PatchError::Copy {
            path: path.to_owned(),
            from: from.to_owned(),
        }),
    }
}

fn remove(operation: &PatchOperation) -> Result<StagePatch, PatchError> {
    let path = operation.path.as_str();
    if path == CANARY {
        return Ok(StagePatch::RemoveCanary);
    }
    if let Some(name) = override_name(path) {
        return Ok(StagePatch::RemoveCanaryOverride(name));
    }
    if let Some(name) = name_behind(path, VARIABLES) {
        return Ok(StagePatch::RemoveVariable(name));
    }
    if path.starts_with(CANARY) {
        return Err(refused(operation));
    }
    let nothing = |_| PatchError::NothingToRemove(path.trim_start_matches('/').to_owned());
    let key = path.parse().map_err(nothing)?;
    Ok(StagePatch::RemoveMethodSettings(key))
}

fn set(operation: &PatchOperation) -> Result<StagePatch, PatchError> {
    let path = operation.path.as_str();
    let value = Value::of(operation);
    if let Some(name) = name_behind(path, VARIABLES) {
        let value = value.text()?;
        return Ok(StagePatch::Variable { name, value });
    }
    if operation.op == PatchOp::Add {
        return Err(refused(operation));
    }
    if let Some(name) = override_name(path) {
        let value = value.text()?;
        return Ok(StagePatch::CanaryOverride { name, value });
    }
    match path {
        "/deploymentId" => Ok(StagePatch::DeploymentId(value.text()?)),
        CANARY_DEPLOYMENT => Ok(StagePatch::CanaryDeploymentId(value.text()?)),
        "/canarySettings/percentTraffic" => Ok(StagePatch::CanaryPercent(value.text()?.parse()?)),
        "/canarySettings/useStageCache" => Ok(StagePatch::CanaryStageCache(value.flag()?)),
        _ => method_setting(path, value).unwrap_or_else(|| Err(refused(operation))),
    }
}

/// Reads the path of a member of method settings from the right; `None` if it is none.
fn method_setting(path: &str, value: Value<'_>) -> Option<Result<StagePatch, PatchError>> {
    let (rest, member) = path.rsplit_once('/')?;
    let (key, group) = rest.rsplit_once('/')?;
    let key: MethodKey = key.parse().ok()?;
    let change = match (group, member) {
        ("metrics", "enabled") => value.flag().map(MethodSettingChange::MetricsEnabled),
        ("logging", "loglevel") => value.logging_level().map(MethodSettingChange::LoggingLevel),
        ("logging", "dataTrace") => value.flag().map(MethodSettingChange::DataTraceEnabled),
        ("throttling", "burstLimit") => {
            let burst = value.parsed("a whole number");
            burst.map(MethodSettingChange::ThrottlingBurstLimit)
        }
        ("throttling", "rateLimit") => value.rate().map(MethodSettingChange::ThrottlingRateLimit),
        ("caching", "enabled") => value.flag().map(MethodSettingChange::CachingEnabled),
        ("caching", "ttlInSeconds") => value.ttl().map(MethodSettingChange::CacheTtlInSeconds),
        ("caching", "dataEncrypted") => value.flag().map(MethodSettingChange::CacheDataEncrypted),
        ("caching", "requireAuthorizationForCacheControl") => value
            .flag()
            .map(MethodSettingChange::RequireAuthorizationForCacheControl),
        ("caching", "unauthorizedCacheControlHeaderStrategy") => value
            .strategy()
            .map(MethodSettingChange::UnauthorizedCacheControl),
        _ => return None,
    };
    Some(change.map(|change| StagePatch::MethodSetting { key, change }))
}

/// The value of an operation, and where it belongs.
struct Value<'a> {
    path: &'a str,
    text: Option<&'a str>,
}

impl<'a> Value<'a> {
    fn of(operation: &'a PatchOperation) -> Self {
        Self {
            path: &operation.path,
            text: operation.value.as_deref(),
        }
    }

    fn refused(&self, expected: &'static str) -> PatchError {
        PatchError::Value {
            path: self.path.to_owned(),
            value: self.text.unwrap_or_default().to_owned(),
            expected,
        }
    }

    fn text(&self) -> Result<String, PatchError> {
        let text = self.text.ok_or_else(|| self.refused("a value"))?;
        Ok(text.to_owned())
    }

    fn parsed<T: std::str::FromStr>(&self, expected: &'static str) -> Result<T, PatchError> {
        let parsed = self.text.and_then(|text| text.parse().ok());
        parsed.ok_or_else(|| self.refused(expected))
    }

    fn flag(&self) -> Result<bool, PatchError> {
        self.parsed("`true` or `false`")
    }

    fn rate(&self) -> Result<f64, PatchError> {
        let expected = "a number";
        let rate = self.parsed::<f64>(expected)?;
        rate.is_finite()
            .then_some(rate)
            .ok_or_else(|| self.refused(expected))
    }

    fn ttl(&self) -> Result<u32, PatchError> {
        let expected = "a whole number of seconds from 0 to 3600";
        match self.parsed(expected)? {
            ttl @ 0..=3_600 => Ok(ttl),
            _ => Err(self.refused(expected)),
        }
    }

    fn logging_level(&self) -> Result<LoggingLevel, PatchError> {
        match self.text {
            Some("OFF") => Ok(LoggingLevel::Off),
            Some("ERROR") => Ok(LoggingLevel::Error),
            Some("INFO") => Ok(LoggingLevel::Info),
            _ => Err(self.refused("`OFF`, `ERROR` or `INFO`")),
        }
    }

    fn strategy(&self) -> Result<UnauthorizedCacheControl, PatchError> {
        match self.text {
            Some("FAIL_WITH_403") => Ok(UnauthorizedCacheControl::FailWith403),
            Some("SUCCEED_WITH_RESPONSE_HEADER") => {
                Ok(UnauthorizedCacheControl::SucceedWithResponseHeader)
            }
            Some("SUCCEED_WITHOUT_RESPONSE_HEADER") => {
                Ok(UnauthorizedCacheControl::SucceedWithoutResponseHeader)
            }
            _ => Err(self.refused(
                "`FAIL_WITH_403`, `SUCCEED_WITH_RESPONSE_HEADER` or `SUCCEED_WITHOUT_RESPONSE_HEADER`",
            )),
        }
    }
}
