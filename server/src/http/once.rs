//! Idempotency keys: a call that is sent again under the same `Idempotency-Key` is done once.
//!
//! The first answer is kept for a day and given again to the same caller, as long as this process
//! runs and no more than so many wait; a call goes on when its caller hangs up, so that what it
//! came to is known when it is sent again.
//!
//! Answers are not written to a disk: some open a meeting. What holds over a restart is in the
//! facts themselves: their headers name the call that they are of, caller and key as one number and
//! what was asked as another. A call whose facts are there is not done again, and is answered from
//! what became of them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use convoke_model::Refusal;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use sha2::Sha256;

use super::again::{self, After};
use super::api;
use super::refusal::No;
use super::site::{Caller, Site};
use crate::folder::Key;
use crate::request;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// On an answer that was given before.
pub(super) const AGAIN: HeaderName = HeaderName::from_static("idempotency-replayed");

const KEY_CHARS_MAX: usize = 128;
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// Answers kept at once; the oldest goes for the newest.
const ANSWERS_MAX: usize = 10_000;
/// What they weigh together.
const ANSWERS_BYTES_MAX: usize = 32 * 1024 * 1024;
/// One that is larger is not kept.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

type Id = [u8; 32];

/// Answers that were given, by caller and key.
pub(super) struct Answers {
    /// What digests are made with: some of them stand in headers of facts, and must not let anybody
    /// try passwords that a call brought along.
    key: Key,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_id: HashMap<Id, Entry>,
    order: VecDeque<(Id, Duration)>,
    bytes: usize,
}

struct Entry {
    /// Of the call.
    print: [u8; 32],
    /// Nothing while it is under way.
    answer: Option<Answer>,
}

#[derive(Clone)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

enum Begun {
    First,
    Again(Answer),
    UnderWay,
    Other,
}

impl Answers {
    pub(super) fn new(key: Key) -> Self {
        Self { key, kept: Mutex::default() }
    }

    /// A digest of parts, none of which can be taken for another.
    fn digest(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut digest = Hmac::<Sha256>::new_from_slice(self.key.as_slice())
            .expect("HMAC takes keys of any length");
        for part in parts {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        digest.finalize().into_bytes().into()
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, id: Id, print: [u8; 32], now: Duration) -> Begun {
        let mut kept = self.lock();
        kept.let_go(now);
        match kept.by_id.get(&id) {
            Some(entry) if entry.print != print => Begun::Other,
            Some(Entry { answer: Some(answer), .. }) => Begun::Again(answer.clone()),
            Some(Entry { answer: None, .. }) => Begun::UnderWay,
            None => {
                kept.by_id.insert(id, Entry { print, answer: None });
                Begun::First
            }
        }
    }

    /// Keeps what a call came to; nothing when it is to be done again.
    fn end(&self, id: Id, answer: Option<Answer>, now: Duration) {
        let mut kept = self.lock();
        let Some(answer) = answer else {
            kept.by_id.remove(&id);
            return;
        };
        let bytes = answer.body.len();
        if let Some(entry) = kept.by_id.get_mut(&id) {
            entry.answer = Some(answer);
            kept.bytes += bytes;
            kept.order.push_back((id, now + LIFE));
        }
    }
}

impl Kept {
    /// Makes room, and forgets what is too old.
    fn let_go(&mut self, now: Duration) {
        while let Some((id, until)) = self.order.front().copied() {
            let crowded = self.order.len() >= ANSWERS_MAX || self.bytes >= ANSWERS_BYTES_MAX;
            if until > now && !crowded {
                break;
            }
            self.order.pop_front();
            let gone = self.by_id.remove(&id).and_then(|entry| entry.answer);
            self.bytes -= gone.map_or(0, |answer| answer.body.len());
        }
    }
}

/// Routes whose calls can be sent again: none that gives a secret or a sign-in.
pub(super) fn covers(route: &str) -> bool {
    // Their answers have the link by which a password is set.
    let opens = ["/api/v1/admin/accounts", "/api/v1/admin/accounts/{id}/link"].contains(&route);
    // Or the secret of a bridge; and to set the same again changes nothing.
    let opens = opens || route.starts_with("/api/v1/admin/connections");
    route.starts_with("/api/v1/meetings") || (route.starts_with("/api/v1/admin/") && !opens)
}

/// A route whose calls are done once.
#[derive(Clone)]
pub(super) struct Once {
    pub(super) site: Arc<Site>,
    pub(super) route: &'static str,
}

/// Does a call with a key once.
pub(super) async fn once(State(once): State<Once>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || !request.headers().contains_key(&KEY) {
        return next.run(request).await;
    }
    match told(&once, request, next).await {
        Ok(response) => response,
        Err(no) => no.into_response(),
    }
}

async fn told(once: &Once, request: Request, next: Next) -> Result<Response, No> {
    let Once { site, route } = once;
    let (parts, body) = request.into_parts();
    let key = parts.headers.get(&KEY).filter(|key| {
        (1..=KEY_CHARS_MAX).contains(&key.len()) && key.as_bytes().iter().all(u8::is_ascii_graphic)
    });
    let key = key.cloned().ok_or(Refusal::Malformed)?;
    let caller = parts.extensions.get::<Caller>().cloned().ok_or(Refusal::ServerError)?;
    let who = api::identity(site, &caller, &parts.headers).await?;
    // The stack has read it whole already, and within its bound.
    let bytes = body.collect().await.map_err(|_| Refusal::Malformed)?.to_bytes();
    let id = site.answers.digest(&[who.as_bytes(), key.as_bytes()]);
    let expected = parts.headers.get(header::IF_MATCH).map_or(&b""[..], HeaderValue::as_bytes);
    let (method, path) = (parts.method.as_str(), parts.uri.path());
    let print = site.answers.digest(&[method.as_bytes(), path.as_bytes(), expected, &bytes]);
    match site.answers.begin(id, print, site.clock.uptime()) {
        Begun::Other => Err(No::because(Refusal::KeyReused)),
        Begun::UnderWay => Err(No::with(Refusal::Busy, StatusCode::CONFLICT)),
        Begun::Again(Answer { status, mut headers, body }) => {
            headers.insert(AGAIN, HeaderValue::from_static("true"));
            Ok((status, headers, body).into_response())
        }
        Begun::First => {
            let mut ending = Ending { site: Arc::clone(site), id, answer: None };
            let call = request::Request::of(&id, &print);
            let carried = again::carried(site, call)?;
            let request = Request::from_parts(parts, Body::from(bytes.clone()));
            let after = carried.map(|carried| (again::after(route), carried));
            let (site, parts) = (Arc::clone(site), request.headers().clone());
            let doing = async move {
                match after {
                    None | Some((After::Again, _)) => call.within(next.run(request)).await,
                    Some((After::Meeting, carried)) => {
                        let told = again::meeting(&site, &caller, &parts, &bytes, carried).await;
                        told.unwrap_or_else(IntoResponse::into_response)
                    }
                    Some((After::Done, carried)) => again::done(carried),
                }
            };
            // Whoever asked may hang up; the call goes on, and what it came to is kept.
            let done = tokio::spawn(async move { ending.keep(doing.await).await }).await;
            done.map_err(|_| No::fault("a call with an idempotency key broke off"))
        }
    }
}

/// Notes what a call came to, even when it broke off.
struct Ending {
    site: Arc<Site>,
    id: Id,
    answer: Option<Answer>,
}

impl Ending {
    /// Keeps an answer that is worth it, and passes it on.
    async fn keep(&mut self, response: Response) -> Response {
        let (parts, body) = response.into_parts();
        let bytes = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(never) => {
                return No::fault(&format!("an answer could not be read: {never}")).into_response();
            }
        };
        // What only says "not now" or "not you" is no answer to keep.
        let passing = parts.status.is_server_error()
            || matches!(parts.status, StatusCode::UNAUTHORIZED | StatusCode::TOO_MANY_REQUESTS);
        let open = parts.headers.contains_key(header::SET_COOKIE);
        if !passing && !open && bytes.len() <= ANSWER_BYTES_MAX {
            let (status, headers, body) = (parts.status, parts.headers.clone(), bytes.clone());
            self.answer = Some(Answer { status, headers, body });
        }
        Response::from_parts(parts, Body::from(bytes))
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let now = self.site.clock.uptime();
        self.site.answers.end(self.id, self.answer.take(), now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Answer {
        let body = Bytes::from(vec![b'x'; bytes]);
        Answer { status: StatusCode::OK, headers: HeaderMap::new(), body }
    }

    fn answers() -> Answers {
        Answers::new(Key::new([7; 32]))
    }

    fn id(n: usize) -> Id {
        answers().digest(&[&n.to_le_bytes()])
    }

    #[test]
    fn answers_live_a_day_and_their_number_and_weight_are_bounded() {
        let answers = answers();
        let begin = |n: usize, now: Duration| answers.begin(id(n), [0; 32], now);
        let put = |n: usize, bytes: usize| {
            assert!(matches!(begin(n, Duration::ZERO), Begun::First), "{n}");
            answers.end(id(n), Some(answer(bytes)), Duration::ZERO);
        };
        put(0, 10);
        assert!(matches!(begin(0, LIFE - Duration::from_secs(1)), Begun::Again(_)));
        assert!(matches!(begin(0, LIFE), Begun::First), "it is forgotten");
        answers.end(id(0), None, LIFE);
        assert!(matches!(begin(0, LIFE), Begun::First), "what came to nothing is done again");
        for n in 1..=ANSWERS_MAX + 50 {
            put(n, 1);
        }
        assert!(answers.lock().order.len() <= ANSWERS_MAX);
        assert!(matches!(begin(1, Duration::ZERO), Begun::First), "the oldest went");
        for n in 1..=200 {
            put(1_000_000 + n, ANSWER_BYTES_MAX);
        }
        assert!(answers.lock().bytes <= ANSWERS_BYTES_MAX + ANSWER_BYTES_MAX);
        let kept = answers.lock();
        let weight: usize = kept
            .by_id
            .values()
            .filter_map(|entry| entry.answer.as_ref())
            .map(|a| a.body.len())
            .sum();
        assert_eq!(weight, kept.bytes);
    }

    #[test]
    fn a_key_of_another_call_is_not_this_one_and_one_under_way_is_said_to_be() {
        let answers = answers();
        assert!(matches!(answers.begin(id(1), [1; 32], Duration::ZERO), Begun::First));
        assert!(matches!(answers.begin(id(1), [1; 32], Duration::ZERO), Begun::UnderWay));
        assert!(matches!(answers.begin(id(1), [2; 32], Duration::ZERO), Begun::Other));
        answers.end(id(1), Some(answer(1)), Duration::ZERO);
        assert!(matches!(answers.begin(id(1), [2; 32], Duration::ZERO), Begun::Other));
    }

    #[test]
    fn digests_tell_parts_apart_and_nothing_without_the_key() {
        let one = answers();
        assert_ne!(one.digest(&[b"ab", b"c"]), one.digest(&[b"a", b"bc"]));
        let other = Answers::new(Key::new([8; 32]));
        assert_ne!(one.digest(&[b"ab"]), other.digest(&[b"ab"]));
    }
}
