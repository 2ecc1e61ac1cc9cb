//! Room for what a shared store keeps of a limit on this node.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
};

/// Room beside a limit for one value of the store that nodes share, such as a lease of tokens.
///
/// Empty until a store uses it. The first type that is asked for stays.
#[derive(Default)]
pub struct Slot(OnceLock<Arc<dyn Any + Send + Sync>>);

impl Slot {
    /// Returns the value, made by `make` at the first call, or `None` if the slot holds a value of another type.
    pub fn get_or_init<T: Send + Sync + 'static>(
        &self,
        make: impl FnOnce() -> T,
    ) -> Option<Arc<T>> {
        let value = self.0.get_or_init(|| Arc::new(make()));
        Arc::clone(value).downcast().ok()
    }

    /// Returns the value if there is one of this type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.0.get()?.downcast_ref()
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Slot")
            .field(&self.0.get().is_some())
            .finish()
    }
}
