//! Keys and callers as keyed hashes.

use std::hash::{BuildHasher, Hasher, RandomState};

use siphasher::sip128::SipHasher13;

/// The secret that a registry or a table hashes with.
///
/// Values are found by a keyed 128-bit hash of all their bytes, and by nothing else: how long a look-up takes depends on
/// the hash alone, which nobody can predict without this secret. So a guess that is nearly right takes as long as any
/// other, and nobody can choose values that fall together. The hash takes as long as the value that was *sent* is.
#[derive(Clone, Copy)]
pub(crate) struct DigestKey(u64, u64);

impl DigestKey {
    /// No secret: for hashes that are to be the same on every node. Whoever knows it may search for keys that fall together,
    /// in about 2^64 steps.
    pub(crate) const SAME_EVERYWHERE: Self = Self(0, 0);

    /// Draws one from the keys that the standard library has from the system, through a hash that they do not leave.
    pub(crate) fn random() -> Self {
        let draw = || RandomState::new().build_hasher().finish();
        Self(draw(), draw())
    }

    #[inline]
    pub(crate) fn of(self, value: &[u8]) -> u128 {
        // In one go: without a buffer for what is still to come.
        SipHasher13::new_with_keys(self.0, self.1)
            .hash(value)
            .as_u128()
    }
}

/// Takes what is a hash already as the hash.
#[derive(Clone, Copy, Default)]
pub(crate) struct AsHash;

impl BuildHasher for AsHash {
    type Hasher = Taken;

    fn build_hasher(&self) -> Taken {
        Taken(0)
    }
}

pub(crate) struct Taken(u64);

impl Hasher for Taken {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }

    fn write_u128(&mut self, digest: u128) {
        self.0 = digest as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
