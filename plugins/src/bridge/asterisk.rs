//! One line of text: what Asterisk's `CURL()` and `CUT()`, Kamailio and shell scripts can read.

use super::{Answer, Standing, Told};

const KIND: &str = "text/plain; charset=utf-8";

/// `VERDICT|meeting or sentence|state`
pub(super) fn tell(told: &Told) -> Answer {
    let body = match told {
        Told::Accept { meeting, now, .. } => {
            format!("ACCEPT|{}|{}", meeting.number(), now.word())
        }
        Told::RequestPin { reason } => {
            format!("REQUEST_PIN|{}|", one_field(reason.as_deref().unwrap_or_default()))
        }
        Told::Reject { reason } => format!("REJECT|{}|", one_field(reason)),
        Told::Drop => "DROP||".to_owned(),
    };
    Answer { kind: KIND, body }
}

/// `place|muted=0|removed=0`
pub(super) fn standing(standing: &Standing) -> Answer {
    let Standing { place, muted, removed } = standing;
    let body = format!("{place}|muted={}|removed={}", u8::from(*muted), u8::from(*removed));
    Answer { kind: KIND, body }
}

/// A sentence that cannot be taken for two fields, nor for a variable of a dialplan.
fn one_field(text: &str) -> String {
    let kept = |c: char| if "|$`\"\\".contains(c) || c.is_control() { ' ' } else { c };
    text.chars().map(kept).collect()
}

#[cfg(test)]
mod tests {
    use convoke_model::MeetingId;

    use super::super::Now;
    use super::*;

    #[test]
    fn each_verdict_is_one_line_of_three_fields() {
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let table = [
            (
                Told::Accept { meeting, code: String::new(), now: Now::Lobby },
                "ACCEPT|88137455|lobby",
            ),
            (Told::Reject { reason: "a|b ${SHELL(x)}\n".into() }, "REJECT|a b  {SHELL(x)} |"),
            (Told::RequestPin { reason: None }, "REQUEST_PIN||"),
            (Told::Drop, "DROP||"),
        ];
        for (told, line) in table {
            assert_eq!(tell(&told).body, line);
        }
    }
}
