//! The script language with everything taken out that can wait, read, load or grow without bound.
//! It is the first fence; the process and its limits are the second, and the one that holds.

use std::time::Duration;

use rhai::packages::{
    ArithmeticPackage, BasicArrayPackage, BasicFnPackage, BasicIteratorPackage, BasicMapPackage,
    BasicMathPackage, BasicStringPackage, LogicPackage, MoreStringPackage, Package,
};
use rhai::{Engine, EvalAltResult, ImmutableString, OptimizationLevel, Position, Scope};
use rustix::time::{ClockId, clock_gettime};

use super::calls::{self, Running};
use super::limits;

/// How often a run looks at its clock, in operations.
const LOOK_EVERY: u64 = 128;

/// An engine, and the names that scripts may use without declaring them.
pub(super) fn engine(running: &Running) -> (Engine, Scope<'static>) {
    let mut engine = Engine::new_raw();
    ArithmeticPackage::new().register_into_engine(&mut engine);
    BasicArrayPackage::new().register_into_engine(&mut engine);
    BasicFnPackage::new().register_into_engine(&mut engine);
    BasicIteratorPackage::new().register_into_engine(&mut engine);
    BasicMapPackage::new().register_into_engine(&mut engine);
    BasicMathPackage::new().register_into_engine(&mut engine);
    BasicStringPackage::new().register_into_engine(&mut engine);
    LogicPackage::new().register_into_engine(&mut engine);
    MoreStringPackage::new().register_into_engine(&mut engine);
    for symbol in ["eval", "import", "export", "print", "debug", "sleep"] {
        engine.disable_symbol(symbol);
    }
    let (top, function) = limits::EXPRESSION_DEPTH_MAX;
    engine
        .set_max_operations(limits::OPERATIONS_MAX)
        .set_max_call_levels(limits::CALL_LEVELS_MAX)
        .set_max_expr_depths(top, function)
        .set_max_string_size(limits::TEXT_BYTES_MAX)
        .set_max_array_size(limits::LIST_MAX)
        .set_max_map_size(limits::MAP_MAX)
        .set_max_functions(limits::FUNCTIONS_MAX)
        .set_max_variables(limits::VARIABLES_MAX)
        .set_max_modules(0)
        .set_max_strings_interned(limits::INTERNED_MAX)
        .set_strict_variables(true)
        .set_fail_on_invalid_map_property(true)
        .set_optimization_level(OptimizationLevel::None);
    bounded_replace(&mut engine);
    let scope = calls::register(&mut engine, running);
    let running = running.clone();
    engine.on_progress(move |operations| {
        running.run.borrow_mut().operations = operations;
        let late = operations % LOOK_EVERY == 0
            && cpu().as_micros() > u128::from(running.started.get()) + RUN_MICROS_MAX;
        late.then(|| "it took more than 50 ms".into())
    });
    (engine, scope)
}

const RUN_MICROS_MAX: u128 = limits::RUN_CPU_MAX.as_micros();

/// CPU that this thread has used.
pub(super) fn cpu() -> Duration {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(used.tv_nsec).unwrap_or(0))
}

/// The language's own `replace` builds its result first and measures it then.
fn bounded_replace(engine: &mut Engine) {
    engine.register_fn(
        "replace",
        |text: &mut ImmutableString, find: &str, with: &str| -> Result<(), Box<EvalAltResult>> {
            *text = replaced(text, find, with)?.into();
            Ok(())
        },
    );
    engine.register_fn(
        "replace",
        |text: &mut ImmutableString, find: char, with: char| -> Result<(), Box<EvalAltResult>> {
            *text = replaced(text, &find.to_string(), &with.to_string())?.into();
            Ok(())
        },
    );
    engine.register_fn(
        "replace",
        |text: &mut ImmutableString, find: &str, with: char| -> Result<(), Box<EvalAltResult>> {
            *text = replaced(text, find, &with.to_string())?.into();
            Ok(())
        },
    );
    engine.register_fn(
        "replace",
        |text: &mut ImmutableString, find: char, with: &str| -> Result<(), Box<EvalAltResult>> {
            *text = replaced(text, &find.to_string(), with)?.into();
            Ok(())
        },
    );
}

fn replaced(text: &str, find: &str, with: &str) -> Result<String, Box<EvalAltResult>> {
    let times = if find.is_empty() { text.len() + 1 } else { text.matches(find).count() };
    if text.len() + times * with.len() > limits::TEXT_BYTES_MAX {
        let what = "Length of string".to_owned();
        return Err(EvalAltResult::ErrorDataTooLarge(what, Position::NONE).into());
    }
    Ok(text.replace(find, with))
}
