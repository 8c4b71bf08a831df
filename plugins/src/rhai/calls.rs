//! The library as scripts see it: `local.find(...)` and the others. In the script's process a call
//! is only looked up among what is known already.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use convoke_model::policy::Value;
use rhai::{
    Array, Dynamic, Engine, EvalAltResult, INT, ImmutableString, Map, Module, Position, Scope,
};

use super::convert::{to_plain, to_script};
use super::limits::{TRACE_CHARS_MAX, TRACES_MAX};
use super::protocol::Known;

/// One run's dealings with the library.
#[derive(Default)]
pub(super) struct Run {
    /// What is known, and whether it was used in this run.
    pub(super) known: Vec<(Known, bool)>,
    /// What it lacks.
    pub(super) needs: Option<(String, Vec<Value>)>,
    /// What it noted.
    pub(super) traces: Vec<String>,
    /// Operations so far.
    pub(super) operations: u64,
}

/// The run that is going on.
#[derive(Clone, Default)]
pub(super) struct Running {
    pub(super) run: Rc<RefCell<Run>>,
    pub(super) started: Rc<Cell<u64>>,
}

type Called = Result<Dynamic, Box<EvalAltResult>>;

impl Running {
    fn call(&self, name: &str, arguments: &[&Dynamic]) -> Called {
        let plain = arguments.iter().map(|argument| to_plain(argument));
        let plain: Result<Vec<Value>, String> = plain.collect();
        let arguments = plain.map_err(|why| error(&why))?;
        let mut run = self.run.borrow_mut();
        let known = run.known.iter_mut();
        let mut fitting = known
            .filter(|(known, used)| !used && known.call == name && known.arguments == arguments);
        if let Some((known, used)) = fitting.next() {
            *used = true;
            if let Some(failed) = failure(&known.answer) {
                return Err(error(failed));
            }
            return Ok(to_script(&known.answer));
        }
        run.needs = Some((name.to_owned(), arguments));
        // No script can catch this one.
        Err(EvalAltResult::ErrorTerminated(Dynamic::UNIT, Position::NONE).into())
    }

    fn trace(&self, text: &str) {
        let mut run = self.run.borrow_mut();
        if run.traces.len() < TRACES_MAX {
            run.traces.push(text.chars().take(TRACE_CHARS_MAX).collect());
        }
    }
}

/// The answer of a call that could not be made: the script sees an error, which it can catch.
pub(super) fn failure(answer: &Value) -> Option<&str> {
    match answer {
        Value::Map(entries) if entries.len() == 1 => entries.get("failed").and_then(Value::text),
        Value::Map(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Text(_)
        | Value::List(_) => None,
    }
}

fn error(why: &str) -> Box<EvalAltResult> {
    EvalAltResult::ErrorRuntime(why.to_owned().into(), Position::NONE).into()
}

macro_rules! shelves {
    ($($shelf:ident $word:literal)*) => {
        $(#[derive(Clone)]
        struct $shelf;)*

        fn put(module: &mut Module, scope: &mut Scope<'_>) {
            $(module.set_var($word, $shelf);
            scope.push_constant($word, $shelf);)*
        }
    };
}

shelves! {
    Local "local"
    Ldap "ldap"
    Callback "callback"
    Http "http"
    Clock "clock"
    Random "random"
    Codes "codes"
}

/// Puts the library in, and gives the names that a script may use without declaring them.
pub(super) fn register(engine: &mut Engine, running: &Running) -> Scope<'static> {
    let mut module = Module::new();
    let mut scope = Scope::new();
    put(&mut module, &mut scope);
    engine.register_global_module(module.into());

    let r = running.clone();
    engine.register_fn("find", move |_: &mut Local, identity: Dynamic| -> Called {
        r.call("local.find", &[&identity])
    });
    let r = running.clone();
    engine.register_fn("verify", move |_: &mut Local, identity: Dynamic| -> Called {
        r.call("local.verify", &[&identity])
    });
    let r = running.clone();
    engine.register_fn("bind", move |_: &mut Ldap, server: Dynamic, identity: Dynamic| -> Called {
        r.call("ldap.bind", &[&server, &identity])
    });
    let r = running.clone();
    engine.register_fn("find", move |_: &mut Ldap, server: Dynamic, identity: Dynamic| -> Called {
        r.call("ldap.find", &[&server, &identity])
    });
    let r = running.clone();
    engine.register_fn(
        "ask",
        move |_: &mut Callback, server: Dynamic, identity: Dynamic| -> Called {
            r.call("callback.ask", &[&server, &identity])
        },
    );
    let r = running.clone();
    engine.register_fn("ask", move |_: &mut Http, server: Dynamic, data: Dynamic| -> Called {
        r.call("http.ask", &[&server, &data])
    });
    let r = running.clone();
    engine.register_fn("now", move |_: &mut Clock| -> Called { r.call("clock.now", &[]) });
    let r = running.clone();
    engine.register_fn("digits", move |_: &mut Random, count: INT| -> Called {
        r.call("random.digits", &[&count.into()])
    });
    let r = running.clone();
    engine.register_fn("find", move |_: &mut Codes, digits: Dynamic| -> Called {
        r.call("codes.find", &[&digits])
    });
    let r = running.clone();
    engine.register_fn("trace", move |text: ImmutableString| r.trace(&text));
    verdicts(engine);
    networks(engine);
    scope
}

fn one(name: &str, value: impl Into<Dynamic>) -> Dynamic {
    Map::from([(name.into(), value.into())]).into()
}

/// `enter("host")` and the others: maps with one entry, or a word.
fn verdicts(engine: &mut Engine) {
    for word in ["lobby", "next", "request_pin", "drop", "hide", "approve", "wait"] {
        engine.register_fn(word, move || -> Dynamic { word.into() });
    }
    for word in ["enter", "refuse", "deny", "accept", "request_pin", "reject", "list"] {
        engine.register_fn(word, move |with: Dynamic| one(word, with));
    }
    engine.register_fn("recorded", |with: Map| one("record", with));
    engine.register_fn("relabel", |fields: Array, topic: &str| {
        let mut said = Map::new();
        said.insert("fields".into(), fields.into());
        said.insert("topic".into(), topic.into());
        one("relabel", said)
    });
    engine.register_fn("allow", |profile: Map, privileges: Array| {
        let mut said = Map::new();
        said.insert("profile".into(), profile.into());
        said.insert("privileges".into(), privileges.into());
        one("allow", said)
    });
}

/// What scripts often need to know of an address, without asking anybody.
fn networks(engine: &mut Engine) {
    engine.register_fn("in_network", |address: &str, network: &str| -> Result<bool, _> {
        in_network(address, network).map_err(|why| error(&why))
    });
    engine.register_fn("domain_of", |email: &str| -> String {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        domain.to_ascii_lowercase()
    });
}

fn in_network(address: &str, network: &str) -> Result<bool, String> {
    use std::net::IpAddr;
    let wrong = || format!("`{network}` is no network such as 10.0.0.0/8");
    let (base, bits) = network.split_once('/').ok_or_else(wrong)?;
    let base: IpAddr = base.parse().map_err(|_| wrong())?;
    let bits: u32 = bits.parse().map_err(|_| wrong())?;
    let Ok(address) = address.parse::<IpAddr>() else { return Ok(false) };
    let same = |a: u128, b: u128, width: u32| {
        let bits = (bits <= width).then_some(bits).ok_or_else(wrong)?;
        Ok(bits == 0 || (a ^ b) >> (width - bits) == 0)
    };
    match (address.to_canonical(), base) {
        (IpAddr::V4(a), IpAddr::V4(b)) => {
            same(u128::from(a.to_bits()), u128::from(b.to_bits()), 32)
        }
        (IpAddr::V6(a), IpAddr::V6(b)) => same(a.to_bits(), b.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        for (address, network, expected) in [
            ("10.1.2.3", "10.0.0.0/8", true),
            ("11.1.2.3", "10.0.0.0/8", false),
            ("::ffff:10.1.2.3", "10.0.0.0/8", true),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db9::1", "2001:db8::/32", false),
            ("192.0.2.1", "0.0.0.0/0", true),
            ("nonsense", "10.0.0.0/8", false),
        ] {
            assert_eq!(in_network(address, network), Ok(expected), "{address} {network}");
        }
        for network in ["10.0.0.0", "10.0.0.0/33", "x/8", "::/129"] {
            let address = if network.contains("::") { "::1" } else { "10.0.0.1" };
            assert!(in_network(address, network).is_err(), "{network}");
        }
    }
}
