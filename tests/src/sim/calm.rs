//! Rest: nothing is cut or delayed any more, everybody catches up, and every session ends.

use convoke_model::meeting::{Command, lifecycle};

use super::Check;
use super::process::Key;
use super::world::World;

/// Rounds after which a world that has not come to rest never will.
const ROUNDS_MAX: usize = 400;

impl World {
    pub(crate) fn calm(&mut self) -> Check<()> {
        self.note(format_args!("calm"));
        for client in &mut self.clients {
            client.slow = false;
        }
        self.rest()?;
        self.everybody_agrees()?;
        // A little more happens to people who are all well connected.
        for _ in 0..30 {
            self.steps += 1;
            self.wish(true)?;
        }
        self.rest()?;
        self.everybody_agrees()?;
        self.views_are_the_journal()?;
        self.end()
    }

    fn end(&mut self) -> Check<()> {
        let open = self.open_sessions();
        if let Some(process) = &mut self.process {
            for &key in &open {
                let reason = lifecycle::EndReason::Administrator;
                let close = lifecycle::Command::Close { reason };
                process.submit(key, Command::Lifecycle(close));
            }
        }
        let here: Vec<usize> = self
            .clients
            .iter()
            .filter(|client| client.link.is_some() && client.view.is_some() && !client.over)
            .map(|client| client.index)
            .collect();
        self.rest()?;
        for index in here {
            let client = &self.clients[index];
            let view = client.view.as_ref();
            if view.is_none_or(|view| view.ended.0 == 0 || !view.people.is_empty()) {
                return Err(client.finding("was here at the end and did not hear of it"));
            }
            if !client.over || client.half.unanswered() > 0 {
                return Err(client.finding("was here at the end and waits for an answer"));
            }
        }
        if self.open_sessions().is_empty() {
            return Ok(());
        }
        Err("a session is open after its end".into())
    }

    fn open_sessions(&self) -> Vec<Key> {
        let Some(process) = &self.process else { return Vec::new() };
        let sessions = process.shards.iter().flat_map(convoke_engine::Shard::sessions);
        let open = sessions.filter(|live| live.decided.lifecycle.is_open());
        open.map(|live| (live.meeting, live.number)).collect()
    }

    /// Lets everything run until nothing moves.
    fn rest(&mut self) -> Check<()> {
        for _ in 0..ROUNDS_MAX {
            self.round()?;
            if self.is_at_rest() {
                return Ok(());
            }
        }
        let restless: Vec<String> = self
            .clients
            .iter()
            .filter(|client| !client.over)
            .map(|client| {
                let (at, link) = (client.half.position().seq, client.link);
                format!("client {} at {at}, link {link:?}, {:?}", client.index, client.id)
            })
            .collect();
        Err(format!("the world does not come to rest: {restless:?}, forged {:?}", self.forged))
    }

    fn round(&mut self) -> Check<()> {
        self.now = self.now.plus(20);
        if let Some(process) = &mut self.process {
            process.now = self.now;
        }
        for index in 0..self.clients.len() {
            let client = &self.clients[index];
            if client.link.is_none() && !client.over {
                self.dial(index);
            }
        }
        self.tick();
        while self.net.links.values().any(|link| !link.up.is_empty()) {
            self.server_hears(100)?;
            self.steps += 1;
        }
        for shard in 0..self.setting.shards {
            self.take_turn(shard);
            while !self.waiting[shard].is_empty() {
                self.append()?;
            }
        }
        for shard in 0..self.setting.shards {
            let Some(process) = &mut self.process else { continue };
            for turn in std::mem::take(&mut self.appended[shard]) {
                process.durable(shard, turn);
            }
            process.settle(shard);
        }
        while self.process.as_ref().is_some_and(|process| !process.reads.is_empty()) {
            self.read_log()?;
        }
        let links: Vec<u64> = self.net.links.keys().copied().collect();
        for link in links {
            self.flush(link);
        }
        self.listen()?;
        for index in 0..self.clients.len() {
            self.client_reads(index, 100_000)?;
        }
        self.impostors()
    }

    fn is_at_rest(&self) -> bool {
        let Some(process) = &self.process else { return false };
        let quiet = self.net.links.values().all(|link| link.up.is_empty() && link.down.is_empty());
        let served = self.clients.iter().filter(|client| !client.over).all(|client| {
            let Some((key, ..)) = client.id else { return false };
            let durable = process.live(key).map(|live| live.durable().0.seq);
            let here = client.view.is_some();
            let waits = process.live(key).is_some_and(|live| {
                client.id.is_some_and(|(.., who)| live.view.lobby.contains_key(&who))
            });
            client.link.is_some()
                && (waits || here && durable == Some(client.half.position().seq))
                && client.half.unanswered() == 0
        });
        quiet && served && process.is_idle() && self.forged.is_empty()
    }

    fn everybody_agrees(&mut self) -> Check<()> {
        for index in 0..self.clients.len() {
            if !self.clients[index].over {
                self.compare(index)?;
            }
        }
        Ok(())
    }
}
