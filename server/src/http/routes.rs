//! Every route of the server, on one screen.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post};
use convoke_model::Refusal;
use http::StatusCode;

use super::headers::Surface;
use super::refusal::No;
use super::site::Site;
use super::{
    assets, bridge, codes, downloader, events, health, invitations, join, keys, legacy_meetings,
    me, meeting, meeting_dates, meetings, once, openapi, pages, pending, public, reset, scrub,
    setup, sign_in, socket, viewer, webhooks,
};

type Handler = MethodRouter<Arc<Site>>;

#[rustfmt::skip]
fn table() -> Vec<(&'static str, Surface, Handler)> {
    let mut table = vec![
        ("/",                          Surface::Meeting, get(pages::home)),
        ("/join",                      Surface::Meeting, get(pages::join)),
        ("/m/{id}",                    Surface::Meeting, get(pages::meeting)),
        ("/as/wapi/goto_downloader",   Surface::Meeting, downloader::by_either()),
        ("/as/wapi/schedule_meeting",  Surface::Legacy,  legacy_meetings::schedule()),
        ("/as/wapi/vmp",               Surface::Legacy,  legacy_meetings::check()),
        (scrub::VIEWER_ROUTE,          Surface::Meeting, get(viewer::page)),
        ("/setup",                     Surface::Page,    get(setup::page)),
        ("/api/v1/setup",              Surface::Api,     post(setup::set_up)),
        ("/account",                   Surface::Page,    get(pages::account)),
        ("/reset",                     Surface::Page,    get(reset::page)),
        ("/api/v1/sign-in",            Surface::Api,     post(sign_in::sign_in)),
        ("/api/v1/sign-in/code",       Surface::Api,     post(sign_in::code)),
        ("/api/v1/sign-out",           Surface::Api,     post(sign_in::sign_out)),
        ("/api/v1/reset",              Surface::Api,     post(reset::ask)),
        ("/api/v1/reset/use",          Surface::Api,     post(reset::spend)),
        ("/api/v1/me",                 Surface::Api,     me::both()),
        ("/api/v1/me/password",        Surface::Api,     post(me::password)),
        ("/api/v1/me/totp",            Surface::Api,     post(codes::begin)),
        ("/api/v1/me/totp/confirm",    Surface::Api,     post(codes::confirm)),
        ("/api/v1/me/totp/off",        Surface::Api,     post(codes::off)),
        ("/api/v1/me/sessions",        Surface::Api,     get(me::sessions)),
        ("/api/v1/me/sessions/end",    Surface::Api,     post(me::end_sessions)),
        ("/api/v1/meetings",           Surface::Api,     meetings::both()),
        ("/api/v1/meetings/{id}",      Surface::Api,     meeting::all()),
        ("/api/v1/meetings/{id}/host", Surface::Api,     post(meetings::host)),
        ("/api/v1/meetings/{id}/cancel", Surface::Api,   post(meeting::cancel)),
        ("/api/v1/meetings/{id}/restore", Surface::Api,  post(meeting::restore)),
        ("/api/v1/meetings/{id}/transfer", Surface::Api, post(meeting::transfer)),
        ("/api/v1/meetings/{id}/invitations", Surface::Api, post(invitations::invite)),
        ("/api/v1/meetings/{id}/dates", Surface::Api,    get(meeting_dates::coming)),
        ("/api/v1/meetings/{id}/calendar", Surface::Api, get(meeting_dates::file)),
        ("/api/v1/events",             Surface::Api,     get(events::page)),
        ("/api/v1/events/stream",      Surface::Api,     get(events::stream)),
        ("/api/v1/webhooks",           Surface::Api,     webhooks::all()),
        ("/api/v1/webhooks/{n}",       Surface::Api,     webhooks::one()),
        ("/api/v1/webhooks/{n}/rotate", Surface::Api,    post(webhooks::rotate)),
        ("/api/v1/webhooks/{n}/test",  Surface::Api,     post(webhooks::test)),
        ("/api/v1/webhooks/{n}/retry", Surface::Api,     post(webhooks::retry)),
        ("/api/v1/webhooks/{n}/dead",  Surface::Api,     get(webhooks::dead)),
        ("/api/v1/webhooks/{n}/dead/{event}", Surface::Api, post(webhooks::redeliver)),
        ("/api/v1/keys",               Surface::Api,     keys::both()),
        ("/api/v1/keys/{key}",         Surface::Api,     delete(keys::revoke)),
        ("/api/docs",                 Surface::Docs,    get(pages::docs)),
        ("/api/v1/openapi.json",       Surface::Api,     get(openapi::document)),
        ("/api/v1/join",               Surface::Api,     post(join::join)),
        ("/api/v1/pending-host",       Surface::Api,     post(pending::host)),
        ("/as/public/meetings.html",   Surface::Public,  get(public::page)),
        ("/as/public/meetings.xml",    Surface::Feed,    get(public::xml)),
        ("/as/public/meetings.json",   Surface::Feed,    get(public::json)),
        ("/as/public/meetings.ics",    Surface::Feed,    get(public::ics)),
        ("/as/public/meetings.atom",   Surface::Feed,    get(public::atom)),
        ("/embed/{*name}",             Surface::Embed,   get(public::file)),
        ("/bridge/{id}/code",          Surface::Bridge,  bridge::code()),
        ("/bridge/{id}/numbers",       Surface::Bridge,  get(bridge::numbers)),
        ("/bridge/{id}/events",        Surface::Bridge,  bridge::events()),
        ("/bridge/{id}/calls/{call}",  Surface::Bridge,  bridge::calls()),
        ("/ws",                        Surface::Socket,  get(socket::upgrade)),
        ("/assets/{*name}",            Surface::Asset,   get(assets::file)),
        ("/healthz",                   Surface::Probe,   get(health::alive)),
        ("/readyz",                    Surface::Probe,   get(health::ready)),
    ];
    table.extend(super::admin::routes());
    table
}

/// The routes and what kind of thing each serves.
#[must_use]
pub fn routes() -> Vec<(&'static str, Surface)> {
    table().into_iter().map(|(path, surface, _)| (path, surface)).collect()
}

/// Which route answered; on every answer, for the header table and the log.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered {
    pub(super) route: &'static str,
    pub(super) surface: Surface,
}

impl Answered {
    /// No route did.
    pub(super) const NOWHERE: Self = Self { route: "-", surface: Surface::Page };
}

/// The router.
pub(super) fn router(site: Arc<Site>) -> Router {
    let mut router = Router::new();
    for (path, surface, handler) in table() {
        let answered = Answered { route: path, surface };
        let handler = if once::covers(path) {
            let once = once::Once { site: Arc::clone(&site), route: path };
            handler.layer(middleware::from_fn_with_state(once, once::once))
        } else {
            handler
        };
        let handler =
            handler.layer(middleware::from_fn(move |request: Request, next: Next| async move {
                let mut response = next.run(request).await;
                response.extensions_mut().insert(answered);
                response
            }));
        router = router.route(path, handler);
    }
    router.fallback(pages::nowhere).method_not_allowed_fallback(wrong_method).with_state(site)
}

async fn wrong_method() -> Response {
    No::with(Refusal::Malformed, StatusCode::METHOD_NOT_ALLOWED).into_response()
}
