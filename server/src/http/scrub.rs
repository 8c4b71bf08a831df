//! Secrets leave the address before anything else sees it: first in the stack, before routing.

use std::sync::Arc;

use convoke_wire::turbo::{self, Secret};
use http::Uri;
use http::uri::PathAndQuery;

/// The path under which the legacy viewer address is routed.
pub(super) const VIEWER_ROUTE: &str = "/id";

/// What was taken out of the address. Its `Debug` output shows none of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    /// The query string, undecoded.
    pub(super) query: Option<Arc<Secret>>,
    /// The whole target, when it is the legacy viewer's path form.
    pub(super) viewer: Option<Arc<Secret>>,
}

/// The address without its query, or the viewer's route, and what was taken out.
pub(super) fn scrub(uri: &Uri) -> (Uri, Taken) {
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    if turbo::viewer_path(target.as_bytes()).is_some() {
        let viewer = Some(Arc::new(Secret::new(target.to_owned())));
        return (Uri::from_static(VIEWER_ROUTE), Taken { query: None, viewer });
    }
    let query = uri.query().map(|query| Arc::new(Secret::new(query.to_owned())));
    // Of an absolute-form target only the path goes on; the authority is checked apart.
    let path = uri.path().parse().unwrap_or_else(|_| Uri::from_static("/"));
    (path, Taken { query, viewer: None })
}

impl Taken {
    /// The value of a query parameter, decoded; only for parameters that are no secrets, and
    /// tokens.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let query = self.query.as_ref()?.expose();
        query.split('&').find_map(|pair| {
            let value = pair.strip_prefix(name)?.strip_prefix('=')?.replace('+', " ");
            Some(percent_encoding::percent_decode_str(&value).decode_utf8_lossy().into_owned())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_query_or_the_path_form_stays() {
        let table = [
            ("/as/wapi/goto_downloader?role=host&user_password=canary", "/as/wapi/goto_downloader"),
            ("/id=88137455&name=canary&password=canary", "/id"),
            ("/ID=88137455&password=canary", "/id"),
            ("http://host/join?id=88137455&t=canary", "/join"),
            ("/join", "/join"),
            ("/m/88137455?canary", "/m/88137455"),
        ];
        for (target, expected) in table {
            let (uri, taken) = scrub(&target.parse().expect("an address"));
            assert_eq!(uri.to_string(), expected);
            assert!(!format!("{uri:?}{taken:?}").contains("canary"));
        }
    }

    #[test]
    fn parameters_are_read_by_their_whole_name() {
        let (_, taken) = scrub(&"/join?tt=1&t=a%2Bb&id=8813+7455".parse().expect("an address"));
        assert_eq!(taken.parameter("t").as_deref(), Some("a+b"));
        assert_eq!(taken.parameter("id").as_deref(), Some("8813 7455"));
        assert_eq!(taken.parameter("x"), None);
    }
}
