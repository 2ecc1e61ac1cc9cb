//! Ranges of IP addresses.

use std::net::IpAddr;

use ipnet::IpNet;

/// A CIDR range of one family; the host bits of its address do not matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Network(IpNet);

impl Network {
    /// Reads an address or a range such as `192.0.2.0/24`; without a prefix it is the one address.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let written: IpAddr = address.parse().ok()?;
        let width = if written.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(prefix) => {
                let plain = prefix.len() <= 3 && prefix.bytes().all(|byte| byte.is_ascii_digit());
                prefix
                    .parse()
                    .ok()
                    .filter(|prefix| plain && *prefix <= width)?
            }
        };
        // A range of IPv4 addresses may be written inside IPv6.
        let (address, prefix) = match written.to_canonical() {
            IpAddr::V4(address) if width - prefix <= 32 => {
                (IpAddr::V4(address), 32 - (width - prefix))
            }
            _ => (written, prefix),
        };
        IpNet::new(address, prefix).ok().map(Self)
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bits(address: IpAddr) -> Vec<bool> {
        let bytes = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let bits = bytes
            .iter()
            .flat_map(|byte| (0..8).map(move |place| byte >> (7 - place) & 1 == 1));
        bits.collect()
    }

    proptest! {
        #[test]
        fn ranges_compare_bit_by_bit(
            base: IpAddr, other: IpAddr, prefix in 0usize..=128, flipped in 0usize..128,
        ) {
            let width = if base.is_ipv4() { 32 } else { 128 };
            // An address that differs from the base in one bit.
            let near = match base {
                IpAddr::V4(base) => IpAddr::from((base.to_bits() ^ 1 << (flipped % 32)).to_be_bytes()),
                IpAddr::V6(base) => IpAddr::from((base.to_bits() ^ 1 << flipped).to_be_bytes()),
            };
            let prefix = prefix.min(width);
            let network = Network::parse(&format!("{base}/{prefix}")).unwrap();
            for address in [base, near, other] {
                let (own, its) = (bits(base), bits(address.to_canonical()));
                // A range of wrapped IPv4 addresses is one of IPv4 addresses.
                let skipped = if base.is_ipv6() && base.to_canonical().is_ipv4() && prefix >= 96 { 96 } else { 0 };
                let expected = own.len() - skipped == its.len()
                    && own[skipped..prefix.max(skipped)] == its[..prefix - skipped];
                prop_assert_eq!(network.contains(address), expected, "{}", address);
            }
        }
    }

    #[test]
    fn ranges_hold_the_addresses_of_their_family() {
        let cases = [
            ("192.0.2.0/24", "192.0.2.7", true),
            ("192.0.2.0/24", "192.0.3.7", false),
            ("123.4.5.6/24", "123.4.5.200", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("192.0.2.1", "192.0.2.2", false),
            ("0.0.0.0/0", "255.255.255.255", true),
            ("0.0.0.0/0", "::", false),
            ("::/0", "192.0.2.1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:DB8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::1", "2001:db8::1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.9", true),
            ("::ffff:192.0.2.0/120", "192.0.2.9", true),
            ("::ffff:192.0.2.0/120", "192.0.3.9", false),
            ("::ffff:0.0.0.0/95", "192.0.2.9", false),
        ];
        for (range, address, expected) in cases {
            let network = Network::parse(range).unwrap();
            assert_eq!(
                network.contains(address.parse().unwrap()),
                expected,
                "{range} {address}"
            );
        }
    }

    #[test]
    fn what_is_no_range_is_not_read() {
        for text in [
            "",
            "/",
            "192.0.2.0/",
            "192.0.2.0/33",
            "::/129",
            "192.0.2.0/+8",
            "192.0.2/24",
            "a",
            "1.2.3.4/8/8",
            "01.2.3.4",
        ] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
