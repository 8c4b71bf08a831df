//! Groups: what one says goes to the others of its group; a server that does only that.

use std::collections::BTreeMap;

use convoke_peers::frame;

use crate::Relay;
use crate::client::Client;

#[derive(Default)]
struct Member {
    group: u32,
    out: Vec<u8>,
    dirty: bool,
}

#[derive(Default)]
pub(crate) struct Meetings {
    members: BTreeMap<usize, Member>,
    groups: BTreeMap<u32, Vec<usize>>,
    /// Who has more to say than one read brought.
    speaking: Vec<usize>,
    dirty: Vec<usize>,
    scratch: Vec<u8>,
    said: Vec<u8>,
}

impl Relay for Meetings {
    fn seat(&mut self, token: usize, path: &str) {
        let group = path.rsplit('/').next().and_then(|name| name.parse().ok()).unwrap_or(0);
        self.groups.entry(group).or_default().push(token);
        self.members.insert(token, Member { group, ..Member::default() });
    }

    fn round(&mut self, clients: &mut [Option<Client>], ready: &[usize]) -> bool {
        let mut speaking = std::mem::take(&mut self.speaking);
        speaking.extend(ready);
        for token in speaking {
            let Some(Some(client)) = clients.get_mut(token) else { continue };
            if !self.members.contains_key(&token) {
                continue;
            }
            self.said.clear();
            let more = client.read(&mut self.scratch, |payload| {
                let (header, len) = frame::header(2, payload.len(), false);
                self.said.extend_from_slice(&header[..len]);
                self.said.extend_from_slice(payload);
            });
            if more {
                self.speaking.push(token);
            }
            self.pass_on(token);
        }
        for token in std::mem::take(&mut self.dirty) {
            let (Some(member), Some(Some(client))) =
                (self.members.get_mut(&token), clients.get_mut(token))
            else {
                continue;
            };
            while client.writable && !member.out.is_empty() {
                let taken = client.write([&member.out, &[]]);
                member.out.drain(..taken);
            }
            member.dirty = !member.out.is_empty();
            if member.dirty {
                self.dirty.push(token);
            }
        }
        !self.speaking.is_empty()
    }

    fn forget(&mut self, token: usize) {
        self.members.remove(&token);
        self.groups.values_mut().for_each(|group| group.retain(|known| *known != token));
    }
}

impl Meetings {
    /// Hands what somebody said to the others of the group.
    fn pass_on(&mut self, speaker: usize) {
        let Some(group) = self.members.get(&speaker).map(|member| member.group) else { return };
        if self.said.is_empty() {
            return;
        }
        for other in self.groups.get(&group).into_iter().flatten().filter(|one| **one != speaker) {
            let Some(member) = self.members.get_mut(other) else { continue };
            member.out.extend_from_slice(&self.said);
            if !std::mem::replace(&mut member.dirty, true) {
                self.dirty.push(*other);
            }
        }
    }
}
