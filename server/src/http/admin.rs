//! What the console calls: `/api/v1/admin/...`, one file for each of its pages. Whoever reads is an
//! administrator or an auditor; whoever changes something is an administrator, and leaves one deed
//! for it, with a reason where something is taken from somebody.

mod accounts;
mod attendance;
mod audit;
mod connections;
mod decisions;
mod described;
mod desk;
mod each;
mod groups;
mod live;
mod meetings;
mod newest_first;
mod overview;
mod plan_words;
mod policies;
mod recorded;
mod report_rows;
mod report_words;
mod reports;
mod session_log;
mod settings;
mod settings_words;
mod sheet;
mod table;
mod who;

use std::sync::Arc;

use axum::routing::{MethodRouter, get, post};

use super::headers::Surface;
use super::pages;
use super::site::Site;

pub(super) use described::described;
pub(super) use desk::Desk;

type Handler = MethodRouter<Arc<Site>>;

/// The console's page and its calls.
#[rustfmt::skip]
pub(super) fn routes() -> Vec<(&'static str, Surface, Handler)> {
    let api = Surface::Api;
    vec![
        ("/console",                               Surface::Page, get(pages::console)),
        ("/console/{*name}",                       Surface::Page, get(pages::console)),
        ("/api/v1/admin/overview",                 api, get(overview::overview)),
        ("/api/v1/admin/overview/stream",          api, get(live::stream)),
        ("/api/v1/admin/meetings",                 api, get(meetings::list)),
        ("/api/v1/admin/meetings/{id}/look",       api, post(meetings::look)),
        ("/api/v1/admin/meetings/{id}/lock",       api, post(meetings::lock)),
        ("/api/v1/admin/meetings/{id}/end",        api, post(meetings::end)),
        ("/api/v1/admin/meetings/{id}/message",    api, post(meetings::message)),
        ("/api/v1/admin/meetings/{id}/cancel",     api, post(meetings::cancel)),
        ("/api/v1/admin/meetings/{id}/restore",    api, post(meetings::restore)),
        ("/api/v1/admin/meetings/{id}/transfer",   api, post(meetings::transfer)),
        ("/api/v1/admin/accounts",                 api, accounts::both()),
        ("/api/v1/admin/accounts/{id}",            api, accounts::one()),
        ("/api/v1/admin/accounts/{id}/disable",    api, post(accounts::disable)),
        ("/api/v1/admin/accounts/{id}/enable",     api, post(accounts::enable)),
        ("/api/v1/admin/accounts/{id}/link",       api, post(accounts::link)),
        ("/api/v1/admin/accounts/{id}/sign-ins",   api, post(accounts::end_sign_ins)),
        ("/api/v1/admin/accounts/{id}/codes",      api, post(accounts::codes_off)),
        ("/api/v1/admin/groups",                   api, groups::both()),
        ("/api/v1/admin/groups/{id}",              api, post(groups::change)),
        ("/api/v1/admin/groups/{id}/remove",       api, post(groups::remove)),
        ("/api/v1/admin/audit",                    api, get(audit::list)),
        ("/api/v1/admin/policies",                 api, get(policies::status)),
        ("/api/v1/admin/policies/text",            api, get(policies::text)),
        ("/api/v1/admin/policies/decisions",       api, post(decisions::decisions)),
        ("/api/v1/admin/policies/rollback",        api, post(policies::roll_back)),
        ("/api/v1/admin/reports",                  api, post(reports::read)),
        ("/api/v1/admin/reports/export",           api, post(reports::export)),
        ("/api/v1/admin/settings",                 api, settings::both()),
        ("/api/v1/admin/integration-code",         api, post(settings::code)),
        ("/api/v1/admin/connections",              api, get(connections::list)),
        ("/api/v1/admin/connections/{kind}/{name}", api, connections::one()),
        ("/api/v1/admin/connections/{kind}/{name}/try", api, post(connections::try_it)),
    ]
}
