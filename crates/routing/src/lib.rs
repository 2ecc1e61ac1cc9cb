//! A path tree with the precedence of API Gateway, and the layer that routes with it.
//!
//! ```
//! use http::Method;
//! use towergate_routing::{RouteMethod, RouteTable};
//!
//! let table = RouteTable::builder()
//!     .route(Method::GET, "/pets", "list")
//!     .route(Method::GET, "/pets/{id}", "show")
//!     .route(RouteMethod::Any, "/{proxy+}", "everything else")
//!     .build()?;
//!
//! let path = "/pets/7";
//! let found = table.find(&Method::GET, path).expect("there is a route");
//! assert_eq!(*found.value, "show");
//! assert_eq!(found.resource.path(), "/pets/{id}");
//! assert_eq!(found.parameter(path, "id"), Some("7"));
//!
//! // Path and method decide together: `/pets/{id}` has no DELETE.
//! let found = table.find(&Method::DELETE, path).expect("there is a route");
//! assert_eq!(*found.value, "everything else");
//! # Ok::<(), towergate_routing::RouteErrors>(())
//! ```
//!
//! [`RouteTable`] is the engine: a request is a borrowed method and path, a match borrows from the table, and a
//! lookup neither allocates nor copies. [`RouteLayer`] puts it in front of any tower service. What is wrong with a
//! table is said when it is built, all at once, as [`RouteErrors`].
//!
//! [`DomainTable`] comes before it where there are domain names: it tells by host, base path and headers which API
//! and stage a request is for, and how much of the path is left for the routes.

mod builder;
mod children;
mod domains;
mod error;
mod layer;
mod method;
mod pattern;
mod segment;
mod table;

pub use builder::{MAX_ROUTES, RouteTableBuilder};
pub use domains::{
    ConditionPart, Domain, DomainCaveat, DomainError, DomainErrors, DomainFault, DomainFound,
    DomainMatch, DomainPart, DomainTable, DomainTableBuilder, DomainWarning, MAX_ALTERNATIVES,
    MAX_DOMAINS, MAX_MAPPINGS, MAX_PRIORITY, MAX_ROUTING_RULES, ParseRoutingModeError, RoutingMode,
    RoutingRule,
};
pub use error::{RouteError, RouteErrors};
pub use layer::{Matched, ResponseFuture, RouteLayer, RouteService};
pub use method::RouteMethod;
pub use pattern::{MAX_PATTERN_BYTES, MAX_SEGMENTS};
pub use table::{Match, RouteTable};
pub use towergate_core::{Context, Params, Rejection, ResourceInfo, ResponseBody};
