//! The app that stands behind the examples: a pet store, as any axum app.

use axum::{
    Json, Router,
    extract::{Path, Query},
    http::StatusCode,
    routing::get,
};
use serde::{Deserialize, Serialize};

/// A pet of the store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pet {
    /// Its number, from 1.
    #[serde(default)]
    pub id: u32,
    /// What it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it costs.
    pub price: f64,
}

/// Which pets to list.
#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    /// Only those of this kind.
    #[serde(rename = "type")]
    kind: Option<String>,
}

/// The pet store, with its resources beneath `/petstore`.
pub fn app() -> Router {
    Router::new()
        .route("/petstore/pets", get(list).post(create))
        .route("/petstore/pets/{id}", get(show))
}

fn pets() -> Vec<Pet> {
    let pets = [("dog", 249.99), ("cat", 124.99), ("fish", 0.99)];
    let numbered = pets.into_iter().zip(1..);
    numbered
        .map(|((kind, price), id)| Pet {
            id,
            kind: kind.to_owned(),
            price,
        })
        .collect()
}

async fn list(Query(filter): Query<Filter>) -> Json<Vec<Pet>> {
    let wanted = |pet: &Pet| filter.kind.as_ref().is_none_or(|kind| *kind == pet.kind);
    Json(pets().into_iter().filter(wanted).collect())
}

async fn show(Path(id): Path<u32>) -> Result<Json<Pet>, StatusCode> {
    let pet = pets().into_iter().find(|pet| pet.id == id);
    pet.map(Json).ok_or(StatusCode::NOT_FOUND)
}

async fn create(Json(pet): Json<Pet>) -> Json<Pet> {
    Json(Pet { id: 4, ..pet })
}
