//! Every bound of the policy host in one place, and why it is what it is.

use std::time::Duration;

/// Bytes of one script: its text is a fact, and a fact has at most 64 KiB.
pub const SCRIPT_BYTES_MAX: usize = 60 * 1024;
/// Scripts of one hook, live and on trial together.
pub const CHAIN_MAX: usize = 16;
/// Bytes of one message between the server and its policy host.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024 * 4;
/// Library calls of one question.
pub const CALLS_MAX: usize = 16;
/// Bytes of all library calls of one question with their answers and of all its traces: they are
/// kept with the decision, which is a fact.
pub const EVIDENCE_BYTES_MAX: usize = 32 * 1024;
/// Characters of one trace.
pub const TRACE_CHARS_MAX: usize = 200;
/// Characters of what is typed as a name or address to sign in.
pub const IDENTITY_CHARS_MAX: usize = 320;
/// Questions under way at once; whoever comes then gets the fallback.
pub const QUESTIONS_MAX: usize = 1024;
/// Bytes of questions that lie in the pipe at once. The pipe holds 64 KiB, at worst half full.
pub const PIPE_BYTES_MAX: usize = 24 * 1024;

/// Script operations of one run.
pub const OPERATIONS_MAX: u64 = 100_000;
/// Functions that have called each other.
pub const CALL_LEVELS_MAX: usize = 16;
/// How deep an expression may be nested, at the top and in functions.
pub const EXPRESSION_DEPTH_MAX: (usize, usize) = (32, 32);
/// Bytes of one text that a script makes, and of all texts in one value: the groups of somebody who
/// is in hundreds must fit, as they do into the evidence.
pub const TEXT_BYTES_MAX: usize = EVIDENCE_BYTES_MAX;
/// Items of a list that a script makes.
pub const LIST_MAX: usize = 1_000;
/// Entries of a map that a script makes.
pub const MAP_MAX: usize = 200;
/// Functions of one script.
pub const FUNCTIONS_MAX: usize = 32;
/// Variables at once.
pub const VARIABLES_MAX: usize = 64;
/// Texts that are kept once for all their uses.
pub const INTERNED_MAX: usize = 256;
/// How deep data may be nested that a script gives back.
pub const DATA_DEPTH_MAX: usize = 8;
/// Pieces of data that a script may give back.
pub const DATA_PIECES_MAX: usize = 2_000;
/// Traces of one run that are kept.
pub const TRACES_MAX: usize = 32;

/// CPU that a run may take before its process stops it by itself.
pub const RUN_CPU_MAX: Duration = Duration::from_millis(50);
/// CPU after which a question's process is given up: the others are asked on the spare.
pub const STUCK_AFTER: Duration = Duration::from_millis(15);
/// CPU after which the process of a question is killed: looked at every [`WATCH_EVERY`], so that
/// no question ever burns 100 ms.
pub const KILL_AFTER: Duration = Duration::from_millis(80);
/// How often a process that answers nothing is looked at.
pub const WATCH_EVERY: Duration = Duration::from_millis(10);
/// A process that does not answer for so long although it burns nothing is killed too.
pub const SILENCE_MAX: Duration = Duration::from_secs(3);
/// How long a new process may take to compile its scripts.
pub const START_MAX: Duration = Duration::from_secs(10);
/// Address space of the process.
pub const ADDRESS_SPACE_MAX: u64 = 256 * 1024 * 1024;
/// CPU seconds beyond what it has used that the kernel grants the process between two questions.
pub const CPU_AHEAD_S: u64 = 2;
/// How often a question is moved to another process before its fallback answers.
pub const MOVES_MAX: u32 = 8;
