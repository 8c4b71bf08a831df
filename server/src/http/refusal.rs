//! A "no" over HTTP: status, stable code, one sentence.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use convoke_model::Refusal;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::accounts::AccountError;
use crate::control::EngineError;
use crate::entropy;
use crate::vault::VaultError;

/// What is answered instead of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct No {
    pub(super) refusal: Refusal,
    status: StatusCode,
    retry_after: Option<Duration>,
    /// What is said in place of the refusal's own sentence. Pages show it as text.
    said: Option<String>,
    /// The field of a form that it is about.
    field: Option<String>,
    /// By what a machine may show who it is.
    asks: Option<&'static str>,
}

impl No {
    /// A refusal with its usual status.
    pub(super) fn because(refusal: Refusal) -> Self {
        let (status, retry_after) = (status_of(refusal), None);
        Self { refusal, status, retry_after, said: None, field: None, asks: None }
    }

    /// A refusal with a status of its own.
    pub(super) fn with(refusal: Refusal, status: StatusCode) -> Self {
        Self { status, ..Self::because(refusal) }
    }

    /// A refusal that says more than its own sentence.
    pub(super) fn said(refusal: Refusal, sentence: String) -> Self {
        Self { said: Some(sentence), ..Self::because(refusal) }
    }

    /// A field of a form cannot be used.
    pub(super) fn field(refusal: Refusal, field: &str, sentence: String) -> Self {
        Self { field: Some(field.to_owned()), ..Self::said(refusal, sentence) }
    }

    /// Too fast; try again after this long.
    pub(super) fn slow(wait: Duration) -> Self {
        Self {
            status: StatusCode::TOO_MANY_REQUESTS,
            retry_after: Some(wait),
            ..Self::because(Refusal::TooFast)
        }
    }

    /// The same, with what a machine that showed nothing may show.
    pub(super) fn asking(self, how: &'static str) -> Self {
        Self { asks: Some(how), ..self }
    }

    /// Something outside failed: the reason goes to the log under a number, the person gets neither
    /// reason nor path.
    pub(super) fn fault(reason: &str) -> Self {
        let number = entropy::token::<8>();
        tracing::error!(fault = %number, reason, "a request could not be served");
        Self::because(Refusal::ServerError)
    }

    /// What the person is told.
    pub(super) fn sentence(&self) -> &str {
        self.said.as_deref().unwrap_or(self.refusal.sentence())
    }

    /// Whether something failed, so that nothing can be said of what was asked.
    pub(super) fn is_fault(&self) -> bool {
        self.status.is_server_error()
    }

    /// Code and sentence for a page's boot data.
    pub(super) fn words(self) -> serde_json::Value {
        let mut words = json!({ "code": self.refusal.code(), "sentence": self.sentence() });
        if let Some(field) = &self.field {
            words["field"] = field.as_str().into();
        }
        words
    }
}

impl IntoResponse for No {
    fn into_response(self) -> Response {
        let (refusal, retry_after, asks) = (self.refusal, self.retry_after, self.asks);
        let mut response = (self.status, axum::Json(self.words())).into_response();
        response.extensions_mut().insert(refusal);
        if let Some(asks) = asks {
            let asks = HeaderValue::from_static(asks);
            response.headers_mut().insert(header::WWW_AUTHENTICATE, asks);
        }
        if let Some(wait) = retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        response
    }
}

impl From<Refusal> for No {
    fn from(refusal: Refusal) -> Self {
        Self::because(refusal)
    }
}

impl From<EngineError> for No {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Refused(refusal) => Self::because(refusal),
            EngineError::Unavailable(reason) => {
                tracing::error!(reason, "the engine is not available");
                Self::because(Refusal::ReadOnly)
            }
        }
    }
}

impl From<AccountError> for No {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::Refused(refusal) => Self::because(refusal),
            AccountError::Denied(reason) => {
                Self { said: Some(reason), ..Self::because(Refusal::SignInDenied) }
            }
            AccountError::Slow(wait) => Self::slow(wait),
            AccountError::Unavailable(reason) => EngineError::Unavailable(reason).into(),
            AccountError::Fault(reason) => Self::fault(&reason),
        }
    }
}

impl From<VaultError> for No {
    fn from(error: VaultError) -> Self {
        Self::fault(&error.to_string())
    }
}

fn status_of(refusal: Refusal) -> StatusCode {
    match refusal {
        Refusal::SignInNeeded
        | Refusal::SignInFailed
        | Refusal::SignInDenied
        | Refusal::CodeNeeded
        | Refusal::CodeWrong
        | Refusal::KeyInvalid => StatusCode::UNAUTHORIZED,
        Refusal::NotFound | Refusal::SetupDone => StatusCode::NOT_FOUND,
        Refusal::Taken
        | Refusal::Full
        | Refusal::Locked
        | Refusal::Ended
        | Refusal::Cancelled
        | Refusal::RoomsFull
        | Refusal::SiteFull
        | Refusal::MailNotSetUp
        | Refusal::NotStarted
        | Refusal::LastAdministrator
        | Refusal::TooMany
        | Refusal::TooManyKeys
        | Refusal::InSettingsFile
        | Refusal::NamedByScript
        | Refusal::AlreadyDone => StatusCode::CONFLICT,
        Refusal::TooFast => StatusCode::TOO_MANY_REQUESTS,
        Refusal::Stale => StatusCode::PRECONDITION_FAILED,
        Refusal::KeyReused => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Busy | Refusal::ReadOnly | Refusal::Quarantine => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::ServerError => StatusCode::INTERNAL_SERVER_ERROR,
        Refusal::TooLong
        | Refusal::Empty
        | Refusal::Malformed
        | Refusal::PasswordTooShort
        | Refusal::PasswordUnderEight
        | Refusal::ZoneInvalid
        | Refusal::PasswordTooLong
        | Refusal::PasswordTooCommon
        | Refusal::EmailInvalid
        | Refusal::NameInvalid
        | Refusal::TopicInvalid
        | Refusal::TimesInvalid
        | Refusal::RuleInvalid
        | Refusal::DialInInvalid
        | Refusal::NumberInvalid
        | Refusal::ReasonNeeded
        | Refusal::CodeTooShort
        | Refusal::SettingInvalid
        | Refusal::SecretNeeded
        | Refusal::TypeNotAvailable
        | Refusal::AddressDenied
        | Refusal::EventUnknown => StatusCode::BAD_REQUEST,
        Refusal::CannotJoin
        | Refusal::TicketInvalid
        | Refusal::NotAllowed
        | Refusal::NotPresent
        | Refusal::NotPresenter
        | Refusal::NoScreen
        | Refusal::NoControl
        | Refusal::Muted
        | Refusal::Silenced
        | Refusal::NoSuchTrack
        | Refusal::TrackOpen
        | Refusal::TooManyTracks
        | Refusal::SetupTokenInvalid
        | Refusal::LinkInvalid
        | Refusal::CodeRequired
        | Refusal::AccountDisabled
        | Refusal::PrivilegeMissing
        | Refusal::PasswordWrong
        | Refusal::PasswordOutgrown
        | Refusal::KeptElsewhere
        | Refusal::ForeignOrigin
        | Refusal::OwnNetworkOnly
        | Refusal::AdministratorsOnly
        | Refusal::LegacyRefused
        | Refusal::ScopeMissing => StatusCode::FORBIDDEN,
    }
}
