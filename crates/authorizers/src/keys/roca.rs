//! Tells RSA keys of the flawed generator of CVE-2017-15361 ("ROCA") by their modulus.

/// Odd primes whose product divides the base that the generator builds its primes on.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97,
    101, 103, 107, 109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

/// Returns whether a modulus, big-endian, has the mark of the generator: modulo every small prime it is a power of
/// 65537. A sound modulus has it with a chance below one in a hundred million.
pub(super) fn is_marked(modulus: &[u8]) -> bool {
    PRIMES
        .into_iter()
        .all(|prime| is_power_of_generator(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number
        .iter()
        .fold(0, |rest, byte| ((rest << 8) | u32::from(*byte)) % prime)
}

fn is_power_of_generator(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    (0..prime).any(|_| {
        power = power * (65_537 % prime) % prime;
        power == residue
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_of_the_generator_are_marked() {
        let marked: u128 = [65_537; 7].into_iter().product();
        assert!(is_marked(&marked.to_be_bytes()));
        assert!(!is_marked(&(marked + 2).to_be_bytes()));
        assert!(!is_marked(&[0xff; 256]));
    }
}
