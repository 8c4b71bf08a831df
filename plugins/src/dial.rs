//! Connects to one of several addresses, so that a dead one costs its share of the time only.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;

/// Addresses of one host that are tried.
const ADDRESSES_MAX: usize = 4;

/// Tries the addresses in order, each for its share of the time.
pub(crate) async fn dial(
    addresses: &[SocketAddr],
    within: Duration,
) -> io::Result<(TcpStream, SocketAddr)> {
    let tried = &addresses[..addresses.len().min(ADDRESSES_MAX)];
    let share = within / u32::try_from(tried.len().max(1)).unwrap_or(1);
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in tried {
        match tokio::time::timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                stream.set_nodelay(true)?;
                return Ok((stream, *address));
            }
            Ok(Err(error)) => last = io::Error::new(error.kind(), format!("{address}: {error}")),
            Err(_) => {
                let words = format!("{address} did not answer");
                last = io::Error::new(io::ErrorKind::TimedOut, words);
            }
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_dead_address_does_not_use_up_the_time_of_a_live_one() {
        let live = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let live = live.local_addr().expect("an address");
        let dead: SocketAddr = "127.0.0.1:1".parse().expect("an address");
        let (_, found) = dial(&[dead, live], Duration::from_secs(5)).await.expect("connects");
        assert_eq!(found, live);
        assert!(dial(&[dead], Duration::from_secs(5)).await.is_err());
        assert!(dial(&[], Duration::from_secs(5)).await.is_err());
    }
}
