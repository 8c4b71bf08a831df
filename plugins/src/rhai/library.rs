//! The library as the server performs it: what a script may ask of the world.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use convoke_model::policy::Value;
use zeroize::Zeroizing;

/// What somebody typed as a password. It stays in the server: a script only names to whom it is
/// shown, and no record, trace or message holds it.
#[derive(Clone, Default)]
pub struct Secret(Option<Arc<Zeroizing<String>>>);

impl Secret {
    /// What was typed.
    #[must_use]
    pub fn new(typed: Zeroizing<String>) -> Self {
        Self(Some(Arc::new(typed)))
    }

    /// Nothing was typed, or nothing is asked for.
    #[must_use]
    pub fn none() -> Self {
        Self(None)
    }

    /// For whoever checks it.
    #[must_use]
    pub fn expose(&self) -> Option<&str> {
        self.0.as_ref().map(|typed| typed.as_str())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "a secret" } else { "no secret" })
    }
}

/// A library call of a script.
#[derive(Clone, Debug)]
pub struct Call {
    /// `ldap.find`
    pub name: String,
    /// What it is asked with.
    pub arguments: Vec<Value>,
    /// The question that is being answered, as scripts see it.
    pub question: Value,
    /// Its secret.
    pub secret: Secret,
}

impl Call {
    /// The argument at a place, when it is text.
    #[must_use]
    pub fn text(&self, at: usize) -> Option<&str> {
        self.arguments.get(at).and_then(Value::text)
    }

    /// The word before the dot.
    #[must_use]
    pub fn shelf(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }
}

/// An answer on its way.
pub type Answering<'a> = Pin<Box<dyn Future<Output = Result<Value, String>> + Send + 'a>>;

/// Performs library calls. Whatever it answers is kept as evidence: it must hold no secret.
pub trait Library: Send + Sync {
    /// Performs one call, in its own time: the hook's deadline is kept by the caller, who drops the
    /// answer when it is late.
    ///
    /// `Err` is a sentence that the script sees as an error, which it can catch.
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a>;
}

/// A library that has nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLibrary;

impl Library for NoLibrary {
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a> {
        Box::pin(async move { Err(format!("{} is not set up on this server", call.name)) })
    }
}

/// Several libraries by the word before the dot: `local`, `ldap`, `callback`, `http`, `clock`,
/// `random`, `codes`.
#[derive(Clone, Default)]
pub struct Shelf(BTreeMap<String, Arc<dyn Library>>);

impl Shelf {
    /// The same with one more; a word that is there already is replaced.
    #[must_use]
    pub fn with(mut self, word: &str, library: Arc<dyn Library>) -> Self {
        self.0.insert(word.to_owned(), library);
        self
    }
}

impl Library for Shelf {
    fn call<'a>(&'a self, call: &'a Call) -> Answering<'a> {
        match self.0.get(call.shelf()) {
            Some(library) => library.call(call),
            None => NoLibrary.call(call),
        }
    }
}
