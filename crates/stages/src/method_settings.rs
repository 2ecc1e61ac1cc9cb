//! Method settings of a stage: what holds for one method, or for all that have no settings of their own.

use std::{collections::BTreeMap, fmt, str::FromStr};

/// The methods that settings are for: one, or all that have none of their own.
///
/// Displayed it has API Gateway's spelling: `pets/{id}/GET`, `/GET` on the root, and `*/*`. Parsed it may have a slash in
/// front, and slashes of the path written as `~1`, as in JSON pointers (stages.md, section 3.1).
///
/// ```
/// use towergate_stages::MethodKey;
///
/// let key: MethodKey = "/~1pets~1{id}/GET".parse()?;
/// assert_eq!(key.to_string(), "pets/{id}/GET");
/// assert_eq!(key, MethodKey::method("/pets/{id}", "GET"));
/// # Ok::<(), towergate_stages::MethodKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MethodKey(Key);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Key {
    All,
    Method {
        /// With a slash in front and none at the end, but for the root.
        path: Box<str>,
        verb: Box<str>,
    },
}

const ALL: &str = "*/*";

const VERBS: [&str; 8] = [
    "ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT",
];

impl MethodKey {
    /// The key of all methods without settings of their own: `*/*`.
    pub const ALL: Self = Self(Key::All);

    /// Creates the key of a verb on the resource at `path`, such as `/pets/{id}`.
    #[must_use]
    pub fn method(path: &str, verb: &str) -> Self {
        Self(Key::Method {
            path: format!("/{}", path.trim_matches('/')).into(),
            verb: verb.into(),
        })
    }

    /// Returns the path of the resource and the verb, `None` for all methods.
    #[must_use]
    pub fn as_method(&self) -> Option<(&str, &str)> {
        match &self.0 {
            Key::All => None,
            Key::Method { path, verb } => Some((path, verb)),
        }
    }
}

impl FromStr for MethodKey {
    type Err = MethodKeyError;

    /// # Errors
    ///
    /// Returns an error if the part behind the last slash is no verb.
    fn from_str(text: &str) -> Result<Self, MethodKeyError> {
        let all = text.strip_prefix('/').unwrap_or(text);
        if all == ALL {
            return Ok(Self::ALL);
        }
        let refused = || MethodKeyError(text.to_owned());
        let (path, verb) = text.rsplit_once('/').ok_or_else(refused)?;
        if !VERBS.contains(&verb) {
            return Err(refused());
        }
        // `~1` before `~0`, so that `~01` is read as `~1`.
        let path = path.replace("~1", "/").replace("~0", "~");
        Ok(Self::method(&path, verb))
    }
}

impl fmt::Display for MethodKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Key::All => f.write_str(ALL),
            Key::Method { path, verb } => write!(f, "{}/{verb}", path.trim_start_matches('/')),
        }
    }
}

/// A text names no methods.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` names no method: write `*/*`, or a path and a verb in capitals, such as `pets/{{id}}/GET`"
)]
pub struct MethodKeyError(String);

/// How much of each request is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum LoggingLevel {
    /// Nothing.
    #[default]
    Off,
    /// What goes wrong.
    Error,
    /// Everything.
    Info,
}

/// What happens where a client who may not do so asks that a response is not taken from the cache.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum UnauthorizedCacheControl {
    /// The request is refused: 403.
    FailWith403,
    /// The wish is ignored, and a `Warning` header says so.
    #[default]
    SucceedWithResponseHeader,
    /// The wish is ignored.
    SucceedWithoutResponseHeader,
}

/// The settings of a method (stages.md, section 3.2).
///
/// The two limits are `None` unless they are set: API Gateway writes the account's there, which hold anyway. Below zero
/// they are no limit either.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
#[must_use]
pub struct MethodSettings {
    /// `metricsEnabled`: whether the method has metrics of its own.
    pub metrics_enabled: bool,
    /// `loggingLevel`.
    pub logging_level: LoggingLevel,
    /// `dataTraceEnabled`: whether bodies are logged.
    pub data_trace_enabled: bool,
    /// `throttlingBurstLimit`: how many requests may come at once.
    pub throttling_burst_limit: Option<i64>,
    /// `throttlingRateLimit`: how many requests a second may come.
    pub throttling_rate_limit: Option<f64>,
    /// `cachingEnabled`.
    pub caching_enabled: bool,
    /// `cacheTtlInSeconds`, from 0, which is no cache, to 3600.
    pub cache_ttl_in_seconds: u32,
    /// `cacheDataEncrypted`.
    pub cache_data_encrypted: bool,
    /// `requireAuthorizationForCacheControl`.
    pub require_authorization_for_cache_control: bool,
    /// `unauthorizedCacheControlHeaderStrategy`.
    pub unauthorized_cache_control: UnauthorizedCacheControl,
}

impl Default for MethodSettings {
    /// Creates what API Gateway gives a method whose settings are first written.
    fn default() -> Self {
        Self {
            metrics_enabled: false,
            logging_level: LoggingLevel::Off,
            data_trace_enabled: false,
            throttling_burst_limit: None,
            throttling_rate_limit: None,
            caching_enabled: false,
            cache_ttl_in_seconds: 300,
            cache_data_encrypted: false,
            require_authorization_for_cache_control: true,
            unauthorized_cache_control: UnauthorizedCacheControl::default(),
        }
    }
}

impl MethodSettings {
    /// Sets both limits: requests a second, and how many may come at once.
    pub fn throttle(mut self, rate_limit: f64, burst_limit: i64) -> Self {
        self.throttling_rate_limit = Some(rate_limit);
        self.throttling_burst_limit = Some(burst_limit);
        self
    }
}

/// Which entry settings come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SettingsScope {
    /// That of `*/*`, under which only GET is cached.
    All,
    /// That of the method itself.
    Method,
}

/// The method settings of a stage, each entry whole: what holds for a method is its own entry, or else that of `*/*`.
///
/// ```
/// use towergate_stages::{MethodKey, MethodSettingsTable};
///
/// let mut table = MethodSettingsTable::default();
/// table.set(MethodKey::ALL, |all| all.throttling_burst_limit = Some(10));
/// table.set(MethodKey::method("/pets", "GET"), |pets| pets.metrics_enabled = true);
/// table.set(MethodKey::ALL, |all| all.throttling_burst_limit = Some(99));
///
/// let (pets, _) = table.of("/pets", "GET").expect("an entry");
/// assert_eq!(pets.throttling_burst_limit, Some(10), "copied as the entry came into being");
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MethodSettingsTable(BTreeMap<MethodKey, MethodSettings>);

impl MethodSettingsTable {
    /// Changes an entry. One that is not there yet comes into being as a copy of that of `*/*`, or else of the defaults;
    /// later changes of `*/*` do not reach it.
    pub fn set(&mut self, key: MethodKey, change: impl FnOnce(&mut MethodSettings)) {
        let all = self.0.get(&MethodKey::ALL).cloned();
        change(self.0.entry(key).or_insert_with(|| all.unwrap_or_default()));
    }

    /// Sets an entry as a whole.
    pub fn insert(&mut self, key: MethodKey, settings: MethodSettings) {
        self.0.insert(key, settings);
    }

    /// Removes an entry.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no such entry.
    pub fn remove(&mut self, key: &MethodKey) -> Result<MethodSettings, NoMethodSetting> {
        self.0
            .remove(key)
            .ok_or_else(|| NoMethodSetting(key.clone()))
    }

    /// Returns what holds for a verb on the resource at `path`, and which entry that is; `None` where the account's
    /// defaults do.
    #[must_use]
    pub fn of(&self, path: &str, verb: &str) -> Option<(&MethodSettings, SettingsScope)> {
        let own = self.0.get(&MethodKey::method(path, verb));
        match own {
            Some(own) => Some((own, SettingsScope::Method)),
            None => Some((self.0.get(&MethodKey::ALL)?, SettingsScope::All)),
        }
    }

    /// Returns an entry.
    #[must_use]
    pub fn get(&self, key: &MethodKey) -> Option<&MethodSettings> {
        self.0.get(key)
    }

    /// Returns the entries by their keys, that of `*/*` first.
    pub fn iter(&self) -> impl Iterator<Item = (&MethodKey, &MethodSettings)> {
        self.0.iter()
    }

    /// Returns whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// There is no entry of this key. Displayed it has API Gateway's words, the space at their end included.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Cannot remove method setting {0} because there is no method setting for this method ")]
pub struct NoMethodSetting(MethodKey);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_parsed_from_the_right_in_every_spelling() {
        let cases = [
            ("plain", "pets/GET", Some("pets/GET")),
            ("a slash in front", "/pets/GET", Some("pets/GET")),
            (
                "a longer path",
                "pets/{id}/toys/POST",
                Some("pets/{id}/toys/POST"),
            ),
            ("escaped", "~1pets~1{id}/GET", Some("pets/{id}/GET")),
            (
                "a slash in front and escaped",
                "/~1pets~1{id}/GET",
                Some("pets/{id}/GET"),
            ),
            ("an escaped tilde", "/~0a~01/GET", Some("~a~1/GET")),
            ("any verb", "/pets/ANY", Some("pets/ANY")),
            (
                "a path that is called as a verb",
                "/GET/GET",
                Some("GET/GET"),
            ),
            ("the root", "/GET", Some("/GET")),
            ("the root, escaped", "/~1/GET", Some("/GET")),
            ("the root, twice", "//GET", Some("/GET")),
            ("all", "*/*", Some("*/*")),
            ("all, with a slash", "/*/*", Some("*/*")),
            ("no slash", "GET", None),
            ("no verb", "/pets/", None),
            ("a verb in small letters", "/pets/get", None),
            ("another verb", "/pets/TRACE", None),
            ("every verb of a path", "/pets/*", None),
            ("nothing", "", None),
        ];
        for (name, text, expected) in cases {
            let found = text.parse::<MethodKey>().ok().map(|key| key.to_string());
            assert_eq!(found.as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_later_change_of_all_does_not_reach_an_entry_that_is_there() {
        let mut table = MethodSettingsTable::default();
        let pets = MethodKey::method("/pets", "GET");
        table.set(MethodKey::ALL, |all| all.cache_ttl_in_seconds = 60);
        table.set(pets.clone(), |pets| pets.caching_enabled = true);
        table.set(MethodKey::ALL, |all| {
            all.cache_ttl_in_seconds = 10;
            all.metrics_enabled = true;
        });
        let own = table.get(&pets).expect("the entry");
        assert_eq!(
            (
                own.cache_ttl_in_seconds,
                own.metrics_enabled,
                own.caching_enabled
            ),
            (60, false, true)
        );
        let all = table.of("/other", "GET").expect("an entry");
        assert_eq!(
            (all.0.cache_ttl_in_seconds, all.1),
            (10, SettingsScope::All)
        );
    }

    #[test]
    fn an_entry_is_looked_up_whole() {
        let mut table = MethodSettingsTable::default();
        assert_eq!(
            table.of("/pets", "GET"),
            None,
            "the account's defaults hold"
        );
        table.insert(MethodKey::ALL, MethodSettings::default().throttle(5.0, 7));
        table.insert(
            MethodKey::method("/pets/", "GET"),
            MethodSettings::default(),
        );
        let (pets, scope) = table.of("/pets", "GET").expect("an entry");
        assert_eq!(
            (pets.throttling_rate_limit, scope),
            (None, SettingsScope::Method),
            "nothing is merged"
        );
        assert_eq!(
            table.of("/pets", "POST").map(|found| found.1),
            Some(SettingsScope::All)
        );
    }

    #[test]
    fn an_entry_is_removed_once() {
        let mut table = MethodSettingsTable::default();
        table.insert(MethodKey::ALL, MethodSettings::default());
        assert!(table.remove(&MethodKey::ALL).is_ok());
        let error = table.remove(&MethodKey::ALL).expect_err("there is none");
        let expected =
            "Cannot remove method setting */* because there is no method setting for this method ";
        assert_eq!(error.to_string(), expected);
    }
}
