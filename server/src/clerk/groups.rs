//! Groups at the command line.

use convoke_model::site;
use convoke_model::site::groups::Command;
use convoke_model::{Actor, Refusal};

use super::accounts::{group_name, privileges_of};
use super::{Clerk, Done, GroupCall, of_engine};
use crate::control::EngineError;

impl Clerk {
    pub(super) async fn group(&self, call: GroupCall) -> Done {
        match call {
            GroupCall::List {} => self.list_groups().await,
            GroupCall::Add { name, privileges } => {
                let (shown, name) = (name.trim().to_owned(), group_name(&name)?);
                let privileges = privileges_of(&privileges)?;
                self.put(Command::Add { name, privileges }).await?;
                Ok(format!("Group {shown} added."))
            }
            GroupCall::Set { name, rename, privileges } => {
                let (group, _) = self.group_of(&name).await?;
                let rename = rename.as_deref().map(group_name).transpose()?;
                let privileges = privileges.as_deref().map(privileges_of).transpose()?;
                if let Some(privileges) = privileges {
                    self.put(Command::SetPrivileges { group, privileges }).await?;
                }
                if let Some(name) = rename {
                    self.put(Command::Rename { group, name }).await?;
                }
                Ok(format!("Group {} is changed.", name.trim()))
            }
            GroupCall::Remove { name } => {
                let (group, _) = self.group_of(&name).await?;
                self.put(Command::Remove { group }).await?;
                Ok(format!("Group {} is gone; its accounts stay.", name.trim()))
            }
        }
    }

    async fn put(&self, command: Command) -> Result<(), String> {
        let put = self.engine.wish(Actor::Server, site::Command::Groups(command)).await;
        put.map(drop).map_err(|error| match error {
            EngineError::Refused(Refusal::Taken) => {
                "There is a group of that name already.".to_owned()
            }
            error => of_engine(error),
        })
    }

    async fn list_groups(&self) -> Done {
        let groups = self.engine.groups().await.map_err(of_engine)?;
        if groups.is_empty() {
            return Ok("There are no groups yet.".to_owned());
        }
        let accounts = self.engine.accounts().await.map_err(of_engine)?;
        let line = |(id, group): &(_, convoke_model::site::groups::Group)| {
            let members = accounts.iter().filter(|account| account.groups.contains(id)).count();
            let noun = if members == 1 { "account" } else { "accounts" };
            format!("{}  {members} {noun}  may: {}", group.name.as_str(), group.privileges)
        };
        Ok(groups.iter().map(line).collect::<Vec<_>>().join("\n"))
    }
}
