//! What the process may use: as many files as the system allows, and no core dumps, which hold
//! secrets.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Sets the limits and gives how many files may be open.
#[must_use]
pub fn limits() -> u64 {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    if let Err(error) = setrlimit(Resource::Core, none) {
        tracing::warn!(%error, "core dumps could not be switched off");
    }
    let files = getrlimit(Resource::Nofile);
    // Raising the soft limit to the hard one needs no rights.
    let raised = Rlimit { current: files.maximum, maximum: files.maximum };
    let files = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => getrlimit(Resource::Nofile),
        Err(_) => files,
    };
    files.current.unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn core_dumps_are_off_and_files_are_as_many_as_allowed() {
        let files = super::limits();
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
        assert!(files >= 64);
        let core = rustix::process::getrlimit(rustix::process::Resource::Core);
        assert_eq!(core.current, Some(0));
    }
}
