//! One door and its limits by address, by network and over everybody: signing in, or joining.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::bucket::{Buckets, Rate};

/// Too fast: try again after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow(pub Duration);

/// Failures at a door. Successes cost nothing here.
pub struct Door {
    address: Buckets<IpAddr>,
    network: Buckets<IpAddr>,
    everybody: Buckets<()>,
}

impl Door {
    /// A rate for one address, five times that for its network, and one for everybody.
    #[must_use]
    pub fn new(address: Rate, everybody: Rate) -> Self {
        Self {
            address: Buckets::new(address),
            network: Buckets::new(address.times(5.0)),
            everybody: Buckets::new(everybody),
        }
    }

    /// Whether this address may try.
    ///
    /// While everybody together fails too often, an address that failed itself has to wait, and one
    /// that did not may try: a flood of guesses from elsewhere keeps no honest person out.
    ///
    /// # Errors
    /// How long to wait.
    pub fn may_try(&self, from: IpAddr, now: Duration) -> Result<(), Slow> {
        let from = by_customer(from);
        let wait = self.address.wait(&from, now).max(self.network.wait(&network(from), now));
        if !wait.is_zero() {
            return Err(Slow(wait));
        }
        let wait = self.everybody.wait(&(), now);
        if !wait.is_zero() && !self.address.is_full(&from, now) {
            return Err(Slow(wait));
        }
        Ok(())
    }

    /// Notes a failed try.
    pub fn failed(&self, from: IpAddr, now: Duration) {
        let from = by_customer(from);
        let _ = self.address.take(&from, now);
        let _ = self.network.take(&network(from), now);
        let _ = self.everybody.take(&(), now);
    }
}

/// The address as one is known by: a mapped IPv4 address as IPv4, of IPv6 the /64 a customer gets.
pub fn by_customer(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let s = v6.segments();
            IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], s[3], 0, 0, 0, 0))
        }
    }
}

/// The network around an address: /24, or /48 of IPv6.
fn network(from: IpAddr) -> IpAddr {
    match from {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let s = v6.segments();
            IpAddr::V6(Ipv6Addr::new(s[0], s[1], s[2], 0, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_a_network_and_everybody_are_held() {
        let door = Door::new(Rate::per_minute(10, 20), Rate::per_second(1000));
        let now = Duration::ZERO;
        let ip = |last: u8| IpAddr::from([192, 0, 2, last]);
        let tries = |from: IpAddr| {
            let mut passed = 0;
            while door.may_try(from, now).is_ok() {
                door.failed(from, now);
                passed += 1;
            }
            passed
        };
        assert_eq!(tries(ip(1)), 20);
        assert_eq!((2..=20).map(|last| tries(ip(last))).sum::<i32>(), 80, "the /24 has 100");
        assert!(door.may_try(IpAddr::from([198, 51, 100, 1]), now).is_ok());
    }

    #[test]
    fn under_a_flood_only_those_who_failed_wait() {
        let door = Door::new(Rate::per_minute(10, 20), Rate::per_second(5));
        let now = Duration::ZERO;
        for n in 0..5 {
            door.failed(IpAddr::from([203, 0, n, 1]), now);
        }
        assert!(door.may_try(IpAddr::from([203, 0, 0, 1]), now).is_err());
        assert!(door.may_try(IpAddr::from([198, 51, 100, 1]), now).is_ok());
    }

    /// A million tries at meeting numbers by a thousand addresses within an hour, with the limits
    /// that are usual: how many are answered.
    fn answered(address: impl Fn(u32) -> IpAddr) -> u32 {
        const TRIES: u32 = 1_000_000;
        let door = Door::new(Rate::per_minute(10, 20), Rate::per_second(5));
        let honest = IpAddr::from([198, 51, 100, 1]);
        let between = Duration::from_secs(3_600) / TRIES;
        let mut answered = 0;
        for n in 0..TRIES {
            let (from, now) = (address(n % 1_000), between * n);
            if door.may_try(from, now).is_ok() {
                door.failed(from, now);
                answered += 1;
            }
            // Whoever made no mistake is not kept out, whatever the others do.
            assert!(n % 1_000 > 0 || door.may_try(honest, now).is_ok());
        }
        answered
    }

    #[test]
    fn a_million_numbers_by_a_thousand_addresses_are_answered_as_their_networks_may() {
        let octet = |n: u32| u8::try_from(n).expect("below 256");
        // Four networks: 50 a minute and 100 at once of each, and no more.
        let near = answered(|n| IpAddr::from([203, 0, octet(n / 250), octet(n % 250)]));
        // A network for each address, as somebody has who rents them: what one may is what it gets
        // under a flood too, for between two tries it owes nothing.
        let far = answered(|n| IpAddr::from([10, octet(n / 250), octet(n % 250), 1]));
        println!("answered of a million: from four networks {near}, from a thousand {far}");
        assert!(near <= 4 * (50 * 60 + 100), "{near}");
        assert!(far <= 1_000 * (10 * 60 + 20), "{far}");
    }

    #[test]
    fn an_ipv6_customer_is_one_address() {
        let door = Door::new(Rate::per_minute(1, 1), Rate::per_second(1000));
        let now = Duration::ZERO;
        door.failed("2001:db8::1".parse().expect("an address"), now);
        assert!(door.may_try("2001:db8::2".parse().expect("an address"), now).is_err());
    }
}
