//! Token buckets, quotas, API keys and usage plans, as tower layers.

mod api_key;
mod api_key_layer;
mod bucket_registry;
mod charge;
mod decide;
mod import;
mod key_check;
mod method_key;
mod method_limits;
mod quota;
mod quota_counter;
mod rate;
mod response_future;
mod shared_limits;
mod slot;
mod sync;
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
pub use method_limits::{MethodLimits, Throttle, account_rate, throttle_rate};
pub use quota::{Day, DayUsage, ParseDayError, Period, Quota, Weekday};
pub use quota_counter::QuotaCounter;
pub use rate::Rate;
pub use response_future::ResponseFuture;
pub use shared_limits::SharedLimits;
pub use slot::Slot;
pub use token_bucket::TokenBucket;
pub use towergate_core::{Clock, Context, Rejection, Style, SystemClock, Timestamp};
pub use usage_plan::{ApiStage, MAX_METHOD_THROTTLES, UsagePlan};
pub use usage_plan_layer::{UsagePlanLayer, UsagePlanService};
pub use usage_plans::{
    ConfigurationError, ConfigurationPlace, Subscription, UsagePlanError, UsagePlans,
};
pub use would_refuse::WouldRefuse;
