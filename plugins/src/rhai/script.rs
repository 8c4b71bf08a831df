//! One script: compiled once, run for every question.

use std::time::Duration;

use convoke_model::policy::{Cause, Hook, Value};
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Position, Scope};

use super::calls::{Run, Running};
use super::convert::{to_plain, to_script};
use super::limits::SCRIPT_BYTES_MAX;
use super::protocol::{Known, Outcome, Problem, Ran, Source};
use super::sandbox;

/// All scripts of a process.
pub(super) struct Scripts {
    engine: Engine,
    running: Running,
    scripts: Vec<Compiled>,
}

/// A script, or why it can only fail.
struct Compiled {
    hook: Hook,
    path: String,
    ast: Result<AST, (Cause, String)>,
}

impl Scripts {
    /// Compiles them, and tells what is wrong. A wrong one fails whenever it is asked.
    pub(super) fn compile(sources: Vec<Source>) -> (Self, Vec<Problem>) {
        let running = Running::default();
        let (engine, scope) = sandbox::engine(&running);
        let mut problems = Vec::new();
        let mut scripts = Vec::new();
        for (script, source) in (0..).zip(sources) {
            let compiled = compile(&engine, &scope, &source).map_err(|(cause, at, reason)| {
                let (line, column) = (at.line(), at.position());
                let number = |at: Option<usize>| at.and_then(|at| u32::try_from(at).ok());
                let (line, column) = (number(line), number(column));
                let path = source.path.clone();
                let problem = Problem { script, path, line, column, reason };
                let told = problem.to_string();
                problems.push(problem);
                (cause, told)
            });
            scripts.push(Compiled { hook: source.hook, path: source.path, ast: compiled });
        }
        (Self { engine, running, scripts }, problems)
    }

    /// Runs one of them.
    pub(super) fn run(&self, id: u64, script: u32, question: &Value, known: Vec<Known>) -> Ran {
        let before = sandbox::cpu();
        let micros = |at: Duration| u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        self.running.started.set(micros(before));
        let known = known.into_iter().map(|known| (known, false)).collect();
        self.running.run.replace(Run { known, ..Run::default() });
        let outcome = self.outcome(script, question);
        let run = self.running.run.take();
        let cpu_micros = micros(sandbox::cpu().saturating_sub(before));
        let outcome = match run.needs {
            Some((call, arguments)) => Outcome::Needs { call, arguments },
            None => outcome,
        };
        Ran { id, outcome, operations: run.operations, cpu_micros, traces: run.traces }
    }

    fn outcome(&self, script: u32, question: &Value) -> Outcome {
        let failed = |cause, told| Outcome::Failed { cause, told };
        let Some(Compiled { hook, path, ast }) = self.scripts.get(script as usize) else {
            return failed(Cause::Error, "there is no such script".to_owned());
        };
        let ast = match ast {
            Ok(ast) => ast,
            Err((cause, told)) => return failed(*cause, told.clone()),
        };
        let options = CallFnOptions::new().eval_ast(false).rewind_scope(true);
        let mut scope = Scope::new();
        let arguments = (to_script(question),);
        let called = self.engine.call_fn_with_options::<Dynamic>(
            options,
            &mut scope,
            ast,
            hook.word(),
            arguments,
        );
        match called {
            Ok(said) => match to_plain(&said) {
                Ok(said) => Outcome::Said(said),
                Err(why) => failed(Cause::WrongType, format!("{path}: {why}")),
            },
            Err(error) => {
                let (at, reason) = told(&error);
                failed(Cause::Error, place(path, at, &reason))
            }
        }
    }
}

fn compile(
    engine: &Engine,
    scope: &Scope<'_>,
    source: &Source,
) -> Result<AST, (Cause, Position, String)> {
    if source.text.len() > SCRIPT_BYTES_MAX {
        let told = format!("a script has at most {SCRIPT_BYTES_MAX} bytes");
        return Err((Cause::Error, Position::NONE, told));
    }
    let ast = engine
        .compile_with_scope(scope, &source.text)
        .map_err(|error| (Cause::Error, error.position(), error.err_type().to_string()))?;
    let word = source.hook.word();
    let fits = ast.iter_functions().any(|f| f.name == word && f.params.len() == 1);
    if !fits {
        let told = format!("it has no function `fn {word}(question)`");
        return Err((Cause::MissingFunction, Position::NONE, told));
    }
    Ok(ast)
}

/// Where an error arose, and what it is: the innermost, which is the one to mend.
fn told(error: &EvalAltResult) -> (Position, String) {
    let mut inner = error;
    let mut at = error.position();
    while let EvalAltResult::ErrorInFunctionCall(_, _, deeper, _) = inner {
        inner = deeper;
        if !inner.position().is_none() {
            at = inner.position();
        }
    }
    let mut bare = inner.to_string();
    if let Some(cut) = bare.rfind(" (line ") {
        bare.truncate(cut);
    }
    let reason: String = bare.chars().take(300).collect();
    (at, reason)
}

fn place(path: &str, at: Position, reason: &str) -> String {
    match (at.line(), at.position()) {
        (Some(line), Some(column)) => format!("{path}: line {line}, column {column}: {reason}"),
        _ => format!("{path}: {reason}"),
    }
}
