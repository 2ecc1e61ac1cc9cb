//! Values of keys as keyed hashes.

use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::{Hasher128, SipHasher13};

/// The secret of a registry that values are hashed with.
///
/// Values are found by a keyed 128-bit hash of all their bytes, and by nothing else: how long a look-up takes depends on
/// the hash alone, which nobody can predict without this secret. So a guess that is nearly right takes as long as any
/// other, and nobody can choose values that fall together. The hash takes as long as the value that was *sent* is.
#[derive(Clone, Copy)]
pub(super) struct DigestKey(u64, u64);

impl DigestKey {
    /// Draws one from the keys that the standard library has from the system, through a hash that they do not leave.
    pub(super) fn random() -> Self {
        let draw = || RandomState::new().build_hasher().finish();
        Self(draw(), draw())
    }

    pub(super) fn of(self, value: &[u8]) -> u128 {
        let mut hasher = SipHasher13::new_with_keys(self.0, self.1);
        hasher.write(value);
        hasher.finish128().as_u128()
    }
}

/// Takes what is a hash already as the hash.
#[derive(Clone, Copy, Default)]
pub(super) struct AsHash;

impl BuildHasher for AsHash {
    type Hasher = Taken;

    fn build_hasher(&self) -> Taken {
        Taken(0)
    }
}

pub(super) struct Taken(u64);

impl Hasher for Taken {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
