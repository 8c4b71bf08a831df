//! Bugs that can be planted into the scene, to show that its checks find them.

/// What is done wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// The core publishes a turn as soon as the committer has got it.
    PublishBeforeDurable,
    /// The journal says durable of what it still holds back.
    DurableTooEarly,
    /// Who adds work rings before it is there.
    BellBeforeWork,
    /// The sleeper looks for work first and takes the request then.
    LookBeforeTake,
    /// Mail is handed out newest first.
    NewestFirst,
    /// A request that is repeated is not known as the same one.
    RepeatUnknown,
    /// A wish that is answered is answered again.
    AnswerTwice,
}
