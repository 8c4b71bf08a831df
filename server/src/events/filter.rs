//! Which events somebody wants.

use convoke_model::StreamId;
use convoke_model::site::webhooks::Pattern;

use super::words::{QUIET, WORDS};

/// Which events somebody wants. Those that come in great numbers have to be asked for by name or by
/// their family.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Patterns, of which one has to fit; none at all means `*`.
    patterns: Vec<Pattern>,
    /// Only this stream.
    stream: Option<StreamId>,
    /// Words that are never wanted.
    never: &'static [&'static str],
}

impl Filter {
    /// What fits one of these patterns.
    ///
    /// # Errors
    /// The pattern that fits no event there is.
    pub fn new(patterns: Vec<Pattern>) -> Result<Self, Pattern> {
        let known = |pattern: &Pattern| WORDS.iter().any(|(word, _)| fits(pattern, word));
        match patterns.iter().find(|pattern| !known(pattern)) {
            Some(odd) => Err(odd.clone()),
            None => Ok(Self { patterns, ..Self::default() }),
        }
    }

    /// As somebody wrote it: patterns, with commas.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let patterns: Option<Vec<Pattern>> = parts.map(Pattern::new).collect();
        Self::new(patterns?).ok()
    }

    /// The patterns of a webhook, whatever they are by now, and nothing of webhooks' own
    /// misfortunes: one that cannot be told would be told of that.
    #[must_use]
    pub fn of_webhook(patterns: Vec<Pattern>) -> Self {
        Self { patterns, stream: None, never: &["webhook.gave_up", "webhook.redelivered"] }
    }

    /// Only what is in this stream.
    #[must_use]
    pub fn within(self, stream: Option<StreamId>) -> Self {
        Self { stream, ..self }
    }

    pub(super) fn wants_stream(&self, stream: StreamId) -> bool {
        self.stream.is_none_or(|wanted| wanted == stream)
    }

    pub(super) fn wants_word(&self, word: &str) -> bool {
        let everything = !QUIET.contains(&word);
        let by_name = |pattern: &Pattern| match pattern.as_str() {
            "*" => everything,
            _ => fits(pattern, word),
        };
        let wanted = match self.patterns.is_empty() {
            true => everything,
            false => self.patterns.iter().any(by_name),
        };
        wanted && !self.never.contains(&word)
    }
}

fn fits(pattern: &Pattern, word: &str) -> bool {
    let pattern = pattern.as_str();
    match pattern.strip_suffix('*') {
        // With its dot: `meeting.` begins `meeting.created`.
        Some(family) => word.starts_with(family),
        None => word == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_families_and_everything() {
        let filter = |text: &str| Filter::parse(text).expect(text);
        assert!(filter("meeting.*, session.ended").wants_word("meeting.created"));
        assert!(filter("meeting.*,session.ended").wants_word("session.ended"));
        assert!(!filter("meeting.*,session.ended").wants_word("session.opened"));
        assert!(
            filter("").wants_word("session.opened") && filter("*").wants_word("server.started")
        );
        for all in ["", "*"] {
            assert!(!filter(all).wants_word("chat.said"), "there are too many of them");
        }
        assert!(filter("chat.*").wants_word("chat.said"));
        for odd in ["meetings.*", "meeting", "meeting.made", "Meeting.*", "a b", "*,x.*"] {
            assert_eq!(Filter::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn a_webhook_is_not_told_of_what_could_not_be_told() {
        let everything = vec![Pattern::new("*").expect("a pattern")];
        let filter = Filter::of_webhook(everything);
        assert!(filter.wants_word("webhook.added") && !filter.wants_word("webhook.gave_up"));
    }
}
