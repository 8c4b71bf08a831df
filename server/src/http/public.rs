//! Public lists: five renderings, the files that their page and other people's pages load, and what
//! was public at an instant.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use convoke_model::privilege::Privilege;
use convoke_model::{Millis, Refusal};
use convoke_plugins::feed::{Format, Language, theme};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use jiff::Timestamp;

use super::headers::Ancestors;
use super::refusal::No;
use super::scrub::Taken;
use super::site::{Caller, Site};
use super::{api, assets, pages};
use crate::limits::by_customer;
use crate::public::{Lists, NoHistory, Rendering, Snapshot};

/// For how long anybody may keep a list without asking whether it changed.
const LISTS_KEPT: &str = "public, max-age=60";
/// For how long the files may be kept.
const FILES_KEPT: &str = "public, max-age=3600";
/// Tags of one `If-None-Match` that are looked at.
const TAGS_MAX: usize = 16;

type Site_ = State<Arc<Site>>;

macro_rules! renderings {
    ($($name:ident $format:ident $what:literal),*) => {$(
        #[doc = $what]
        pub(super) async fn $name(
            State(site): Site_,
            Extension(caller): Extension<Caller>,
            Extension(taken): Extension<Taken>,
            headers: HeaderMap,
        ) -> Result<Response, No> {
            answer(&site, &caller, &taken, &headers, Format::$format).await
        }
    )*};
}

renderings! {
    page Html "`GET /as/public/meetings.html`",
    xml Xml "`GET /as/public/meetings.xml`",
    json Json "`GET /as/public/meetings.json`",
    ics Ics "`GET /as/public/meetings.ics`",
    atom Atom "`GET /as/public/meetings.atom`"
}

async fn answer(
    site: &Arc<Site>,
    caller: &Caller,
    taken: &Taken,
    headers: &HeaderMap,
    format: Format,
) -> Result<Response, No> {
    slow_down(site, caller)?;
    if format == Format::Html && caller.must_move {
        let target = format!("{}/as/public/meetings.html", caller.own.by_https());
        return Ok(pages::redirect(StatusCode::PERMANENT_REDIRECT, &target));
    }
    let lists = site.public.as_ref().ok_or(Refusal::NotFound)?;
    let rendering = Rendering::new(format, language(taken, headers), &base(site, caller));
    if let Some(at) = taken.parameter("at") {
        return look_back(site, caller, headers, lists, &at, rendering).await;
    }
    let Some(snapshot) = lists.current() else { return Err(No::because(Refusal::Busy)) };
    if snapshot.is_off() {
        return Err(No::because(Refusal::NotFound));
    }
    let tag = snapshot.tag(&rendering);
    let mut response = if is_known(headers, &tag, &snapshot) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let bytes = match snapshot.ready(&rendering) {
            Some(bytes) => bytes,
            None => rendered(Arc::clone(&snapshot), rendering).await?,
        };
        ([(header::CONTENT_TYPE, format.content_type())], Body::from(bytes)).into_response()
    };
    let put = response.headers_mut();
    put.insert(header::CACHE_CONTROL, HeaderValue::from_static(LISTS_KEPT));
    let modified = http_date(snapshot.modified_s());
    for (name, value) in [(header::ETAG, tag), (header::LAST_MODIFIED, modified)] {
        let value = HeaderValue::try_from(value).map_err(|_| No::fault("a validator"))?;
        put.insert(name, value);
    }
    if format == Format::Html {
        put.insert(header::VARY, HeaderValue::from_static("accept-language"));
        let ancestors = Ancestors(snapshot.ancestors().to_owned());
        response.extensions_mut().insert(ancestors);
    }
    Ok(response)
}

fn slow_down(site: &Site, caller: &Caller) -> Result<(), No> {
    let from = by_customer(caller.from());
    site.public_limits.take(&from, site.clock.uptime()).map_err(No::slow)
}

/// Large lists take a while: nobody else waits for that.
async fn rendered(snapshot: Arc<Snapshot>, of: Rendering) -> Result<bytes::Bytes, No> {
    let made = tokio::task::spawn_blocking(move || snapshot.render(&of)).await;
    made.map_err(|_| No::because(Refusal::Busy))
}

/// The address in links: the one of the settings, else the one that was called.
fn base(site: &Site, caller: &Caller) -> String {
    match &site.config.base_url {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => caller.own.to_string(),
    }
}

fn language(taken: &Taken, headers: &HeaderMap) -> Language {
    let asked = taken.parameter("lang").and_then(|tag| Language::of(&tag));
    asked.unwrap_or_else(|| {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        accepted.map_or(Language::default(), Language::accepted)
    })
}

/// Whether the caller has this already (RFC 9110, 13.2.2): a tag says it better than a date.
fn is_known(headers: &HeaderMap, tag: &str, snapshot: &Snapshot) -> bool {
    let mut tags = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
    if tags.peek().is_some() {
        let all = tags.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
        return all.take(TAGS_MAX).any(|known| {
            let known = known.trim();
            known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag
        });
    }
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    since.and_then(seconds_of).is_some_and(|since| snapshot.is_known_since(since))
}

/// The forms of dates in headers (RFC 9110, 5.6.7); the two old ones are not sent any more.
const HTTP_DATE: &str = "%a, %d %b %Y %H:%M:%S GMT";

fn http_date(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let at = Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    at.strftime(HTTP_DATE).to_string()
}

fn seconds_of(date: &str) -> Option<u64> {
    let at = jiff::civil::DateTime::strptime(HTTP_DATE, date).ok()?;
    u64::try_from(jiff::tz::TimeZone::UTC.to_timestamp(at).ok()?.as_second()).ok()
}

/// `?at=`: what the public knew then, for those who administer this server or audit it.
async fn look_back(
    site: &Arc<Site>,
    caller: &Caller,
    headers: &HeaderMap,
    lists: &Arc<Lists>,
    at: &str,
    rendering: Rendering,
) -> Result<Response, No> {
    let account = api::signed_in(site, caller, headers).await?;
    if !account.administers() && !account.privileges.has(Privilege::Auditor) {
        return Err(No::because(Refusal::NotAllowed));
    }
    let at = instant(at).ok_or(Refusal::TimesInvalid)?;
    if at > site.clock.now() {
        return Err(No::because(Refusal::TimesInvalid));
    }
    let list = lists.at(at).await.map_err(|error| match error {
        NoHistory::Busy => No::because(Refusal::Busy),
        NoHistory::Unreadable(why) => No::fault(&why),
    })?;
    let list = list.ok_or(Refusal::NotFound)?;
    let format = rendering.format();
    let text = tokio::task::spawn_blocking(move || rendering.of(&list)).await;
    let text = text.map_err(|_| No::because(Refusal::Busy))?;
    let kept = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let kind = (header::CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    Ok(([kept, kind], text).into_response())
}

/// `2026-11-26T03:00:00Z`, with any offset, or milliseconds since 1970.
fn instant(typed: &str) -> Option<Millis> {
    if let Ok(millis) = typed.parse::<u64>() {
        return Some(Millis(millis));
    }
    // An unencoded plus arrives as a space.
    let at: Timestamp = typed.trim().replace(' ', "+").parse().ok()?;
    u64::try_from(at.as_millisecond()).ok().map(Millis)
}

/// `GET /embed/*`
pub(super) async fn file(
    State(site): Site_,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
) -> Result<Response, No> {
    slow_down(&site, &caller)?;
    let (kind, text) = match name.as_str() {
        "meetings.js" => ("text/javascript; charset=utf-8", theme::COMPONENT.to_owned()),
        "list.js" => ("text/javascript; charset=utf-8", theme::SCRIPT.to_owned()),
        "list.css" => ("text/css; charset=utf-8", format!("{}{}", assets::font(), theme::STYLE)),
        other => {
            let digits = other.strip_prefix("theme-").and_then(|rest| rest.strip_suffix(".css"));
            let style = digits.and_then(theme::style_of).ok_or(Refusal::NotFound)?;
            ("text/css; charset=utf-8", style)
        }
    };
    let headers: [(HeaderName, &str); 2] =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, FILES_KEPT)];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_headers_are_written_and_read() {
        assert_eq!(http_date(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(seconds_of("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for bad in ["", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "1994"] {
            assert_eq!(seconds_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_instant_is_read_in_both_forms() {
        for typed in ["1796029200000", "2026-11-30T09:00:00Z", "2026-11-30T10:00:00 01:00"] {
            assert_eq!(instant(typed), Some(Millis(1_796_029_200_000)), "{typed}");
        }
        for bad in ["", "yesterday", "2026-11-30", "-5", "1969-01-01T00:00:00Z"] {
            assert_eq!(instant(bad), None, "{bad}");
        }
    }
}
