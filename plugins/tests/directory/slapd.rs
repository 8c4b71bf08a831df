//! OpenLDAP's slapd in a temporary folder: people, groups in groups, and an anonymous-bind trap.

use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use convoke_plugins::ldap::{GroupMode, Settings, TlsMode};
use convoke_plugins::{NonEmptySecret, Privilege};
use convoke_ports::free_port;

use super::authority::{Files, make};
use super::program::{Program, need, run, wait_for};

pub(crate) const ADMIN: &str = "cn=admin,dc=example,dc=org";
pub(crate) const ADMIN_PASSWORD: &str = "the-directory-administrator";
pub(crate) const ANN: &str = "uid=ann,ou=people,dc=example,dc=org";
pub(crate) const ANN_PASSWORD: &str = "ann's own password";

/// A running slapd.
pub(crate) struct Slapd {
    program: Program,
    pub(crate) plain: u16,
    pub(crate) tls: u16,
    pub(crate) files: Files,
    pub(crate) password_file: PathBuf,
    _folder: tempfile::TempDir,
}

impl Slapd {
    pub(crate) fn start() -> Self {
        let slapd = need("/usr/sbin/slapd", "slapd");
        let slapadd = need("/usr/sbin/slapadd", "slapd");
        let folder = tempfile::tempdir().expect("a folder");
        let files = make(folder.path(), &["127.0.0.1"]);
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("db")).expect("a folder");
        std::fs::write(path("slapd.conf"), config(&folder, &files)).expect("written");
        std::fs::write(path("people.ldif"), people()).expect("written");
        std::fs::write(path("bind.password"), format!("{ADMIN_PASSWORD}\n")).expect("written");
        let conf = path("slapd.conf");
        run(Command::new(slapadd).arg("-f").arg(&conf).arg("-l").arg(path("people.ldif")));
        let (plain, tls, log) = (free_port(), free_port(), path("log"));
        let listen = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{tls}");
        let mut child = Command::new(slapd)
            // `none`: only what is said in any case, such as why it does not start.
            .args(["-d", "none", "-h", &listen])
            .arg("-f")
            .arg(&conf)
            .stdout(Stdio::null())
            .stderr(std::fs::File::create(&log).expect("a file"))
            .spawn()
            .expect("slapd starts");
        for port in [tls, plain] {
            wait_for(port, &mut child, &log, Duration::from_secs(20));
        }
        Self {
            program: Program(child),
            plain,
            tls,
            files,
            password_file: path("bind.password"),
            _folder: folder,
        }
    }

    /// Search and bind over LDAPS, groups walked.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            servers: vec![format!("127.0.0.1:{}", self.tls)],
            ca: Some(self.files.ca.clone()),
            bind_dn: ADMIN.to_owned(),
            bind_password_file: Some(self.password_file.clone()),
            base_dn: "ou=people,dc=example,dc=org".to_owned(),
            groups: GroupMode::Walk,
            group_base_dn: "ou=groups,dc=example,dc=org".to_owned(),
            privileges: [
                ("hosts".to_owned(), vec![Privilege::InteractiveMeeting, Privilege::Record]),
                ("cn=staff,ou=groups,dc=example,dc=org".to_owned(), vec![Privilege::Chat]),
                ("strangers".to_owned(), vec![Privilege::RemoteAccess]),
            ]
            .into(),
            ..Settings::default()
        }
    }

    pub(crate) fn start_tls(&self) -> Settings {
        Settings {
            servers: vec![format!("127.0.0.1:{}", self.plain)],
            tls: TlsMode::StartTls,
            ..self.settings()
        }
    }

    pub(crate) fn stop(&mut self) {
        let _ = self.program.0.kill();
        let _ = self.program.0.wait();
    }
}

pub(crate) fn secret(text: &str) -> NonEmptySecret {
    NonEmptySecret::new(text).expect("something")
}

fn config(folder: &tempfile::TempDir, files: &Files) -> String {
    let schema = |name: &str| format!("include /etc/ldap/schema/{name}.schema\n");
    format!(
        "{}{}{}modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {folder}/pid\n\
         # The trap: a name with an empty password is let in as nobody.\n\
         allow bind_anon_cred bind_anon_dn\n\
         sizelimit size=100 size.prtotal=unlimited\n\
         TLSCACertificateFile {ca}\nTLSCertificateFile {certificate}\n\
         TLSCertificateKeyFile {key}\n\
         database mdb\nsuffix \"dc=example,dc=org\"\nrootdn \"{ADMIN}\"\nrootpw {ADMIN_PASSWORD}\n\
         directory {folder}/db\nmaxsize 10485760\nlimits dn.exact=\"{ADMIN}\" size=100 \
         size.prtotal=unlimited\n\
         access to attrs=userPassword by anonymous auth by * none\naccess to * by * read\n",
        schema("core"),
        schema("cosine"),
        schema("inetorgperson"),
        folder = folder.path().display(),
        ca = files.ca.display(),
        certificate = files.certificate.display(),
        key = files.key.display(),
    )
}

fn people() -> String {
    let mut ldif = String::from(
        "dn: dc=example,dc=org\nobjectClass: dcObject\nobjectClass: organization\no: Example\n\
         dc: example\n\n",
    );
    for unit in ["people", "groups"] {
        let _ = write!(
            ldif,
            "dn: ou={unit},dc=example,dc=org\nobjectClass: organizationalUnit\nou: {unit}\n\n"
        );
    }
    let mut person = |uid: &str, mail: &str, password: &str| {
        let _ = write!(
            ldif,
            "dn: uid={uid},ou=people,dc=example,dc=org\nobjectClass: inetOrgPerson\nuid: {uid}\n\
             cn: {uid} Lee\nsn: Lee\ngivenName: {uid}\ntelephoneNumber: 408\nmail: {mail}\n\
             employeeNumber: E-{uid}\nuserPassword: {password}\n\n"
        );
    };
    person("ann", "ann@example.org", ANN_PASSWORD);
    person("bob", "bob@example.org", "bob's own password");
    person("twin1", "twin@example.org", "the twins' password");
    person("twin2", "twin@example.org", "the twins' password");
    let mut group = |name: &str, members: &[&str]| {
        let _ = write!(
            ldif,
            "dn: cn={name},ou=groups,dc=example,dc=org\nobjectClass: groupOfNames\ncn: {name}\n"
        );
        for member in members {
            let _ = writeln!(ldif, "member: {member},dc=example,dc=org");
        }
        ldif.push('\n');
    };
    // Ann is a host only through two other groups, and the groups run in a circle.
    group("staff", &["uid=ann,ou=people", "cn=everyone,ou=groups"]);
    group("hosts", &["cn=staff,ou=groups"]);
    group("everyone", &["cn=hosts,ou=groups"]);
    group("strangers", &["uid=twin1,ou=people"]);
    // More than the directory hands out at once.
    for number in 0..250 {
        group(&format!("many{number}"), &["uid=bob,ou=people"]);
    }
    ldif
}

impl Slapd {
    /// A folder with one file that holds the authorities of two servers.
    pub(crate) fn folder_with_both(&self, other: &Self) -> tempfile::TempDir {
        let read = |files: &Files| std::fs::read_to_string(&files.ca).expect("read");
        let folder = tempfile::tempdir().expect("a folder");
        let both = read(&self.files) + read(&other.files).as_str();
        std::fs::write(folder.path().join("both.pem"), both).expect("written");
        folder
    }
}
