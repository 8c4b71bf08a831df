//! Samba as an Active Directory domain controller, in a temporary folder and on an address of its
//! own within loopback, since its ports cannot be chosen.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use convoke_plugins::Privilege;
use convoke_plugins::ldap::{GroupMode, Settings};

use super::authority::{Files, make};
use super::program::{Program, need, run};

/// Fills the directory with its own library, which Debian installs for its own Python.
const FILL: &str = r#"
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB

lp = LoadParm()
lp.load(sys.argv[1])
db = SamDB(url=sys.argv[2], session_info=system_session(lp), lp=lp)

def user(name, **more):
    db.newuser(name, "Str0ng-Passw0rd-" + name, givenname=name.title(), surname="Lee",
               mailaddress=name + "@example.org", **more)

def dn(name):
    return db.search(expression=f"(sAMAccountName={name})", attrs=["cn"])[0].dn

def change(which, attribute, value):
    db.modify_ldif(f"dn: {which}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n")

for name in ["svc", "ann", "bob", "disabled", "expired", "locked"]:
    user(name)
user("mustchange", force_password_change_at_next_login_req=True)
db.disable_account("(sAMAccountName=disabled)")
change(dn("expired"), "accountExpires", 1)
change(db.domain_dn(), "lockoutThreshold", 3)
for group in ["Staff", "Hosts", "Everyone", "Strangers"]:
    db.newgroup(group)
db.add_remove_group_members("Staff", ["ann"], add_members_operation=True)
db.add_remove_group_members("Hosts", ["Staff"], add_members_operation=True)
db.add_remove_group_members("Everyone", ["Hosts"], add_members_operation=True)
"#;

/// A running domain controller.
pub(crate) struct Samba {
    _program: Program,
    pub(crate) host: String,
    files: Files,
    folder: tempfile::TempDir,
}

/// Everybody's password.
pub(crate) fn password(name: &str) -> String {
    format!("Str0ng-Passw0rd-{name}")
}

impl Samba {
    pub(crate) fn start() -> Self {
        let packages = "samba samba-ad-dc samba-ad-provision";
        let samba = need("/usr/sbin/samba", packages);
        let tool = need("/usr/bin/samba-tool", packages);
        let python = need("/usr/bin/python3", packages);
        need("/usr/share/samba/setup/provision.ldif", packages);
        let folder = tempfile::tempdir().expect("a folder");
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let host = format!("127.{}.{middle}.{low}", 64 + high % 64);
        let files = make(folder.path(), &[&host]);
        let dc = folder.path().join("dc");
        run(Command::new(tool).args(["domain", "provision", "--realm=CORP.EXAMPLE.ORG"]).args([
            "--domain=CORP",
            "--server-role=dc",
            "--dns-backend=NONE",
            "--host-name=dc1",
            "--host-ip=127.0.0.1",
            "--adminpass=Adm1n-Passw0rd!",
            &format!("--targetdir={}", dc.display()),
        ]));
        let conf = folder.path().join("smb.conf");
        std::fs::write(&conf, config(&dc.display().to_string(), &host, &files)).expect("written");
        let fill = folder.path().join("fill.py");
        std::fs::write(&fill, FILL).expect("written");
        run(Command::new(python).arg(&fill).arg(&conf).arg(dc.join("private/sam.ldb")));
        let secret = folder.path().join("svc.password");
        std::fs::write(secret, password("svc")).expect("written");
        let mut child = Command::new(samba)
            .arg("-s")
            .arg(&conf)
            .args(["--interactive", "-M", "single"])
            // It ends when its standard input does.
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("samba starts");
        let began = Instant::now();
        while std::net::TcpStream::connect((host.as_str(), 636)).is_err() {
            if let Ok(Some(status)) = child.try_wait() {
                panic!("samba ended: {status}; its ports are below 1024, which root may use");
            }
            assert!(began.elapsed() < Duration::from_secs(60), "samba does not listen on {host}");
            std::thread::sleep(Duration::from_millis(50));
        }
        Self { _program: Program(child), host, files, folder }
    }

    /// As an administrator would set Active Directory up.
    pub(crate) fn settings(&self) -> Settings {
        let hosts = "CN=Hosts,CN=Users,DC=corp,DC=example,DC=org".to_owned();
        Settings {
            servers: vec![self.host.clone()],
            ca: Some(self.files.ca.clone()),
            bind_dn: "svc@corp.example.org".to_owned(),
            bind_password_file: Some(self.folder.path().join("svc.password")),
            base_dn: "DC=corp,DC=example,DC=org".to_owned(),
            filter: "(&(objectClass=user)(|(userPrincipalName={name})(sAMAccountName={name})))"
                .to_owned(),
            groups: GroupMode::InChain,
            privileges: [
                (hosts.clone(), vec![Privilege::InteractiveMeeting, Privilege::Record]),
                ("Everyone".to_owned(), vec![Privilege::Chat]),
                ("Strangers".to_owned(), vec![Privilege::RemoteAccess]),
            ]
            .into(),
            administrators: vec![hosts],
            ..Settings::default()
        }
    }
}

fn config(dc: &str, host: &str, files: &Files) -> String {
    let Files { ca, certificate, key } = files;
    let [ca, certificate, key] = [ca, certificate, key].map(|path| path.display());
    format!(
        "[global]\nnetbios name = DC1\nrealm = CORP.EXAMPLE.ORG\nworkgroup = CORP\n\
         server role = active directory domain controller\nserver services = ldap\n\
         interfaces = {host}/8\nbind interfaces only = yes\nprivate dir = {dc}/private\n\
         lock directory = {dc}\nstate directory = {dc}/state\ncache directory = {dc}/cache\n\
         pid directory = {dc}\nncalrpc dir = {dc}/ncalrpc\nlog file = {dc}/log\nlogging = file\n\
         tls enabled = yes\ntls cafile = {ca}\ntls certfile = {certificate}\n\
         tls keyfile = {key}\n"
    )
}
