//! Where configuration and state live on this system.

use std::{
    fs,
    path::{Path, PathBuf},
};

use directories::ProjectDirs;

use crate::domain::{
    display::escape,
    error::{Error, ErrorKind, Result},
};

/// The directories Wharf may write to, apart from what is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    config: PathBuf,
    state: PathBuf,
}

impl Paths {
    /// Those given, else the system's. Fails only where one is not given and there is no home directory.
    pub fn new(config_dir: Option<PathBuf>, state_dir: Option<PathBuf>) -> Result<Self> {
        let system = ProjectDirs::from("", "", "wharf");
        let choose = |given: Option<PathBuf>, own: fn(&ProjectDirs) -> &Path, option: &str| {
            given.or_else(|| system.as_ref().map(|system| own(system).to_owned())).ok_or_else(
                || {
                    Error::new(
                        ErrorKind::Invalid,
                        "find Wharf's directories",
                        format!("there is no home directory; name one with {option}"),
                    )
                },
            )
        };
        // Only Linux has a place for state; elsewhere it belongs with the local data.
        let own_state = |system: &ProjectDirs| system.state_dir().is_some();
        let state: fn(&ProjectDirs) -> &Path = if system.as_ref().is_some_and(own_state) {
            |system| system.state_dir().unwrap_or_else(|| system.data_local_dir())
        } else {
            ProjectDirs::data_local_dir
        };
        Ok(Self {
            config: choose(config_dir, ProjectDirs::config_dir, "--config-dir")?,
            state: choose(state_dir, state, "--state-dir")?,
        })
    }

    /// Settings a person writes, or has written for them.
    pub fn config_dir(&self) -> &Path {
        &self.config
    }

    /// The journal and the log.
    pub fn state_dir(&self) -> &Path {
        &self.state
    }

    /// Makes both where they are missing, for this user's eyes only.
    pub fn make(&self) -> Result<()> {
        for directory in [&self.config, &self.state] {
            make_private(directory)?;
        }
        Ok(())
    }
}

fn make_private(directory: &Path) -> Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(|error| {
        let shown = escape(directory.as_os_str().as_encoded_bytes());
        Error::from_io(format!("make the directory {shown}"), error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn directories_given_are_taken_and_made_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (config, state) = (folder.path().join("a/config"), folder.path().join("b/state"));
        let paths = Paths::new(Some(config.clone()), Some(state.clone())).unwrap();
        assert_eq!((paths.config_dir(), paths.state_dir()), (&*config, &*state));
        paths.make().unwrap();
        paths.make().unwrap();
        for made in [&config, &state] {
            assert_eq!(fs::metadata(made).unwrap().permissions().mode() & 0o7777, 0o700);
        }
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_told() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let paths = Paths::new(Some(file.path().join("x")), Some("/".into())).unwrap();
        let words = paths.make().unwrap_err().to_string();
        assert!(words.starts_with("Could not make the directory /"), "{words}");
    }
}
