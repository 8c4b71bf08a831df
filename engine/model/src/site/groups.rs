//! Groups: privileges that several accounts have in common.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::GroupId;
use crate::privilege::Privileges;
use crate::refusal::Refusal;
use crate::text::GroupName;

/// Wishes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Make a group.
    Add {
        /// What it is called.
        name: GroupName,
        /// What its accounts may do.
        privileges: Privileges,
    },
    /// Change what it is called.
    Rename {
        /// Which.
        group: GroupId,
        /// To what.
        name: GroupName,
    },
    /// Change what its accounts may do.
    SetPrivileges {
        /// Which.
        group: GroupId,
        /// To what.
        privileges: Privileges,
    },
    /// Take it away; its accounts stay.
    Remove {
        /// Which.
        group: GroupId,
    },
}

/// Facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A group exists.
    Added {
        /// Its number.
        group: GroupId,
        /// What it is called.
        name: GroupName,
        /// What its accounts may do.
        privileges: Privileges,
    },
    /// It is called something else.
    Renamed {
        /// Which.
        group: GroupId,
        /// What it is now.
        name: GroupName,
    },
    /// Its accounts may do something else.
    PrivilegesSet {
        /// Which.
        group: GroupId,
        /// What they could do.
        before: Privileges,
        /// What they can do now.
        privileges: Privileges,
    },
    /// It is gone.
    Removed {
        /// Which.
        group: GroupId,
    },
}

/// A group of accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is called.
    pub name: GroupName,
    /// What its accounts may do.
    pub privileges: Privileges,
}

/// Every group.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    by_id: BTreeMap<GroupId, Group>,
    /// The last number given; numbers are never given again.
    last: GroupId,
}

impl Groups {
    /// A group by its number.
    #[must_use]
    pub fn get(&self, group: GroupId) -> Option<&Group> {
        self.by_id.get(&group)
    }

    /// A group by what it is called, whatever its case.
    #[must_use]
    pub fn by_name(&self, name: &GroupName) -> Option<GroupId> {
        let wanted = name.as_str().to_lowercase();
        let mut found = self.by_id.iter();
        found.find(|(_, group)| group.name.as_str().to_lowercase() == wanted).map(|(id, _)| *id)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (GroupId, &Group)> {
        self.by_id.iter().map(|(id, group)| (*id, group))
    }

    /// The fact that a wish would become; none when nothing would change.
    pub(super) fn decide(&self, command: &Command) -> Result<Option<Event>, Refusal> {
        let found = |group: &GroupId| self.by_id.get(group).ok_or(Refusal::NotFound);
        let free = |name: &GroupName, but: Option<GroupId>| match self.by_name(name) {
            Some(other) if Some(other) != but => Err(Refusal::Taken),
            Some(_) | None => Ok(()),
        };
        Ok(match command {
            Command::Add { name, privileges } => {
                free(name, None)?;
                let group = GroupId(self.last.0 + 1);
                Some(Event::Added { group, name: name.clone(), privileges: *privileges })
            }
            Command::Rename { group, name } => {
                free(name, Some(*group))?;
                let same = found(group)?.name == *name;
                (!same).then(|| Event::Renamed { group: *group, name: name.clone() })
            }
            Command::SetPrivileges { group, privileges } => {
                let before = found(group)?.privileges;
                let (group, privileges) = (*group, *privileges);
                (before != privileges).then_some(Event::PrivilegesSet { group, before, privileges })
            }
            Command::Remove { group } => {
                found(group)?;
                Some(Event::Removed { group: *group })
            }
        })
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match event {
            Event::Added { group, name, privileges } => {
                self.last = *group;
                let added = Group { name: name.clone(), privileges: *privileges };
                self.by_id.insert(*group, added);
            }
            Event::Renamed { group, name } => {
                if let Some(found) = self.by_id.get_mut(group) {
                    found.name = name.clone();
                }
            }
            Event::PrivilegesSet { group, before: _, privileges } => {
                if let Some(found) = self.by_id.get_mut(group) {
                    found.privileges = *privileges;
                }
            }
            Event::Removed { group } => {
                self.by_id.remove(group);
            }
        }
    }
}
