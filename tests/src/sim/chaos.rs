//! One step of the world: whatever chance lets happen next.

use convoke_journal::Journal;
use convoke_model::grant::Role;
use convoke_model::meeting::{Command, chat};
use convoke_model::{Position, TrackId};
use convoke_wire::media::{self, MediaHeader};
use convoke_wire::message::{self, ClientMessage, Hello, Resume, ServerMessage};

use super::door::secret;
use super::flush::Flushed;
use super::process::Process;
use super::tap::Ear;
use super::world::World;
use super::{Check, Sabotage, wishes};

impl World {
    pub(crate) fn step(&mut self) -> Check<()> {
        // The clock of a machine may be set back; it jumps when the machine was busy.
        self.now = match self.rng.below(200) {
            0 => convoke_model::Millis(self.now.0 - self.rng.next() % 500),
            1 => self.now.plus(self.rng.next() % 40_000),
            2 if self.rng.chance(20) => self.now.plus(self.rng.next() % 400_000),
            _ => self.now.plus(self.rng.next() % 30),
        };
        if let Some(process) = &mut self.process {
            process.now = self.now;
        }
        match self.rng.below(1000) {
            0..=229 => self.wish(false)?,
            230..=359 => self.server_hears(3)?,
            360..=489 => self.somebody_reads()?,
            490..=599 => self.turn(),
            600..=699 => self.append()?,
            700..=799 => self.settle(),
            800..=859 => self.flush_some(),
            860..=879 => self.read_log()?,
            880..=909 => self.redial(),
            910..=939 => self.invite(),
            940..=947 => self.cut(),
            948..=955 => self.tick(),
            956..=964 => self.control(),
            965..=984 => self.media(),
            985..=987 => self.confirm(),
            988 | 989 if self.long => self.pour(),
            990..=993 => self.forge(),
            994..=996 => self.impostors()?,
            _ if self.rng.chance(self.crash_percent) => self.crash()?,
            _ => self.views_are_the_journal()?,
        }
        Ok(())
    }

    /// A client wishes something.
    pub(crate) fn wish(&mut self, gentle: bool) -> Check<()> {
        if self.clients.is_empty() {
            self.control();
            self.invite();
            return Ok(());
        }
        let able = self.clients.iter().filter(|client| {
            client.view.is_some() && client.link.is_some() && client.half.unanswered() < 15
        });
        let able: Vec<usize> = able.map(|client| client.index).collect();
        let Some(index) = self.rng.pick(&able) else { return Ok(()) };
        let client = &mut self.clients[index];
        let Some(wire) = client.link.and_then(|link| self.net.links.get_mut(&link)) else {
            return Ok(());
        };
        let command = wishes::draw(client, &mut self.rng, self.long, gentle);
        let (n, bytes) = client.request(command);
        // What is wished before the welcome is sent with the repeated ones.
        if client.welcomed {
            if self.rng.chance(8) {
                wire.up.push_back(bytes.clone());
                self.doubled.push((index, n));
            }
            wire.up.push_back(bytes);
        }
        let command = format!("{:?}", client.asked[&n].command);
        let short: String = command.chars().take(70).collect();
        self.note(format_args!("client {index} asks {n}: {short}"));
        Ok(())
    }

    /// Somebody says so much at once that slow readers fall out of the lanes.
    fn pour(&mut self) {
        let able = self.clients.iter_mut().filter(|client| {
            client.welcomed && client.view.is_some() && client.half.unanswered() < 15
        });
        let mut able: Vec<_> = able.collect();
        let index = self.rng.below(able.len());
        let Some(client) = able.get_mut(index) else { return };
        let Some(wire) = client.link.and_then(|link| self.net.links.get_mut(&link)) else {
            return;
        };
        let to = if self.rng.chance(80) { chat::To::Everyone } else { chat::To::Hosts };
        for _ in 0..12 {
            client.counted += 1;
            let text = wishes::text(client, &mut self.rng, true);
            wire.up.push_back(client.request(Command::Chat(chat::Command::Say { to, text })).1);
        }
        let index = client.index;
        self.note(format_args!("client {index} says very much"));
    }

    /// The server reads what came on one link.
    pub(crate) fn server_hears(&mut self, messages: usize) -> Check<()> {
        let waiting = self.net.links.iter().filter(|(_, link)| !link.up.is_empty());
        let waiting: Vec<u64> = waiting.map(|(&link, _)| link).collect();
        let Some(link) = self.rng.pick(&waiting) else { return Ok(()) };
        let Some(process) = &mut self.process else { return Ok(()) };
        for _ in 0..messages {
            let Some(bytes) = self.net.get(link).and_then(|wire| wire.up.pop_front()) else {
                break;
            };
            process.hear(link, bytes)?;
        }
        self.note(format_args!("the server hears link {link}"));
        Ok(())
    }

    fn somebody_reads(&mut self) -> Check<()> {
        if self.clients.is_empty() {
            return Ok(());
        }
        let ready = self.clients.iter().filter(|client| client.link.is_some());
        let ready: Vec<usize> = ready.map(|client| client.index).collect();
        let Some(index) = self.rng.pick(&ready) else { return Ok(()) };
        let slow = self.clients[index].slow;
        if slow && self.rng.chance(80) {
            return Ok(());
        }
        let messages = if slow { 1 } else { self.rng.between(1, 40) };
        self.client_reads(index, messages)?;
        if self.rng.chance(40) { self.compare(index) } else { Ok(()) }
    }

    fn turn(&mut self) {
        let shard = self.rng.below(self.setting.shards);
        self.take_turn(shard);
    }

    pub(crate) fn take_turn(&mut self, shard: usize) {
        let Some(process) = &mut self.process else { return };
        if let Some(batch) = process.turn(shard) {
            let (turn, bytes) = (batch.turn, batch.bytes.len());
            self.waiting[shard].push_back(batch);
            self.note(format_args!("shard {shard} takes turn {turn}, {bytes} bytes"));
        }
    }

    /// The committer appends one batch, or several as one group.
    pub(crate) fn append(&mut self) -> Check<()> {
        let mut group = Vec::new();
        let shards = self.setting.shards;
        let first = self.rng.below(shards);
        for at in 0..self.rng.between(1, 3) {
            let shard = (first + at) % shards;
            if let Some(batch) = self.waiting[shard].pop_front() {
                group.push((shard, batch));
            }
        }
        if group.is_empty() {
            return Ok(());
        }
        if self.sabotage == Some(Sabotage::AlteredEntry) && self.steps > 100 {
            // The time of the first entry, by a millisecond.
            group[0].1.bytes[32] ^= 1;
        }
        let lost = self.sabotage == Some(Sabotage::LostAppend) && self.steps > 100;
        if !lost {
            let parts: Vec<&[u8]> = group.iter().map(|(_, batch)| &batch.bytes[..]).collect();
            self.journal.append(&parts).map_err(|error| error.to_string())?;
        }
        self.note(format_args!("the committer appends {} turns", group.len()));
        for (shard, batch) in group {
            self.appended[shard].push_back(batch.turn);
        }
        self.oracle.follow()
    }

    fn settle(&mut self) {
        let shard = self.rng.below(self.setting.shards);
        if self.rng.chance(80)
            && let Some(turn) = self.appended[shard].pop_front()
            && let Some(process) = &mut self.process
        {
            process.durable(shard, turn);
        }
        if let Some(process) = &mut self.process {
            process.settle(shard);
        }
    }

    fn flush_some(&mut self) {
        let links: Vec<u64> = self.net.links.keys().copied().collect();
        let all = self.rng.chance(50);
        let one = self.rng.pick(&links);
        for link in links.iter().filter(|link| all || Some(**link) == one) {
            self.flush(*link);
        }
    }

    pub(crate) fn flush(&mut self, link: u64) {
        let Some(process) = &mut self.process else { return };
        if process.flush(link, &mut self.net) == Some(Flushed::Overrun) {
            self.count("readers overrun");
            self.note(format_args!("link {link} has fallen behind"));
        }
    }

    pub(crate) fn read_log(&mut self) -> Check<()> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let bytes_max = self.rng.between(1, 40) * 500;
        if let Some(link) = process.read_log(bytes_max)? {
            self.count("stretches of the log read");
            self.note(format_args!("the log is read for link {link}"));
        }
        Ok(())
    }

    fn redial(&mut self) {
        let lost = self.clients.iter().filter(|client| client.link.is_none() && !client.over);
        let lost: Vec<usize> = lost.map(|client| client.index).collect();
        let again = self.rng.chance(5) && !self.clients.is_empty();
        let anyone = if again { Some(self.rng.below(self.clients.len())) } else { None };
        if let Some(index) = anyone.or_else(|| self.rng.pick(&lost)) {
            self.dial(index);
        }
    }

    fn cut(&mut self) {
        let links: Vec<u64> = self.net.links.keys().copied().collect();
        let Some(link) = self.rng.pick(&links) else { return };
        let deaf = self.rng.chance(50);
        if let Some(wire) = self.net.get(link) {
            wire.client_open = false;
            if deaf {
                // What was under way is lost as well.
                wire.up.clear();
            }
        }
        for client in &mut self.clients {
            if client.link == Some(link) {
                client.link = None;
            }
        }
        self.count("links cut");
        self.note(format_args!("link {link} is cut"));
    }

    pub(crate) fn tick(&mut self) {
        let Some(process) = &mut self.process else { return };
        process.notice(&self.net);
        for (link, wire) in &mut self.net.links {
            wire.server_open &= process.connections.contains_key(link);
        }
        process.tick();
    }

    /// Somebody who shares something sends a part of it.
    fn media(&mut self) {
        if self.clients.is_empty() {
            return;
        }
        let index = self.rng.below(self.clients.len());
        let client = &mut self.clients[index];
        let Some(view) = &client.view else { return };
        let Some(wire) = client.link.and_then(|link| self.net.links.get_mut(&link)) else {
            return;
        };
        let tracks: Vec<(TrackId, u32)> =
            view.tracks.iter().map(|(&id, track)| (id, track.generation)).collect();
        let Some((track, generation)) = self.rng.pick(&tracks) else { return };
        client.counted += 1;
        let key = if self.rng.chance(20) { media::FLAG_KEY } else { 0 };
        let header = MediaHeader {
            flags: key | media::FLAG_FIRST | media::FLAG_LAST,
            part: 0,
            track,
            generation,
            frame: client.counted,
            captured_us: 0,
            arrived: convoke_model::Millis(0),
            fact_seq: 0,
        };
        let mut message = header.to_bytes().to_vec();
        message.resize(message.len() + self.rng.between(1, 9000), 0xab);
        wire.up.push_back(message);
        self.count("media sent");
    }

    fn confirm(&mut self) {
        for client in &self.clients {
            if client.view.is_some()
                && let Some(wire) = client.link.and_then(|link| self.net.links.get_mut(&link))
            {
                wire.up.push_back(client.half.confirm(0));
            }
        }
    }

    /// Somebody comes in a client's name with a past that the log does not have.
    fn forge(&mut self) {
        if self.clients.is_empty() {
            return;
        }
        let index = self.rng.below(self.clients.len());
        let client = &self.clients[index];
        let Some((key, id, _)) = client.id else { return };
        let Position { epoch, seq } = client.half.position();
        let Some(process) = self.process.as_mut().filter(|_| seq > 0) else { return };
        let mut hash = client.half.hash().to_vec();
        let mut position = Position { epoch, seq };
        match self.rng.below(3) {
            0 => hash[self.rng.below(32)] ^= 1,
            1 => position.seq += 100_000,
            _ if seq > 1 => position.seq -= 1,
            _ => hash[0] ^= 0x80,
        }
        let hello = ClientMessage::Hello(Hello {
            versions: vec![1],
            ticket: None,
            resume: Some(Resume {
                meeting: key.0.number(),
                session: key.1.0,
                client: id,
                secret: secret(key, id),
                position: Some(position),
                hash: Some(hash),
            }),
            agent: "impostor".into(),
        });
        let link = self.net.connect(1 << 20);
        process.accept(link);
        self.net.links.entry(link).and_modify(|l| l.up.push_back(message::to_bytes(&hello)));
        self.ears.insert(link, Ear { role: Role::Viewer, at: None });
        self.ears.remove(&link);
        self.forged.push(link);
        self.note(format_args!("link {link} forges the past of client {index}"));
    }

    /// Whoever came with a forged past is found out, unless there is nothing to come back to.
    pub(crate) fn impostors(&mut self) -> Check<()> {
        for link in self.forged.clone() {
            let Some(wire) = self.net.get(link) else { continue };
            while let Some(bytes) = wire.read() {
                match message::from_bytes::<ServerMessage>(&bytes) {
                    Some(ServerMessage::Bye { code: 4440, .. }) => {
                        wire.client_open = false;
                        *self.counts.entry("forgeries found").or_default() += 1;
                        break;
                    }
                    Some(ServerMessage::Bye { code: 4409 | 4410 | 4404 | 4408 | 1000, .. }) => {
                        wire.client_open = false;
                        break;
                    }
                    Some(ServerMessage::Bye { code, .. }) => {
                        return Err(format!("forged link {link} is told {code}"));
                    }
                    Some(ServerMessage::Snapshot(_)) => {
                        return Err(format!("forged link {link} gets a snapshot"));
                    }
                    _ => {}
                }
            }
            if !wire.server_open {
                wire.client_open = false;
            }
        }
        let links = &self.net.links;
        self.forged.retain(|link| links.get(link).is_some_and(|link| link.client_open));
        Ok(())
    }

    /// The process is gone, with everything that was not appended. Another one takes over.
    pub(crate) fn crash(&mut self) -> Check<()> {
        self.count("crashes");
        if self.rng.chance(50) {
            // What the committer was at is in the journal, but nobody was told.
            self.append()?;
        }
        let lost: usize = self.waiting.iter().map(std::collections::VecDeque::len).sum();
        self.note(format_args!("the process crashes; {lost} turns are lost"));
        let last = self.waiting.iter().find_map(|batches| batches.front().map(|b| b.bytes.clone()));
        self.process = None;
        self.waiting.iter_mut().for_each(std::collections::VecDeque::clear);
        self.appended.iter_mut().for_each(std::collections::VecDeque::clear);
        for wire in self.net.links.values_mut() {
            wire.server_open = false;
            wire.up.clear();
        }
        let successor = self.journal.take_over();
        if let Some(bytes) = last
            && self.journal.append(&[&bytes]).is_ok()
        {
            return Err("the journal takes entries of a writer that was replaced".into());
        }
        self.journal = successor;
        let reader = self.journal.reader();
        let process = Process::start(self.setting, self.sabotage, reader, self.now)?;
        self.process = Some(process);
        self.views_are_the_journal()
    }
}
