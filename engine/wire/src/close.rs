//! Why a connection was hung up: WebSocket close codes. `schemas/close_codes.toml` lists the same.

macro_rules! closes {
    ($($name:ident $code:literal $word:literal $sentence:literal)*) => {
        /// The peer broke the protocol, or there is nothing left to say.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Close {
            $(#[doc = $sentence] $name,)*
        }

        impl Close {
            /// Every close there is.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The code in the close frame.
            #[must_use]
            pub fn code(self) -> u16 {
                match self { $(Self::$name => $code,)* }
            }

            /// A stable word for metrics and programs; the reason in the close frame.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// What it means, in English.
            #[must_use]
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

closes! {
    Done 1000 "done" "The participant left."
    GoingAway 1001 "going_away" "The server is shutting down; come back in a moment."
    Framing 1002 "framing" "A WebSocket frame broke RFC 6455."
    Text 1003 "text" "Only binary messages are spoken here."
    TooBig 1009 "too_big" "A message was larger than allowed."
    Malformed 4400 "malformed" "A message could not be understood."
    TicketInvalid 4401 "ticket_invalid" "The ticket was used, has expired or never existed."
    Refused 4403 "refused" "The door refused; the message before this says why."
    Removed 4404 "removed" "A host removed the participant."
    Silent 4408 "silent" "Nothing was heard for too long."
    TakenOver 4409 "taken_over" "The same participant came back on another connection."
    Ended 4410 "ended" "The session has ended."
    OutOfOrder 4412 "out_of_order" "A message came at a time when it is not allowed."
    Version 4426 "version" "No common protocol version."
    TooFast 4429 "too_fast" "Too many messages or unanswered requests."
    TooSlow 4430 "too_slow" "The reader fell too far behind; resume at the position it has."
    Diverged 4440 "diverged" "The client holds a record that this log does not have."
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_words_are_distinct() {
        let mut codes: Vec<_> = Close::ALL.iter().map(|close| close.code()).collect();
        let mut words: Vec<_> = Close::ALL.iter().map(|close| close.word()).collect();
        codes.sort_unstable();
        codes.dedup();
        words.sort_unstable();
        words.dedup();
        assert_eq!((codes.len(), words.len()), (Close::ALL.len(), Close::ALL.len()));
    }
}
