//! Which addresses may be asked: the server must not become somebody's way into their own network.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::said::Said;

/// A network, such as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether an address is in it.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        match (self.address, address) {
            (IpAddr::V4(net), IpAddr::V4(ip)) => in_v4(ip, net, self.bits),
            (IpAddr::V6(net), IpAddr::V6(ip)) => in_v6(ip, net, self.bits),
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// Whether every address of its kind is in it.
    #[must_use]
    pub fn holds_everybody(&self) -> bool {
        self.bits == 0
    }
}

impl From<IpAddr> for Network {
    /// The network that holds this address alone.
    fn from(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no network; one is written 10.0.0.0/8");
        let (address, bits) = text.trim().split_once('/').ok_or_else(wrong)?;
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        if bits > most {
            return Err(wrong());
        }
        Ok(Self { address, bits })
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.to_string()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

/// What may be asked beyond the public internet.
#[derive(Clone, Debug, Default)]
pub struct AddressPolicy {
    /// Private networks that are ours to ask.
    pub allow_private: Vec<Network>,
    /// This machine.
    pub allow_loopback: bool,
    /// Where we listen ourselves.
    pub own: Vec<SocketAddr>,
}

impl AddressPolicy {
    /// The addresses of a host, looked up once. When one of them must not be asked, none is.
    ///
    /// # Errors
    /// One sentence.
    pub async fn find(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Said> {
        let no = |code, words: &str| Said::new(code, [host.to_owned()], format!("{host} {words}"));
        if is_metadata_name(host) {
            return Err(no("address_metadata", "hands out a cloud's secrets and is never asked"));
        }
        let nowhere = || no("address_none", "has no address");
        let found = tokio::net::lookup_host((host, port)).await;
        let found: Vec<_> = found.map_err(|_| nowhere())?.collect();
        if found.is_empty() {
            return Err(nowhere());
        }
        found.iter().try_for_each(|address| self.check(*address))?;
        Ok(found)
    }

    /// Says why an address must not be asked.
    ///
    /// # Errors
    /// One sentence.
    pub fn check(&self, address: SocketAddr) -> Result<(), Said> {
        let ip = unmapped(address.ip());
        let no =
            |code, words: &str| Err(Said::new(code, [ip.to_string()], format!("{ip} is {words}")));
        match kind(ip) {
            Kind::Public => {}
            Kind::Private if self.allow_private.iter().any(|network| network.holds(ip)) => {}
            Kind::Private => {
                let words = "in a private network; `allow_private` names none that holds it";
                return no("address_private", words);
            }
            Kind::Loopback if self.allow_loopback => {}
            Kind::Loopback => {
                return no("address_loopback", "this machine; `allow_loopback` is not set");
            }
            Kind::Never(why) => return no("address_never", why),
        }
        let ours = |own: &&SocketAddr| {
            let here = own.ip().is_unspecified() && matches!(kind(ip), Kind::Loopback);
            own.port() == address.port() && (here || unmapped(own.ip()) == ip)
        };
        match self.own.iter().find(ours) {
            None => Ok(()),
            Some(own) => {
                let words = format!("{own} is where this server listens itself");
                Err(Said::new("address_own", [own.to_string()], words))
            }
        }
    }
}

/// Names of machines that hand out a cloud's secrets.
pub(crate) fn is_metadata_name(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    let known = ["metadata", "metadata.google.internal", "metadata.goog", "instance-data"];
    known.contains(&host.as_str()) || host.ends_with(".metadata.google.internal")
}

#[derive(Clone, Copy)]
enum Kind {
    Public,
    Private,
    Loopback,
    Never(&'static str),
}

/// An IPv4 address that is written as an IPv6 one, taken out (RFC 4291, 2.5.5.2; RFC 6052).
fn unmapped(ip: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = ip else { return ip };
    if let Some(v4) = v6.to_ipv4_mapped() {
        return IpAddr::V4(v4);
    }
    let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0);
    if in_v6(v6, nat64, 96) {
        let [.., a, b, c, d] = v6.octets();
        return IpAddr::V4(Ipv4Addr::new(a, b, c, d));
    }
    ip
}

fn kind(ip: IpAddr) -> Kind {
    match ip {
        IpAddr::V4(ip) => kind_v4(ip),
        IpAddr::V6(ip) => kind_v6(ip),
    }
}

fn kind_v4(ip: Ipv4Addr) -> Kind {
    let within = |a, b, c, d, bits| in_v4(ip, Ipv4Addr::new(a, b, c, d), bits);
    if ip.is_loopback() {
        Kind::Loopback
    } else if ip.is_private() || within(100, 64, 0, 0, 10) {
        Kind::Private
    } else if within(0, 0, 0, 0, 8) {
        Kind::Never("an address without a host")
    } else if ip.is_link_local() {
        Kind::Never("a link-local address, where clouds hand out their secrets")
    } else if ip.is_multicast() || ip.is_broadcast() {
        Kind::Never("an address of many")
    } else if within(192, 0, 0, 0, 24)
        || within(192, 0, 2, 0, 24)
        || within(198, 51, 100, 0, 24)
        || within(203, 0, 113, 0, 24)
        || within(198, 18, 0, 0, 15)
        || within(192, 88, 99, 0, 24)
        || within(240, 0, 0, 0, 4)
    {
        Kind::Never("reserved")
    } else {
        Kind::Public
    }
}

fn kind_v6(ip: Ipv6Addr) -> Kind {
    let within = |net: [u16; 4], bits| {
        let [a, b, c, d] = net;
        in_v6(ip, Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0), bits)
    };
    if ip.is_loopback() {
        Kind::Loopback
    } else if ip == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) {
        Kind::Never("where a cloud hands out its secrets")
    } else if within([0xfc00, 0, 0, 0], 7) {
        Kind::Private
    } else if within([0xfe80, 0, 0, 0], 10) || within([0xfec0, 0, 0, 0], 10) {
        Kind::Never("a link-local address")
    } else if ip.is_multicast() {
        Kind::Never("an address of many")
    } else if within([0, 0, 0, 0], 96) {
        Kind::Never("an address without a host, or an old way to write an IPv4 address")
    } else if within([0x2002, 0, 0, 0], 16)
        || within([0x2001, 0, 0, 0], 32)
        || within([0x64, 0xff9b, 1, 0], 48)
    {
        Kind::Never("a tunnel to an IPv4 address")
    } else if within([0x2000, 0, 0, 0], 3) && !within([0x2001, 0xdb8, 0, 0], 32) {
        Kind::Public
    } else {
        Kind::Never("reserved")
    }
}

fn in_v4(ip: Ipv4Addr, net: Ipv4Addr, bits: u8) -> bool {
    let shift = 32_u32.saturating_sub(bits.into());
    let top = |ip: Ipv4Addr| u32::from(ip).checked_shr(shift).unwrap_or(0);
    top(ip) == top(net)
}

fn in_v6(ip: Ipv6Addr, net: Ipv6Addr, bits: u8) -> bool {
    let shift = 128_u32.saturating_sub(bits.into());
    let top = |ip: Ipv6Addr| u128::from(ip).checked_shr(shift).unwrap_or(0);
    top(ip) == top(net)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: &AddressPolicy, ip: &str) -> bool {
        policy.check(SocketAddr::new(ip.parse().expect(ip), 443)).is_ok()
    }

    #[test]
    fn only_the_public_internet_is_asked_unless_said_otherwise() {
        let policy = AddressPolicy::default();
        for public in
            ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"]
        {
            assert!(check(&policy, public), "{public}");
        }
        for denied in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "100.64.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "192.0.2.1",
            "198.18.0.1",
            "::",
            "::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "fd00::1",
            "fd00:ec2::254",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "::127.0.0.1",
            "2001:db8::1",
            "100::1",
        ] {
            assert!(!check(&policy, denied), "{denied}");
        }
    }

    #[test]
    fn a_private_network_is_asked_when_it_is_named_and_nothing_else_with_it() {
        let policy = AddressPolicy {
            allow_private: vec![
                "10.0.0.0/8".parse().expect("a network"),
                "0.0.0.0/0".parse().expect("a network"),
                "::/0".parse().expect("a network"),
            ],
            ..AddressPolicy::default()
        };
        for allowed in ["10.1.2.3", "192.168.1.1", "fd00::1", "::ffff:10.1.2.3"] {
            assert!(check(&policy, allowed), "{allowed}");
        }
        for denied in ["127.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "0.0.0.0"] {
            assert!(!check(&policy, denied), "{denied}");
        }
        for wrong in ["10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0/8", "::/129", ""] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_server_does_not_ask_itself() {
        let own = vec!["0.0.0.0:443".parse().expect("an address")];
        let policy = AddressPolicy { allow_loopback: true, own, ..AddressPolicy::default() };
        assert!(policy.check("127.0.0.1:443".parse().expect("an address")).is_err());
        assert!(policy.check("127.0.0.1:8080".parse().expect("an address")).is_ok());
    }
}
