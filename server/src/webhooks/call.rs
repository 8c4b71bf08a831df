//! One call: the body, its headers, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use convoke_model::WebhookId;
use convoke_plugins::callback::deliver::Answer;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::Webhooks;
use crate::entropy;

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The receiver took it, and said so with this status.
    Taken(u16),
    /// The receiver wants nothing any more.
    Gone,
    /// It was not taken.
    Failed {
        /// Why, as a sentence without an end.
        why: String,
        /// How long the receiver wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// Nothing was tried, since nothing could be signed.
    NoSecret(String),
}

impl Webhooks {
    /// Tells a receiver something that is no event: whether it is there and checks signatures.
    pub async fn test(&self, webhook: WebhookId, url: &str) -> Sent {
        let id = format!("evt_test_{}", entropy::token::<12>());
        let ms = i64::try_from(self.clock.now().0).unwrap_or(i64::MAX);
        let now = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
        let body = json!({
            "id": id,
            "type": "webhook.test",
            "timestamp": format!("{now:.3}"),
            "actor": { "server": true },
            "data": { "webhook": webhook.0 },
        });
        self.call(webhook, url, &id, &body).await
    }

    /// Tells a receiver something under this name.
    pub(super) async fn call(&self, of: WebhookId, url: &str, id: &str, body: &Value) -> Sent {
        let secrets = match self.secrets(of) {
            Ok(Some(secrets)) => secrets,
            Ok(None) => return Sent::NoSecret("it has no secret: give it a new one".to_owned()),
            Err(error) => return Sent::NoSecret(error.to_string()),
        };
        let body = Bytes::from(body.to_string());
        let now = self.clock.now();
        let signature = secrets.sign(id, now, &body);
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", (now.0 / 1000).to_string()),
            ("webhook-signature", signature),
        ] {
            let value = HeaderValue::try_from(value).expect("names, numbers and base64");
            headers.insert(HeaderName::from_static(name), value);
        }
        let failed = |why, retry_after| Sent::Failed { why, retry_after };
        match self.deliverer.post(url, headers, body).await {
            Ok(answer) if answer.is_taken() => Sent::Taken(answer.status),
            Ok(answer) if answer.is_gone() => Sent::Gone,
            Ok(Answer { status, retry_after }) => {
                failed(format!("it answered {status}"), retry_after)
            }
            Err(fault) => failed(fault.to_string(), None),
        }
    }
}
