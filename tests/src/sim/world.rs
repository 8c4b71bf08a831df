//! The world: one process after the other over one journal, the links to it, and the people at
//! their other ends.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write;
use std::sync::mpsc::{Receiver, Sender, channel};

use convoke_engine::policies::{Builtin, Recorded};
use convoke_engine::{Answer, Ask, Batch, Call, Limits, ReplyTo, TurnId, Wish};
use convoke_journal::{Journal, Memory};
use convoke_model::grant::Role;
use convoke_model::meeting::life::Creation;
use convoke_model::meeting::lifecycle::MeetingType;
use convoke_model::policy::{Credential, Question, record};
use convoke_model::site::{self, accounts};
use convoke_model::text::{Name, Topic};
use convoke_model::{AccountId, Actor, MeetingId, Millis, Refusal, StreamId};
use convoke_wire::half::server;

use super::client::{Client, Heard};
use super::net::Net;
use super::oracle::Oracle;
use super::process::{Admission, Process, Setting};
use super::rng::Rng;
use super::tap::Ear;
use super::{Check, Ran, Sabotage};

/// An answer to somebody who is not a client.
pub(crate) type Told = (StreamId, Result<Answer, Refusal>);

/// Everything there is.
pub(crate) struct World {
    pub(crate) rng: Rng,
    pub(crate) now: Millis,
    pub(crate) setting: Setting,
    pub(crate) sabotage: Option<Sabotage>,
    pub(crate) net: Net,
    pub(crate) journal: Memory,
    pub(crate) oracle: Oracle,
    pub(crate) process: Option<Process>,
    /// Batches that the committer has not appended, and turns it has, for each shard.
    pub(crate) waiting: Vec<VecDeque<Batch>>,
    pub(crate) appended: Vec<VecDeque<TurnId>>,
    pub(crate) meetings: Vec<MeetingId>,
    pub(crate) clients: Vec<Client>,
    pub(crate) ears: BTreeMap<u64, Ear>,
    /// Links of those who come back with a forged past.
    pub(crate) forged: Vec<u64>,
    /// Requests that were sent twice over one link.
    pub(crate) doubled: Vec<(usize, u64)>,
    pub(crate) long: bool,
    pub(crate) crash_percent: usize,
    pub(crate) steps: usize,
    pub(crate) counts: BTreeMap<&'static str, usize>,
    tickets: u64,
    clients_max: usize,
    lines: String,
    told: (Sender<Told>, Receiver<Told>),
}

impl World {
    pub(crate) fn new(seed: u64, sabotage: Option<Sabotage>) -> Check<Self> {
        let mut rng = Rng::new(seed);
        let shards = rng.between(1, 2);
        let limits = Limits {
            turn_asks_max: rng.between(1, 12),
            turn_bytes_max: rng.between(1, 64) * 1024,
            turns_in_flight_max: rng.between(1, 3),
            facts_lane_bytes: 1,
            hosts_lane_bytes: 1,
            video_lane_bytes: 1,
            audio_lane_bytes: 1,
            recent_facts_max: rng.between(2, 200),
            ..Limits::DEFAULT
        };
        let hasty = rng.chance(80);
        let half = server::Limits {
            requests_per_second: if hasty { 1000 } else { 20 },
            requests_burst: if hasty { 1000 } else { 64 },
        };
        let participants_max = u32::try_from(rng.between(2, 12)).unwrap_or(2);
        let setting = Setting { shards, limits, half, participants_max };
        let now = Millis(1_785_000_000_000);
        let journal = Memory::new();
        let oracle = Oracle::new(journal.reader());
        let process = Process::start(setting, sabotage, journal.reader(), now)?;
        let first = MeetingId::FIRST + 88_000;
        let count = u32::try_from(rng.between(1, 3)).unwrap_or(1);
        let meetings = (0..count).filter_map(|index| MeetingId::new(first + index)).collect();
        Ok(Self {
            now,
            setting,
            sabotage,
            net: Net::default(),
            journal,
            oracle,
            process: Some(process),
            waiting: (0..shards).map(|_| VecDeque::new()).collect(),
            appended: (0..shards).map(|_| VecDeque::new()).collect(),
            meetings,
            clients: Vec::new(),
            ears: BTreeMap::new(),
            forged: Vec::new(),
            doubled: Vec::new(),
            long: rng.chance(35),
            crash_percent: rng.pick(&[0, 20, 60]).unwrap_or(20),
            steps: 0,
            counts: BTreeMap::new(),
            tickets: 0,
            clients_max: rng.between(3, 24),
            lines: String::new(),
            told: channel(),
            rng,
        })
    }

    /// Lives through chaos, comes to rest, and is judged.
    pub(crate) fn live(&mut self) -> Check<()> {
        for _ in 0..6 {
            self.control();
        }
        let steps = self.rng.between(400, 2500);
        for _ in 0..steps {
            self.steps += 1;
            self.step()?;
            self.listen()?;
        }
        self.calm()?;
        self.audit()
    }

    pub(crate) fn note(&mut self, what: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.lines, "{:5} {} {what}", self.steps, self.now);
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    pub(crate) fn trace(&self) -> String {
        self.lines.clone()
    }

    pub(crate) fn ran(&mut self) -> Ran {
        let facts = self.oracle.facts();
        let streams: Vec<String> = self
            .oracle
            .streams()
            .filter_map(|(stream, kept)| kept.last().map(|last| (stream, last)))
            .map(|(stream, last)| {
                let hash: String = last.hash.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("{stream} #{} {hash}", last.header.seq)
            })
            .collect();
        for stream in streams {
            self.note(format_args!("{stream}"));
        }
        let crashes = self.counts.get("crashes").copied().unwrap_or(0);
        let counts = self.counts.clone();
        Ran { trace: self.trace(), steps: self.steps, facts, crashes, counts }
    }

    /// A new client with a ticket, if a session is open.
    pub(crate) fn invite(&mut self) {
        let Some(meeting) = self.rng.pick(&self.meetings) else { return };
        let Some(process) = &mut self.process else { return };
        if self.clients.len() >= self.clients_max {
            return;
        }
        if process.directory.meeting(meeting).is_none_or(|info| info.open.is_none()) {
            return;
        }
        let index = self.clients.len();
        self.tickets += 1;
        let (role, credential) = match self.rng.below(10) {
            0..=2 => (Role::Host, Credential::Owner),
            3 => (Role::Viewer, Credential::Password),
            4 | 5 => (Role::Attendee, Credential::Nothing),
            _ => (Role::Attendee, Credential::Password),
        };
        let ticket = format!("ticket {}", self.tickets);
        let name = Name::new(&format!("Person {index}")).expect("a name");
        let admission = Admission {
            meeting,
            role,
            account: (role == Role::Host).then_some(AccountId(1)),
            credential,
            family: if self.rng.chance(70) { index as u64 + 1 } else { 0 },
            name,
            number: self.tickets,
        };
        process.tickets.insert(ticket.clone(), admission);
        let slow = self.rng.chance(25);
        self.clients.push(Client::new(index, role, ticket, slow));
        self.note(format_args!("client {index} is invited to {meeting} as {}", role.word()));
    }

    /// A client dials in, with its ticket or to resume.
    pub(crate) fn dial(&mut self, index: usize) {
        let Some(process) = &mut self.process else { return };
        let client = &mut self.clients[index];
        if client.over {
            return;
        }
        let capacity = if client.slow { 3000 } else { self.rng.between(8, 256) * 1024 };
        let link = self.net.connect(capacity);
        if let Some(before) = client.link.replace(link) {
            self.net.links.entry(before).and_modify(|link| link.client_open = false);
        }
        client.welcomed = false;
        process.accept(link);
        let hello = client.half.hello();
        self.net.links.entry(link).and_modify(|link| link.up.push_back(hello));
        self.ears.insert(link, Ear { role: client.role, at: None });
        let seq = client.half.position().seq;
        self.note(format_args!("client {index} dials link {link}, holds {seq}"));
    }

    /// The control plane asks for a meeting, a session or an account.
    pub(crate) fn control(&mut self) {
        let Some(meeting) = self.rng.pick(&self.meetings) else { return };
        let (by, wish, stream) = match self.rng.below(8) {
            0 => {
                let email = accounts::Email::new(&format!("p{}@example.org", self.rng.below(9)));
                let command = accounts::Command::Add {
                    email: email.expect("an address"),
                    name: Name::new("Somebody").expect("a name"),
                    administrator: false,
                    first: false,
                };
                let command = site::Command::Accounts(command);
                (Actor::Server, Wish::Site(command), StreamId::SITE)
            }
            1 | 2 => {
                let creation = Creation {
                    meeting,
                    owner: AccountId(1),
                    kind: MeetingType::Interactive,
                    topic: Topic::new("A simulated meeting").expect("a topic"),
                    has_password: true,
                    plan: None,
                };
                (AccountId(1).into(), Wish::Create(Box::new(creation)), StreamId::meeting(meeting))
            }
            _ => {
                let host = AccountId(if self.rng.chance(95) { 1 } else { 2 });
                let policies = Recorded::new(Builtin, || std::time::Duration::ZERO);
                let open = Wish::Open {
                    meeting,
                    host,
                    participants_max: self.setting.participants_max,
                    record: Box::new(
                        policies
                            .decide(Question::Record(record::Question { meeting, around: None })),
                    ),
                };
                // Its session is known with the answer.
                (host.into(), open, StreamId { meeting: meeting.number(), session: u32::MAX })
            }
        };
        let to = self.told.0.clone();
        let call = Call::new(move |answer| {
            let _ = to.send((stream, answer));
        });
        let ask = Ask { reply: ReplyTo::Call(call), by, request: None, wish };
        let Some(process) = &mut self.process else { return };
        if stream == StreamId::SITE {
            process.shards[0].submit(ask);
        } else {
            process.shard(meeting).submit(ask);
        }
        self.note(format_args!("the control plane asks about {stream}"));
    }

    /// Holds everything that left the process in this step against the journal.
    pub(crate) fn listen(&mut self) -> Check<()> {
        for (link, wire) in &mut self.net.links {
            let Some(ear) = self.ears.get_mut(link) else { continue };
            let fresh = wire.down.iter_mut().rev().take_while(|(heard, _)| !heard);
            let fresh = fresh.count();
            let known = wire.down.len() - fresh;
            for (heard, bytes) in wire.down.iter_mut().skip(known) {
                ear.hear(bytes, &self.oracle).map_err(|what| format!("link {link}: {what}"))?;
                *heard = true;
            }
        }
        while let Ok((mut stream, answer)) = self.told.1.try_recv() {
            let Ok(answer) = answer else { continue };
            if stream.session == u32::MAX {
                stream.session = answer.made;
            }
            if self.oracle.hash(stream, answer.position.seq) != Some(answer.hash) {
                return Err(format!("the answer about {stream} is not what the journal holds"));
            }
            self.count("answers to the control plane");
        }
        // Links that nobody uses any more.
        self.net.links.retain(|_, link| link.client_open || link.server_open);
        Ok(())
    }

    /// A client reads up to `messages`.
    pub(crate) fn client_reads(&mut self, index: usize, messages: usize) -> Check<()> {
        for _ in 0..messages {
            let client = &mut self.clients[index];
            let Some(link) = client.link else { return Ok(()) };
            let Some(wire) = self.net.get(link) else {
                client.link = None;
                return Ok(());
            };
            let Some(message) = wire.read() else {
                if !wire.server_open {
                    wire.client_open = false;
                    client.link = None;
                    self.note(format_args!("client {index} finds link {link} lost"));
                }
                return Ok(());
            };
            match client.receive(&message, &self.oracle)? {
                Heard::Nothing => {}
                Heard::Welcomed => {
                    client.welcomed = true;
                    let again = client.half.repeat();
                    let repeated = again.len();
                    wire.up.extend(again);
                    if repeated > 0 {
                        self.count("requests repeated");
                    }
                    self.note(format_args!("client {index} is welcomed, repeats {repeated}"));
                }
                Heard::Bye(code) => self.bye(index, link, code)?,
            }
        }
        Ok(())
    }

    fn bye(&mut self, index: usize, link: u64, code: u16) -> Check<()> {
        self.note(format_args!("client {index} is told {code} on link {link}"));
        let client = &mut self.clients[index];
        client.link = None;
        self.net.links.entry(link).and_modify(|link| link.client_open = false);
        match code {
            // Slow, replaced, or the server goes: it may come back.
            4430 | 4409 | 1001 => Ok(()),
            // Left, removed, ended, refused, given up, or the ticket was lost with the process.
            1000 | 4401 | 4403 | 4404 | 4408 | 4410 => {
                client.over = true;
                Ok(())
            }
            _ => Err(client.finding(&format!("is honest and is told {code}"))),
        }
    }

    /// Whether a client that has everything sees what the live view shows.
    pub(crate) fn compare(&mut self, index: usize) -> Check<()> {
        let client = &self.clients[index];
        let (Some((key, ..)), Some(process)) = (client.id, &self.process) else { return Ok(()) };
        let Some(live) = process.live(key) else { return Ok(()) };
        if client.view.is_some() && client.half.position().seq == live.durable().0.seq {
            client.agrees(&live.view)?;
            self.count("folds compared");
        }
        Ok(())
    }
}
