//! One policy host as the server sees it: questions go in, answers come out in the same order, and
//! whoever takes too much is ended.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::process::{Child, ChildStdin};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use convoke_model::policy::Value;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::{Notify, Semaphore, oneshot};

use super::launch::Launch;
use super::limits::{KILL_AFTER, PIPE_BYTES_MAX, SILENCE_MAX, STUCK_AFTER, WATCH_EVERY};
use super::protocol::{self, Ask, FromHost, Known, Problem, Ran, Source, ToHost};
use super::watch::cpu_of;

/// What becomes of a question in one process.
pub(super) enum Fate {
    /// It was run.
    Ran(Ran),
    /// It was not begun, or the process went for another's sake: ask another process.
    Moved,
    /// The process ended while it was being run, or was ended because of it.
    Killed,
}

/// One policy host.
pub(super) struct Process {
    pid: u32,
    child: Mutex<Child>,
    input: Mutex<Option<ChildStdin>>,
    waiting: Mutex<VecDeque<Waiting>>,
    /// Bytes that may still be put into the pipe without waiting for it.
    room: Arc<Semaphore>,
    busy: Notify,
    next: AtomicU64,
    /// Questions that it has answered.
    served: AtomicU64,
    /// It is given up: no new questions go in.
    closed: AtomicBool,
    /// Called once, when it is given up.
    gone: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

struct Waiting {
    id: u64,
    bytes: u32,
    /// CPU that the question has used in runs before this one.
    spent: Duration,
    answer: oneshot::Sender<Fate>,
}

/// A started process, and what is wrong with its scripts.
pub(super) type Started = (Arc<Process>, Vec<Problem>);

impl Process {
    /// Starts one and has it compile the scripts. Must be called within a runtime, on a thread that
    /// may wait.
    pub(super) fn start(launch: &Launch, sources: Vec<Source>) -> io::Result<Started> {
        let mut child = launch.start()?;
        let pid = child.id();
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let (Some(mut input), Some(mut output)) = (input, output) else {
            return Err(io::Error::other("the policy host has no pipes"));
        };
        let loaded = protocol::write(&mut input, &ToHost::Load(sources))
            .and_then(|()| protocol::read::<FromHost>(&mut output));
        let problems = match loaded {
            Ok(FromHost::Loaded(problems)) => problems,
            Ok(FromHost::Ran(_)) => return Err(end(child, io::ErrorKind::InvalidData.into())),
            Err(error) => return Err(end(child, error)),
        };
        let output = pipe::Receiver::from_owned_fd(output.into())?;
        let process = Arc::new(Self {
            pid,
            child: Mutex::new(child),
            input: Mutex::new(Some(input)),
            waiting: Mutex::default(),
            room: Arc::new(Semaphore::new(PIPE_BYTES_MAX)),
            busy: Notify::new(),
            next: AtomicU64::new(0),
            served: AtomicU64::new(0),
            closed: AtomicBool::new(false),
            gone: Mutex::new(None),
        });
        tokio::spawn(process.clone().listen(output));
        tokio::spawn(process.clone().watch());
        Ok((process, problems))
    }

    /// The process's number.
    pub(super) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it ever answered.
    pub(super) fn has_served(&self) -> bool {
        self.served.load(Ordering::Relaxed) > 0
    }

    /// Whether it still takes questions.
    pub(super) fn is_open(&self) -> bool {
        !self.closed.load(Ordering::Acquire)
    }

    /// Calls `then` once, when it takes no more questions.
    pub(super) fn on_gone(&self, then: impl FnOnce() + Send + 'static) {
        *lock(&self.gone) = Some(Box::new(then));
        if !self.is_open() {
            self.tell_gone();
        }
    }

    /// Runs a script on a question.
    pub(super) async fn ask(
        &self,
        script: u32,
        question: &Value,
        evidence: &[Known],
        spent: Duration,
    ) -> Fate {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (question, evidence) = (question.clone(), evidence.to_vec());
        let ask = ToHost::Ask(Ask { id, script, question, evidence });
        let Ok(frame) = protocol::frame(&ask) else { return Fate::Killed };
        // One that is larger than the pipe has it for itself.
        let bytes = u32::try_from(frame.len().min(PIPE_BYTES_MAX)).unwrap_or(u32::MAX);
        let Ok(room) = self.room.clone().acquire_many_owned(bytes).await else {
            return Fate::Moved;
        };
        room.forget();
        let (answer, answered) = oneshot::channel();
        if !self.send(&frame, Waiting { id, bytes, spent, answer }) {
            return Fate::Moved;
        }
        answered.await.unwrap_or(Fate::Moved)
    }

    /// Puts a question into the pipe and into the line of those that wait, in one step.
    fn send(&self, frame: &[u8], waiting: Waiting) -> bool {
        let mut input = lock(&self.input);
        let Some(pipe) = input.as_mut() else { return false };
        let mut line = lock(&self.waiting);
        // Whoever gives the process up says so before it looks at the line.
        if !self.is_open() {
            return false;
        }
        if line.is_empty() {
            self.busy.notify_one();
        }
        line.push_back(waiting);
        drop(line);
        // There is room for it, or the process reads it while we write: it reads before it runs.
        // If it has ended, the listener sees the end of the pipe and answers everybody.
        let _ = pipe.write_all(frame);
        if !self.is_open() {
            *input = None;
        }
        true
    }

    async fn listen(self: Arc<Self>, mut output: pipe::Receiver) {
        let mut held = Vec::with_capacity(64 * 1024);
        while let Ok(1..) = output.read_buf(&mut held).await {
            loop {
                match protocol::take::<FromHost>(&mut held) {
                    Ok(Some(FromHost::Ran(ran))) => self.answered(ran),
                    Ok(None) => break,
                    Ok(Some(FromHost::Loaded(_))) | Err(_) => {
                        self.kill();
                        break;
                    }
                }
            }
        }
        self.ended();
    }

    fn answered(&self, ran: Ran) {
        let first = lock(&self.waiting).pop_front();
        let Some(first) = first.filter(|first| first.id == ran.id) else {
            // Out of order: it is not what we started.
            return self.kill();
        };
        self.served.fetch_add(1, Ordering::Relaxed);
        self.room.add_permits(first.bytes as usize);
        // Whoever asked may have given up waiting.
        let _ = first.answer.send(Fate::Ran(ran));
        if !self.is_open() && lock(&self.waiting).is_empty() {
            self.kill();
        }
    }

    /// The pipe has ended: the question that was being run is lost with the process, the others are
    /// not.
    fn ended(&self) {
        self.close();
        let waiting = std::mem::take(&mut *lock(&self.waiting));
        for (place, one) in waiting.into_iter().enumerate() {
            let fate = if place == 0 { Fate::Killed } else { Fate::Moved };
            let _ = one.answer.send(fate);
        }
        self.kill();
        // It has closed its pipe and was killed: this does not take long.
        let _ = lock(&self.child).wait();
    }

    /// Takes no more questions; those that wait behind the first are moved. The process ends when
    /// the first is answered, or is killed because of it.
    pub(super) fn retire(&self) {
        self.close();
        let behind = {
            let mut waiting = lock(&self.waiting);
            let behind = waiting.len().min(1);
            waiting.split_off(behind)
        };
        let alone = lock(&self.waiting).is_empty();
        for one in behind {
            let _ = one.answer.send(Fate::Moved);
        }
        if alone {
            self.kill();
        }
    }

    /// Takes no more questions, answers those that wait, then ends.
    pub(super) fn drain(&self) {
        self.close();
        if lock(&self.waiting).is_empty() {
            self.kill();
        }
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Whoever is writing just now closes the pipe when that is done: nobody waits here.
        if let Ok(mut input) = self.input.try_lock() {
            *input = None;
        }
        self.room.close();
        self.busy.notify_one();
        self.tell_gone();
    }

    fn tell_gone(&self) {
        let gone = lock(&self.gone).take();
        if let Some(gone) = gone {
            gone();
        }
    }

    fn kill(&self) {
        // One that has ended already is not killed again, nor is another of its number.
        let _ = lock(&self.child).kill();
    }

    /// Looks at the process while it owes an answer.
    async fn watch(self: Arc<Self>) {
        let mut seen: Option<(u64, Duration, Instant)> = None;
        loop {
            let first = lock(&self.waiting).front().map(|first| (first.id, first.spent));
            let Some((id, spent)) = first else {
                if !self.is_open() {
                    return;
                }
                seen = None;
                self.busy.notified().await;
                continue;
            };
            let Some(cpu) = cpu_of(self.pid) else { return };
            let (began, since) = match seen {
                Some((of, began, since)) if of == id => (began, since),
                Some(_) | None => {
                    seen = Some((id, cpu, Instant::now()));
                    (cpu, Instant::now())
                }
            };
            let burned = spent + cpu.saturating_sub(began);
            if burned >= KILL_AFTER || since.elapsed() >= SILENCE_MAX {
                self.kill();
                return self.close();
            }
            if burned >= STUCK_AFTER && self.is_open() {
                self.retire();
            }
            tokio::time::sleep(WATCH_EVERY).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn end(mut child: Child, why: io::Error) -> io::Error {
    let _ = child.kill();
    let _ = child.wait();
    why
}

/// A panic while one of these was held leaves nothing half done that matters.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
