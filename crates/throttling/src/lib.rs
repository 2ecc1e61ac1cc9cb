//! Token buckets, quotas, API keys and usage plans, as tower layers.
//!
//! ```
//! use http::{Request, Response};
//! use tower::{Layer, Service, service_fn};
//! use towergate_throttling::{ByHeader, Rate, ThrottleLayer};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let layer = ThrottleLayer::new(Rate::per_second(100.0).burst(50)).by(ByHeader("x-tenant".parse()?));
//! let mut app = layer.layer(service_fn(async |_: Request<String>| Ok::<_, &str>(Response::new(String::new()))));
//! let request = Request::get("/").header("x-tenant", "a").body(String::new())?;
//! assert_eq!(app.call(request).await?.status(), 200);
//! # Ok(())
//! # }
//! ```
//!
//! | who is held to a limit | layer | engine |
//! |---|---|---|
//! | whoever is told apart by address, header, route … | [`ThrottleLayer`] | [`KeyedBuckets`] |
//! | whoever has a key, by its usage plan | [`UsagePlanLayer`] | [`UsagePlans`] |
//! | nobody, but a key is required | [`ApiKeyLayer`] | [`UsagePlans`] |
//! | everybody together | | [`TokenBucket`] |
//!
//! All limits of a request are one [`Charge`], granted as a whole or not at all: by this node alone, or by a store that
//! nodes share ([`SharedLimits`], such as `towergate-redis`).

mod api_key;
mod api_key_layer;
mod bucket_registry;
mod charge;
mod decide;
mod digest;
mod import;
mod key_check;
mod keyed_buckets;
mod method_key;
mod method_limits;
mod quota;
mod quota_counter;
mod rate;
mod response_future;
mod shared_limits;
mod slot;
mod sync;
mod throttle_layer;
mod token_bucket;
mod usage_plan;
mod usage_plan_layer;
mod usage_plans;
mod would_refuse;

pub use api_key::{ApiKey, MAX_KEY_VALUE, MIN_KEY_VALUE};
pub use api_key_layer::{ApiKeyLayer, ApiKeyService};
pub use bucket_registry::{BucketRegistry, NamedBucket};
pub use charge::{
    Charge, ChargedQuota, ChargedThrottle, LimitName, OutagePolicy, Refusal, RefusedBy,
};
pub use import::{BadLine, ImportError, Imported, Malformed, OnBadLine};
pub use key_check::{API_KEY, ApiKeySource};
pub use keyed_buckets::{DEFAULT_MAX_KEYS, KeyedBuckets};
pub use method_limits::{MethodLimits, Throttle, account_rate, throttle_rate};
pub use quota::{Day, DayUsage, ParseDayError, Period, Quota, Weekday};
pub use quota_counter::QuotaCounter;
pub use rate::Rate;
pub use response_future::ResponseFuture;
pub use shared_limits::SharedLimits;
pub use slot::Slot;
pub use throttle_layer::{
    ByApiKey, ByHeader, ByPrincipal, ByRoute, CallerKey, InvalidPolicyName, KeyBytes, OnMissing,
    PolicyName, RateHandle, SourceIp, ThrottleLayer, ThrottleService,
};
pub use token_bucket::TokenBucket;
pub use towergate_core::{
    ClientAddress, Clock, Context, PeerAddress, Rejection, Style, SystemClock, Timestamp,
    TrustedHops,
};
pub use usage_plan::{ApiStage, MAX_METHOD_THROTTLES, UsagePlan};
pub use usage_plan_layer::{UsagePlanLayer, UsagePlanService};
pub use usage_plans::{
    ConfigurationError, ConfigurationPlace, Subscription, UsagePlanError, UsagePlans,
};
pub use would_refuse::WouldRefuse;

use throttle_layer::{RateFields, set_retry_after};
