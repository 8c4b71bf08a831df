//! Which proxies stand in front of the server, and in which header they say for whom they speak.

use std::net::IpAddr;

use convoke_plugins::callback::Network;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// The proxies that are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProxySettings {
    /// Where they are: addresses such as `127.0.0.1`, or networks such as `10.1.2.0/24`. None
    /// means that no header says from whom a request comes.
    #[serde(deserialize_with = "networks")]
    pub trusted: Vec<Network>,
    /// The header that they write.
    pub header: ForwardingHeader,
}

impl ProxySettings {
    /// Whether a proxy at this address is believed.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.holds(address))
    }
}

/// Where a proxy says for whom it speaks. Only one is read: most proxies write one of them and pass
/// the other on as it came, so that the other says whatever the caller likes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`, and beside it `X-Forwarded-Proto`.
    #[default]
    XForwardedFor,
    /// `Forwarded`, with `for` and `proto` (RFC 7239).
    Forwarded,
}

fn networks<'de, D: Deserializer<'de>>(given: D) -> Result<Vec<Network>, D::Error> {
    let texts = Vec::<String>::deserialize(given)?;
    texts.iter().map(|text| network(text).map_err(D::Error::custom)).collect()
}

fn network(text: &str) -> Result<Network, String> {
    if let Ok(address) = text.trim().parse::<IpAddr>() {
        return Ok(Network::from(address.to_canonical()));
    }
    let network = text.parse::<Network>().map_err(|_| {
        format!(
            "`{text}` is neither an address nor a network; \
                 they are written 127.0.0.1 and 10.1.2.0/24"
        )
    })?;
    if network.holds_everybody() {
        return Err(format!(
            "`{text}` would believe everybody; \
                            name the addresses of your proxies alone"
        ));
    }
    Ok(network)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_taken_and_nothing_that_means_everybody() {
        for (text, holds, holds_not) in [
            ("127.0.0.1", "127.0.0.1", "127.0.0.2"),
            (" 10.1.2.0/24 ", "10.1.2.255", "10.1.3.0"),
            ("::1", "::1", "::2"),
            ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2"),
            ("192.0.2.1", "::ffff:192.0.2.1", "::c000:201"),
            ("2001:db8::/32", "2001:db8:1::", "2001:db9::"),
        ] {
            let trusted = vec![network(text).expect(text)];
            let settings = ProxySettings { trusted, ..ProxySettings::default() };
            assert!(settings.trusts(holds.parse().expect("an address")), "{text}");
            assert!(!settings.trusts(holds_not.parse().expect("an address")), "{text}");
        }
        for wrong in ["", "*", "proxy.example.org", "10.1.2", "10.0.0.0/33", "127.0.0.1:80"] {
            let said = network(wrong).expect_err(wrong);
            assert!(said.contains("neither an address nor a network"), "{said}");
        }
        for everybody in ["0.0.0.0/0", "::/0", "10.0.0.0/0"] {
            let said = network(everybody).expect_err(everybody);
            assert!(said.contains("would believe everybody"), "{said}");
        }
    }
}
