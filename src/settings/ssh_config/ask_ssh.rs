//! `ssh -G HOST`: ssh's own reading of its config, Match and Include and all.

use std::{io, path::Path, process::Command, time::Duration};

use super::{Asked, options::Options};
use crate::{
    domain::{
        display::escape,
        error::{Error, ErrorKind, Result},
    },
    settings::child,
};

/// Long enough for a `Match exec` that looks something up; ssh itself would wait for ever.
const LIMIT: Duration = Duration::from_secs(15);

/// What ssh says; `None` where there is no ssh.
pub(super) fn ask(ssh: &Path, asked: &Asked<'_>) -> Result<Option<Options>> {
    let mut command = Command::new(ssh);
    command.args(["-G", "-T"]);
    if let Some(config) = &asked.options.config {
        command.arg("-F").arg(config);
    }
    for identity in &asked.options.identities {
        command.arg("-i").arg(identity);
    }
    if let Some(port) = asked.port {
        command.args(["-p", &port.to_string()]);
    }
    if let Some(user) = asked.site.user() {
        command.args(["-l", user]);
    }
    // `Site::new` let no host through that begins with a dash; nothing behind `--` is an option in any case.
    command.arg("--").arg(asked.site.host());
    let said = match child::run(&mut command, LIMIT) {
        Ok(said) => said,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            let why = format!("ssh -G did not answer within {} s", LIMIT.as_secs());
            return Err(Error::new(ErrorKind::TimedOut, asked.doing(), why).with_source(error));
        }
        Err(error) => return Err(Error::from_io(asked.doing(), error)),
    };
    if !said.status.success() {
        let errors = said.errors.trim_ascii();
        let errors = if errors.is_empty() { b"ssh -G failed" } else { errors };
        let lines: Vec<_> = errors.split(|&byte| byte == b'\n').map(escape_line).collect();
        return Err(asked.failed(lines.join("; ")));
    }
    Ok(Some(Options::from_lines(&String::from_utf8_lossy(&said.output))))
}

fn escape_line(line: &[u8]) -> String {
    escape(line.trim_ascii_end())
}
