//! Whether a script asks a connection by its name: one that answers would fail without it, and
//! nobody could sign in.

use convoke_model::site::connections::Kind;

/// Whether the text of a script asks such a server, and has its name as a text of its own. A name
/// that is put together of pieces is not found.
#[must_use]
pub fn names_it(text: &str, kind: Kind, name: &str) -> bool {
    let asks = match kind {
        Kind::Callback => "callback.",
        Kind::Http => "http.",
        Kind::Ldap => "ldap.",
        // No script asks these.
        Kind::Bridge | Kind::Mail => return false,
    };
    let code = || text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let quoted = [format!("\"{name}\""), format!("`{name}`")];
    code().any(|line| line.contains(asks))
        && code().any(|line| quoted.iter().any(|quoted| line.contains(quoted)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_where_it_is_asked() {
        let script = "// Asks \"old\".\nconst WHERE = \"corp\";\nfn authenticate(q) {\n  \
                      let a = ldap.bind(WHERE, q.identity);\n  let b = `crm`;\n}\n";
        assert!(names_it(script, Kind::Ldap, "corp"));
        assert!(names_it(script, Kind::Ldap, "crm"));
        assert!(!names_it(script, Kind::Ldap, "old"), "a comment asks nobody");
        assert!(!names_it(script, Kind::Ldap, "cor"));
        assert!(!names_it(script, Kind::Callback, "corp"), "no application server is asked");
        assert!(!names_it(script, Kind::Bridge, "corp"));
    }
}
