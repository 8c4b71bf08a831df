//! The request of a program that a wish belongs to: it goes into the headers of the facts that the
//! wish becomes, so that the same request is known to be done, also by the next process.

use convoke_model::ClientId;

tokio::task_local! {
    static REQUEST: Request;
}

/// A call that its caller may send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Who called, and the key that they gave the call.
    pub client: ClientId,
    /// What they asked for, in short.
    pub n: u64,
}

impl Request {
    /// A request by two digests: of its caller and key, and of all that it says.
    #[must_use]
    pub fn of(id: &[u8; 32], print: &[u8; 32]) -> Self {
        /// What programs in a browser can count to.
        const COUNTED: u64 = (1 << 53) - 1;
        let first = |digest: &[u8; 32]| {
            digest.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)).max(1)
        };
        Self { client: ClientId(first(id)), n: (first(print) & COUNTED).max(1) }
    }

    /// Does what belongs to it.
    pub async fn within<T>(self, future: impl Future<Output = T>) -> T {
        REQUEST.scope(self, future).await
    }
}

/// The request that is being done, as headers of facts have it.
pub(crate) fn current() -> Option<(ClientId, u64)> {
    REQUEST.try_with(|request| (request.client, request.n)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_belongs_to_a_request_knows_it_and_nothing_else_does() {
        assert_eq!(current(), None);
        let request = Request::of(&[1; 32], &[2; 32]);
        let seen = request.within(async {
            tokio::task::yield_now().await;
            current()
        });
        assert_eq!(seen.await, Some((request.client, request.n)));
        assert_eq!(current(), None);
        let zero = Request::of(&[0; 32], &[0; 32]);
        assert_eq!((zero.client, zero.n), (ClientId(1), 1), "0 would say that there was none");
    }
}
