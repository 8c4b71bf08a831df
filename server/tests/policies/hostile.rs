//! Scripts that want to take the server down: each ends in the fallback, cheaply, and delays
//! nobody.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use convoke_model::grant::Role;
use convoke_model::policy::{Hook, Verdict};
use convoke_plugins::rhai::{Again, Source};

use super::stage::{self, Stage, admit_as, question};

/// Bodies of `fn admit(question)`, each hostile in its own way.
const BODIES: [(&str, &str); 36] = [
    ("an endless loop", "loop { }"),
    ("a while that never ends", "while true { let x = 1; }"),
    ("counting up for ever", "let n = 0; loop { n += 1; }"),
    ("a long range", "let n = 0; for i in 0..9000000000 { n += i; } n"),
    ("nested ranges", "for a in 0..100000 { for b in 0..100000 { let c = a * b; } }"),
    ("recursion", "admit(question)"),
    ("recursion by two", "admit(admit(question))"),
    ("recursion in an argument", "enter(admit(#{ role: question.role }))"),
    ("a closure that calls itself", "let f = |g| g.call(g); f.call(f)"),
    ("a text that doubles", "let s = \"x\"; loop { s += s; }"),
    ("pad", "let s = \"x\"; s.pad(4000000000, 'x'); s"),
    ("pad with a text", "let s = \"x\"; s.pad(2000000000, \"0123456789\"); s"),
    ("replace", "let s = \"aaaaaaaa\"; loop { s.replace(\"a\", \"aaaaaaaaaaaaaaaa\"); }"),
    ("replace nothing", "let s = \"aaaaaaaaaaaaaaaa\"; loop { s.replace(\"\", s); }"),
    ("replace a letter", "let s = \"aaaaaaaaaaaaaaaa\"; loop { s.replace('a', s); }"),
    ("a list that grows", "let a = []; loop { a.push(a.len()); }"),
    ("a list that doubles", "let a = [1]; loop { a += a; }"),
    ("a list of lists", "let a = [1]; loop { a = [a, a, a, a, a, a, a, a]; }"),
    ("a list padded", "let a = []; a.pad(4000000000, 1); a"),
    (
        "lists of long texts",
        "let a = []; let s = \"x\"; s.pad(4000, 'x'); loop { a.push(s + \"y\"); }",
    ),
    ("a map that grows", "let m = #{}; let n = 0; loop { m[n.to_string()] = n; n += 1; }"),
    ("a map in a map", "let m = #{}; loop { m = #{ a: m, b: m, c: m, d: m }; }"),
    ("a deep list", "let a = []; loop { a = [a]; }"),
    ("a deep answer", "let a = 1; for i in 0..200 { a = [a]; } a"),
    ("a huge answer", "let a = []; for i in 0..999 { let b = []; b.pad(999, i); a.push(b); } a"),
    ("sorting all day", "let a = []; a.pad(1000, 1); loop { a.sort(); a.reverse(); }"),
    ("splitting all day", "let s = \"x\"; s.pad(4000, ','); loop { let p = s.split(','); }"),
    ("a list of itself", "let a = []; loop { a.push(a); }"),
    ("shuffling maps", "let m = #{ a: 1 }; loop { m.mixin(#{ b: m.values() }); }"),
    ("waiting without end", "while question.here == 3 || question.here != 3 { 0 }"),
    ("an error caught for ever", "loop { try { throw 1; } catch { } }"),
    ("a limit caught", "try { loop { } } catch { loop { } }"),
    ("a number too large", "let n = 9223372036854775807; n + 1"),
    ("a division by nought", "1 / (question.here - question.here)"),
    ("asking for ever", "loop { clock.now(); }"),
    ("a switch of one's own type", "Fn(\"admit\").call(question)"),
];

/// Whole scripts that do not get as far as being asked.
const SCRIPTS: [(&str, &str); 7] = [
    ("sleep", "fn admit(question) { sleep(1000); lobby() }"),
    ("eval", "fn admit(question) { eval(\"loop { }\") }"),
    ("import", "import \"os\" as os; fn admit(question) { os::run() }"),
    ("print", "fn admit(question) { print(\"x\"); next() }"),
    ("a variable that is not there", "fn admit(question) { secrets }"),
    ("no script at all", "\u{0}\u{1}\u{2} )(*&^"),
    (
        "an expression that is too deep",
        "fn admit(question) { ((((((((((((((((((((((((((((((((((((((((((((((((1)))))))))))))))))))))))))))))))))))))))))))))))) }",
    ),
];

/// Memory of this process, which plays the server.
fn resident_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: u64 = statm.split_whitespace().nth(1).expect("a field").parse().expect("a number");
    pages * 4096
}

/// Looks every millisecond at the CPU that a process has used, until it is gone or told to stop.
fn cpu_watched(pid: u32, over: Arc<AtomicBool>) -> std::thread::JoinHandle<Duration> {
    let used = move || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/schedstat")).ok()?;
        stat.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
    };
    let began = used().expect("it runs");
    std::thread::spawn(move || {
        let mut last = began;
        while let Some(now) = used() {
            last = last.max(now);
            if over.load(Ordering::Acquire) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        last.saturating_sub(began)
    })
}

fn admit(body: &str) -> String {
    format!("fn admit(question) {{ {body} }}")
}

#[test]
fn hostile_scripts_end_in_the_fallback_within_100_ms_of_cpu_and_delay_nobody() {
    let scripts = BODIES.map(|(what, body)| (what, admit(body)));
    let whole = SCRIPTS.map(|(what, text)| (what, text.to_owned()));
    let all: Vec<(&str, String)> = scripts.into_iter().chain(whole).collect();
    assert!(all.len() >= 40);
    stage::run(async {
        // Warm up what is made once.
        let calm =
            Stage::with(&[(Hook::Record, "fn record(question) { recorded(#{ media: false }) }")]);
        let calm = calm.await;
        let expected = Verdict::record(false);
        assert_eq!(calm.decide(question(Hook::Record)).await.verdict, expected);
        let before = resident_bytes();
        let mut ended = Vec::new();
        for (what, text) in &all {
            let chains = [(Hook::Admit, vec![Source::new(Hook::Admit, "hostile", text)])].into();
            let (again, _) = Again::start(stage::launch(), &chains).await.expect("starts");
            let pids = again.pids();
            let over = Arc::new(AtomicBool::new(false));
            let watched = cpu_watched(pids[0], over.clone());
            let start = Instant::now();
            let answered = again.ask(&question(Hook::Admit), Vec::new()).await.expect("asked");
            let took = start.elapsed();
            over.store(true, Ordering::Release);
            let burned = watched.join().expect("no panic");
            assert_eq!(answered.verdict, Verdict::Lobby, "{what}");
            let why = answered.why.unwrap_or_else(|| panic!("{what} was not stopped"));
            assert!(took < Duration::from_secs(2), "{what}: {took:?} {why:?}");
            assert!(burned <= Duration::from_millis(100), "{what}: {burned:?} {why:?}");
            // It was stopped for what it does, not because it is no script.
            let is_script = BODIES.iter().any(|(of, _)| of == what);
            assert!(!is_script || !why.told.contains("not found"), "{what}: {}", why.told);
            ended.push((what, why, took, burned));
            drop(again);
            // Its processes are gone or going.
            let gone = Instant::now();
            while pids.iter().any(|pid| std::path::Path::new(&format!("/proc/{pid}/exe")).exists())
            {
                assert!(gone.elapsed() < Duration::from_secs(5), "{what}: a process is left");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        for (what, why, took, burned) in &ended {
            println!("{what}: {took:?}, {burned:?} of CPU, {}: {}", why.cause.word(), why.told);
        }
        let grown = resident_bytes().saturating_sub(before);
        assert!(grown < 16 << 20, "the server grew by {grown} bytes");
    });
}

#[test]
fn a_question_that_is_stuck_burns_less_than_100_ms_and_the_others_are_answered_meanwhile() {
    // One script of its hook is hostile, in the same processes as the others.
    let hostile = admit(
        "if question.name == \"evil\" { let a = []; a.pad(1000, 1); loop { a.sort(); a += [1]; } } \
         enter(question.role)",
    );
    let calm = "fn record(question) { recorded(#{ media: false }) }";
    stage::run(async {
        let stage = Stage::with(&[(Hook::Admit, &hostile), (Hook::Record, calm)]).await;
        let mut evil = Vec::new();
        let mut others = Vec::new();
        for round in 0..40 {
            let policies = stage.policies.clone();
            let secret = convoke_plugins::rhai::Secret::none;
            let question_of = admit_as(Role::Attendee, "evil");
            evil.push(tokio::spawn(async move { policies.decide(question_of, secret()).await }));
            for _ in 0..5 {
                let policies = stage.policies.clone();
                others.push(tokio::spawn(async move {
                    let start = Instant::now();
                    let decided = policies.decide(question(Hook::Record), secret()).await;
                    (decided, start.elapsed())
                }));
            }
            tokio::time::sleep(Duration::from_millis(u64::from(round % 3 == 0) * 20)).await;
        }
        for one in evil {
            let decided = one.await.expect("no panic");
            assert_eq!(decided.verdict, Verdict::Lobby);
            assert!(decided.fallback, "{decided:?}");
        }
        let mut worst = Duration::ZERO;
        for one in others {
            let (decided, took) = one.await.expect("no panic");
            assert_eq!(decided.verdict, Verdict::record(false), "{decided:?}");
            assert!(!decided.fallback);
            worst = worst.max(took);
        }
        println!("the slowest of the others took {worst:?}");
        assert!(worst < Duration::from_millis(Hook::Record.deadline_ms()), "{worst:?}");
    });
}

/// A policy host that has been taken over: it says what is expected of it, and burns from then on.
const TAKEN_OVER: &str = "printf '\\011\\000\\000\\000\\201\\246Loaded\\220'; while :; do :; done";

#[test]
fn a_process_that_burns_is_killed_from_outside_before_100_ms_of_cpu() {
    stage::run(async {
        let words = vec!["-c".into(), TAKEN_OVER.into()];
        let launch = convoke_plugins::rhai::Launch { program: "/bin/sh".into(), words };
        let source = Source::new(Hook::Admit, "calm", "fn admit(question) { lobby() }");
        let chains = [(Hook::Admit, vec![source])].into();
        for _ in 0..3 {
            let started = Again::start(launch.clone(), &chains).await;
            let (again, problems) = started.expect("it says what is expected");
            assert!(problems.is_empty());
            let pids = again.pids();
            let watched = cpu_watched(pids[0], Arc::default());
            let start = Instant::now();
            let answered = again.ask(&question(Hook::Admit), Vec::new()).await.expect("asked");
            let burned = watched.join().expect("no panic");
            assert_eq!(answered.verdict, Verdict::Lobby);
            let why = answered.why.expect("a fallback says why");
            assert_eq!(why.cause, convoke_model::policy::Cause::Killed, "{}", why.told);
            println!("killed after {burned:?} of CPU, {:?}", start.elapsed());
            assert!(burned <= Duration::from_millis(100), "{burned:?}");
            let gone = Instant::now();
            while again.pids().first().is_none_or(|pid| *pid == pids[0]) {
                assert!(gone.elapsed() < Duration::from_secs(5), "no other takes its place");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    });
}

#[test]
fn the_process_of_scripts_has_no_files_no_environment_and_little_memory() {
    stage::run(async {
        let calm = "fn record(question) { next() }";
        let stage = Stage::with(&[(Hook::Record, calm)]).await;
        stage.decide(question(Hook::Record)).await;
        let pid = stage.policies.status().pids[0];
        let files: Vec<_> = std::fs::read_dir(format!("/proc/{pid}/fd"))
            .expect("it runs")
            .map(|entry| std::fs::read_link(entry.expect("a file").path()).expect("a link"))
            .collect();
        let plain = |file: &std::path::Path| {
            let name = file.to_string_lossy();
            name.starts_with("pipe:") || name == "/dev/null"
        };
        // Whoever started this test may have left something open for all that it starts.
        let handed: Vec<_> = std::fs::read_dir("/proc/self/fdinfo")
            .expect("Linux")
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let info = std::fs::read_to_string(entry.path()).ok()?;
                let flags = info.lines().find_map(|line| line.strip_prefix("flags:"))?;
                let flags = u32::from_str_radix(flags.trim(), 8).ok()?;
                let file = std::path::Path::new("/proc/self/fd").join(entry.file_name());
                (flags & 0o2_000_000 == 0).then(|| std::fs::read_link(file).ok())?
            })
            .collect();
        let own: Vec<_> = files.iter().filter(|file| !handed.contains(file)).collect();
        assert!(own.iter().all(|file| plain(file)), "{files:?}");
        assert!(own.len() <= 3, "{files:?}");
        let environment = std::fs::read_to_string(format!("/proc/{pid}/environ")).expect("it runs");
        assert_eq!(environment, "MIMALLOC_ARENA_RESERVE=0\0");
        let limits = std::fs::read_to_string(format!("/proc/{pid}/limits")).expect("it runs");
        for (limit, value) in [
            ("Max address space", "268435456"),
            ("Max open files", "0"),
            ("Max core file size", "0"),
            ("Max file size", "0"),
            ("Max processes", "0"),
        ] {
            let line = limits.lines().find(|line| line.starts_with(limit)).expect("a limit");
            let found = line[limit.len()..].split_whitespace().next();
            assert_eq!(found, Some(value), "{line}");
        }
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        assert!(status.contains("NoNewPrivs:\t1"), "{status}");
        assert!(status.contains("Threads:\t1\n"), "{status}");
    });
}
