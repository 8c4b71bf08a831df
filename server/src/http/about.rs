//! What is said of a meeting to those who are asked to come: in letters, in calendars, and to be
//! copied.

use std::io;
use std::sync::Arc;

use convoke_model::Millis;
use convoke_model::site::accounts::Email;
use convoke_wire::turbo::Secret;

use super::site::Site;
use crate::control::{Answer, EngineError, Meeting};
use crate::folder::Folder;
use crate::mail::{About, Around, Language, Method, News, Postman, Sayer, calendar_event};
use crate::vault::SecretOf;

impl Site {
    /// What there is to say of a meeting, with links that begin with `base`.
    pub(super) async fn about(
        &self,
        base: &str,
        meeting: &Meeting,
        news: News,
        now: Millis,
    ) -> Result<About, EngineError> {
        let id = meeting.id;
        let password = if meeting.has_password {
            let stored = self.vault.get(SecretOf::Meeting(id));
            let stored = stored.map_err(|error| EngineError::Unavailable(error.to_string()))?;
            stored.map(|stored| Secret::new(String::from_utf8_lossy(&stored).into_owned()))
        } else {
            None
        };
        let host = self.engine.account(meeting.owner).await?;
        let plan = meeting.plan.clone().unwrap_or_default();
        let dial_in = plan.dial_in.unwrap_or_default();
        let telephone = self.engine.settings().await?.telephone;
        let own_code = telephone.meeting_id_is_code.then(|| id.number().to_string());
        let access_code = dial_in.code.map(|code| code.as_str().to_owned()).or(own_code);
        let numbers = match dial_in.number {
            Some(number) => vec![number.as_str().to_owned()],
            // A number is of no use to somebody who has nothing to type there.
            None if access_code.is_none() => Vec::new(),
            None => telephone.numbers.iter().map(|one| one.number.as_str().to_owned()).collect(),
        };
        Ok(About {
            news,
            id,
            topic: meeting.topic.as_str().to_owned(),
            host: host.map_or_else(String::new, |host| host.name.as_str().to_owned()),
            when: plan.when,
            now,
            join_url: format!("{base}/join?id={}&t={}", id.number(), self.invitations.of(id)),
            password,
            numbers,
            access_code,
            reason: meeting.cancel_reason.as_ref().map(|why| why.as_str().to_owned()),
        })
    }
}

impl Site {
    /// Whether letters are sent at all.
    #[must_use]
    pub fn mail_is_set_up(&self) -> bool {
        self.mail.is_set_up()
    }

    /// Who tells invited people what becomes of meetings.
    ///
    /// # Errors
    /// When what they were told so far cannot be read.
    pub async fn postman(self: &Arc<Self>, folder: &Folder) -> io::Result<Postman> {
        let sayer: Arc<dyn Sayer> = Arc::clone(self) as _;
        let (engine, mail) = (Arc::clone(&self.engine), Arc::clone(&self.mail));
        let (clock, ledger) = (Arc::clone(&self.clock), folder.root().join("told.json"));
        Postman::new(engine, mail, sayer, clock, &self.config.mail, ledger).await
    }
}

impl Site {
    /// A meeting as a calendar event; nothing when it has no time.
    pub(super) async fn event(
        &self,
        meeting: &Meeting,
        method: Method,
        about: &About,
        (language, attendee): (Language, Option<&Email>),
    ) -> Result<Option<String>, EngineError> {
        let host = self.engine.account(meeting.owner).await?;
        let organizer =
            host.as_ref().map_or(("", ""), |host| (host.name.as_str(), host.email.as_str()));
        let address = self.address();
        let site = address.split("//").nth(1).unwrap_or("convoke");
        let site = site.split(':').next().unwrap_or(site);
        let words = self.words.copy(about, language);
        let around = Around {
            site,
            organizer,
            attendee: attendee.map(Email::as_str),
            join_url: &about.join_url,
            description: &words.map_err(EngineError::Unavailable)?,
            now: about.now,
        };
        Ok(calendar_event(meeting, method, &around))
    }
}

impl Sayer for Site {
    fn about<'a>(&'a self, meeting: &'a Meeting, news: News, now: Millis) -> Answer<'a, About> {
        // Nobody asks: links begin with the configured address, never with what a request said.
        Box::pin(async move { self.about(&self.address(), meeting, news, now).await })
    }

    fn event<'a>(
        &'a self,
        meeting: &'a Meeting,
        method: Method,
        about: &'a About,
        to: &'a Email,
    ) -> Answer<'a, Option<String>> {
        let receiver = (self.config.mail.language, Some(to));
        Box::pin(self.event(meeting, method, about, receiver))
    }
}
