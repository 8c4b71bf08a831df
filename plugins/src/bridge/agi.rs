//! FastAGI: Asterisk connects and is told what to do, line by line. A value that is stepped: lines
//! go in, and what has to be done comes out.

use convoke_model::MeetingId;

use super::{Asked, Bridge, HOLD_S, Now, Told, typed};

/// Lines before the conversation begins: Asterisk sends about twenty.
const LINES_MAX: u32 = 100;
/// Times a caller may type nothing.
const SILENCES_MAX: u32 = 3;
/// The sound that asks for a code; one of Asterisk's own.
const PROMPT: &str = "conf-getpin";

/// What has to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Do {
    /// Nothing; another line comes.
    Wait,
    /// Asterisk has said who it is: check `arg_1`, its secret, and go on with `begin`.
    Check,
    /// Send this line.
    Send(String),
    /// Ask which meeting is meant, and go on with `told`.
    Ask(Asked),
    /// Report that the caller joined, then send this line.
    Joined(String),
    /// Report that the call is over, and hang up.
    Left,
    /// Hang up.
    End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Checking,
    Answering,
    Asking,
    Typing,
    Holding,
    Naming,
    Talking,
    Refusing,
}

/// One call.
#[derive(Debug)]
pub struct Agi {
    stage: Stage,
    lines: u32,
    silences: u32,
    asked: Asked,
    arg_1: String,
    meeting: Option<MeetingId>,
}

impl Default for Agi {
    fn default() -> Self {
        Self {
            stage: Stage::Greeting,
            lines: 0,
            silences: 0,
            asked: Asked::default(),
            arg_1: String::new(),
            meeting: None,
        }
    }
}

impl Agi {
    /// The first argument of `AGI()`: the bridge's secret.
    #[must_use]
    pub fn arg_1(&self) -> &str {
        &self.arg_1
    }

    /// What Asterisk calls the call.
    #[must_use]
    pub fn call(&self) -> &str {
        &self.asked.call
    }

    /// Whether the caller was reported as joined.
    #[must_use]
    pub fn talks(&self) -> bool {
        self.stage == Stage::Talking
    }

    /// The secret was right.
    pub fn begin(&mut self) -> Do {
        self.stage = Stage::Answering;
        Do::Send("ANSWER".to_owned())
    }

    /// A line of Asterisk's.
    pub fn line(&mut self, bridge: &Bridge, line: &str) -> Do {
        if line == "HANGUP" {
            return self.end();
        }
        if self.stage == Stage::Greeting {
            return self.greeting(line);
        }
        // What is no final answer: `100 Trying...`.
        let Some(rest) = line.strip_prefix("200 result=") else {
            return if line.starts_with('1') { Do::Wait } else { self.end() };
        };
        let result = rest.split(' ').next().unwrap_or_default();
        if result == "-1" {
            return self.end();
        }
        match self.stage {
            Stage::Greeting | Stage::Checking | Stage::Asking => self.end(),
            Stage::Answering => self.ask(String::new()),
            Stage::Typing => {
                let digits = typed(result);
                if digits.is_empty() {
                    self.silences += 1;
                    if self.silences >= SILENCES_MAX {
                        return self.end();
                    }
                }
                self.ask(digits)
            }
            Stage::Holding => self.ask(self.asked.digits.clone()),
            Stage::Naming => match self.meeting {
                Some(meeting) => {
                    self.stage = Stage::Talking;
                    let to = bridge.to("{meeting}", meeting);
                    Do::Joined(format!("EXEC ConfBridge {}", quoted(&to)))
                }
                None => self.end(),
            },
            Stage::Talking => self.end(),
            Stage::Refusing => Do::End,
        }
    }

    /// The answer to `Ask`.
    pub fn told(&mut self, told: &Told) -> Do {
        match told {
            Told::Accept { meeting, now: Now::Open, .. } => {
                self.stage = Stage::Naming;
                self.meeting = Some(*meeting);
                Do::Send(format!("SET VARIABLE CONVOKE_MEETING {}", meeting.number()))
            }
            Told::Accept { now: Now::Wait | Now::Lobby, .. } => {
                self.stage = Stage::Holding;
                Do::Send(format!("EXEC Wait {HOLD_S}"))
            }
            Told::RequestPin { .. } => {
                self.stage = Stage::Typing;
                Do::Send(format!("GET DATA {PROMPT} 10000 20"))
            }
            Told::Reject { reason } => {
                self.stage = Stage::Refusing;
                Do::Send(format!("SET VARIABLE CONVOKE_REASON {}", quoted(reason)))
            }
            Told::Drop => Do::End,
        }
    }

    fn greeting(&mut self, line: &str) -> Do {
        self.lines += 1;
        if self.lines > LINES_MAX {
            return Do::End;
        }
        if line.is_empty() {
            self.stage = Stage::Checking;
            return Do::Check;
        }
        let Some((name, value)) = line.split_once(": ") else { return Do::Wait };
        let known = |value: &str| if value == "unknown" { String::new() } else { value.to_owned() };
        match name {
            "agi_uniqueid" => self.asked.call = value.to_owned(),
            "agi_callerid" => self.asked.caller = known(value),
            "agi_extension" => self.asked.called = known(value),
            "agi_arg_1" => self.arg_1 = value.to_owned(),
            _ => {}
        }
        Do::Wait
    }

    fn ask(&mut self, digits: String) -> Do {
        self.stage = Stage::Asking;
        self.asked.digits = digits;
        Do::Ask(self.asked.clone())
    }

    fn end(&mut self) -> Do {
        if self.stage == Stage::Talking { Do::Left } else { Do::End }
    }
}

/// A text as one argument: nothing in it ends it, and Asterisk finds nothing to expand.
fn quoted(text: &str) -> String {
    let kept = |c: &char| !"\"\\$`|".contains(*c) && !c.is_control();
    format!("\"{}\"", text.chars().filter(kept).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::{Dialect, Settings};
    use super::*;

    fn bridge() -> Bridge {
        let secret = Some("0123456789abcdef".into());
        let settings = Settings { dialect: Dialect::Asterisk, secret, ..Settings::default() };
        Bridge::open("pbx", settings).expect("good settings")
    }

    fn greeted() -> Agi {
        let mut agi = Agi::default();
        for line in ["agi_request: agi://x", "agi_uniqueid: 17.42", "agi_callerid: 4930"] {
            assert_eq!(agi.line(&bridge(), line), Do::Wait);
        }
        assert_eq!(agi.line(&bridge(), "agi_arg_1: 0123456789abcdef"), Do::Wait);
        assert_eq!(agi.line(&bridge(), ""), Do::Check);
        assert_eq!(agi.arg_1(), "0123456789abcdef");
        agi
    }

    #[test]
    fn a_caller_is_asked_held_and_connected() {
        let (bridge, mut agi) = (bridge(), greeted());
        assert_eq!(agi.begin(), Do::Send("ANSWER".into()));
        let Do::Ask(asked) = agi.line(&bridge, "200 result=0") else { panic!("it asks") };
        assert_eq!((asked.call.as_str(), asked.digits.as_str()), ("17.42", ""));
        let pin = Told::RequestPin { reason: None };
        assert_eq!(agi.told(&pin), Do::Send("GET DATA conf-getpin 10000 20".into()));
        let Do::Ask(asked) = agi.line(&bridge, "200 result=1234567897") else { panic!("asks") };
        assert_eq!(asked.digits, "1234567897");
        let meeting = MeetingId::new(88_137_455).expect("eight digits");
        let accept = |now| Told::Accept { meeting, code: String::new(), now };
        assert_eq!(agi.told(&accept(Now::Wait)), Do::Send("EXEC Wait 5".into()));
        assert!(matches!(agi.line(&bridge, "200 result=0"), Do::Ask(_)));
        let named = Do::Send("SET VARIABLE CONVOKE_MEETING 88137455".into());
        assert_eq!(agi.told(&accept(Now::Open)), named);
        let joined = Do::Joined("EXEC ConfBridge \"88137455\"".into());
        assert_eq!(agi.line(&bridge, "200 result=1"), joined);
        assert!(agi.talks());
        assert_eq!(agi.line(&bridge, "200 result=0"), Do::Left);
    }

    #[test]
    fn who_types_nothing_or_hangs_up_is_let_go() {
        let (bridge, mut agi) = (bridge(), greeted());
        agi.begin();
        agi.line(&bridge, "200 result=0");
        for left in [2, 1, 0] {
            agi.told(&Told::RequestPin { reason: None });
            let done = agi.line(&bridge, "200 result= (timeout)");
            assert_eq!(matches!(done, Do::Ask(_)), left > 0, "{done:?}");
        }
        let mut agi = greeted();
        agi.begin();
        assert_eq!(agi.line(&bridge, "200 result=-1"), Do::End);
        assert_eq!(greeted().line(&bridge, "HANGUP"), Do::End);
        assert_eq!(greeted().line(&bridge, "510 Invalid or unknown command"), Do::End);
    }

    #[test]
    fn a_greeting_without_end_is_not_listened_to() {
        let mut agi = Agi::default();
        let ends = (0..200).map(|_| agi.line(&bridge(), "agi_x: y")).any(|done| done == Do::End);
        assert!(ends);
    }
}
