//! One pooled HTTP/1.1 client for every backend of an API, and the timer that goes with its runtime, tokio.
//!
//! Backends behind `https` need the feature `rustls`.
//!
//! ```no_run
//! # async fn run() -> Result<(), towergate_client::ClientError> {
//! use towergate_client::Client;
//! use towergate_core::Body;
//!
//! let request = http::Request::get("http://127.0.0.1:9000/pets").body(Body::empty()).unwrap();
//! let response = Client::new().send(request).await?;
//! assert_eq!(response.status(), 200);
//! # Ok(())
//! # }
//! ```

mod client;
mod connector;
mod public_address;
mod timer;

pub use client::{Client, ClientError};
pub use public_address::is_public_address;
pub use timer::TokioTimer;
