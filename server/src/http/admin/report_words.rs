//! How the rows of reports look in JSON, said for the OpenAPI document. A test holds them against
//! the columns.

use utoipa::ToSchema;

macro_rules! shapes {
    ($($(#[$more:meta])* $name:ident $shown:ident { $($field:ident: $kind:ty,)* })*) => {$(
        #[derive(ToSchema)]
        #[schema(as = $shown)]
        #[expect(dead_code, reason = "it is only described")]
        $(#[$more])*
        pub(super) struct $name {
            $($field: $kind,)*
        }

        #[cfg(test)]
        impl $name {
            pub(super) const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];
        }
    )*};
}

shapes! {
    /// Somebody in a session.
    AttendanceShape ReportAttendance {
        meeting: String,
        topic: String,
        session: u32,
        started_ms: u64,
        ended_ms: Option<u64>,
        name: String,
        role: String,
        account: Option<String>,
        joined_ms: u64,
        left_ms: Option<u64>,
        minutes: f64,
        messages: u64,
    }
    /// A session that was held.
    SessionShape ReportSession {
        meeting: String,
        topic: String,
        session: u32,
        started_ms: u64,
        ended_ms: Option<u64>,
        host: Option<String>,
        minutes: f64,
        attendances: u64,
        at_once: u64,
        messages: u64,
        shared: u64,
        recorded_bytes: u64,
        missing_seconds: u64,
    }
    /// A screen, camera or microphone that was shared.
    RecordingShape ReportRecording {
        meeting: String,
        topic: String,
        session: u32,
        kind: String,
        name: String,
        account: Option<String>,
        opened_ms: u64,
        closed_ms: Option<u64>,
        minutes: f64,
        width: u32,
        height: u32,
        codec: String,
        bytes: Option<u64>,
    }
}

/// A row of a report.
#[derive(ToSchema)]
#[schema(as = ReportRow)]
#[serde(untagged)]
#[expect(dead_code, reason = "it is only described")]
pub(super) enum RowShape {
    Attendance(AttendanceShape),
    Session(SessionShape),
    Recording(RecordingShape),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::admin::report_rows::{About, is_time};

    #[test]
    fn what_is_described_is_what_the_rows_hold() {
        for (about, names) in [
            (About::Attendance, AttendanceShape::NAMES),
            (About::Sessions, SessionShape::NAMES),
            (About::Recordings, RecordingShape::NAMES),
        ] {
            let columns = about
                .head()
                .iter()
                .map(|name| if is_time(name) { format!("{name}_ms") } else { (*name).to_owned() });
            assert_eq!(columns.collect::<Vec<_>>(), names, "{about:?}");
        }
    }
}
