//! The config read without ssh: no `Match`, the rest as ssh would.

use std::{
    fs::File,
    io::{self, BufReader},
    path::PathBuf,
};

use ssh2_config::{HostParams, ParseRule, SshConfig};

use super::{Asked, options::Options, shown, tokens::home};
use crate::domain::{display::escape_text, error::Result};

/// ssh's own defaults (ssh_config(5), IdentityFile), the most likely first.
const DEFAULT_KEYS: [&str; 4] =
    ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa", "~/.ssh/id_ed25519_sk"];

/// What the person's config, or the one named, says; the system's is read behind the person's own.
pub(super) fn read(asked: &Asked<'_>) -> Result<Options> {
    let (files, must_exist): (Vec<PathBuf>, _) = match &asked.options.config {
        Some(config) => (vec![config.clone()], true),
        None => {
            let own = home().map(|home| home.join(".ssh/config"));
            (own.into_iter().chain(["/etc/ssh/ssh_config".into()]).collect(), false)
        }
    };
    let mut options = Options::default();
    for file in files {
        match File::open(&file) {
            Ok(opened) => {
                let rules = ParseRule::ALLOW_UNKNOWN_FIELDS | ParseRule::ALLOW_UNSUPPORTED_FIELDS;
                let config = SshConfig::default()
                    .parse(&mut BufReader::new(opened), rules)
                    .map_err(|error| {
                        let why = escape_text(&error.to_string());
                        asked.failed(format!("{}: {why}", shown(&file)))
                    })?;
                add(&mut options, &config.query(asked.site.host()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound && !must_exist => {}
            Err(error) => {
                let why = escape_text(&error.to_string());
                return Err(asked.failed(format!("{}: {why}", shown(&file))));
            }
        }
    }
    add_defaults(&mut options, asked);
    Ok(options)
}

/// The first value obtained is used (ssh_config(5)), but identity files add up.
fn add(options: &mut Options, params: &HostParams) {
    for (name, values) in &params.unsupported_fields {
        options.set_if_new(name, &values.join(" "));
    }
    for (name, values) in &params.ignored_fields {
        options.set_if_new(name, &values.join(" "));
    }
    let text = |value: Option<String>| value.unwrap_or_default();
    options.set_if_new("hostname", &text(params.host_name.clone()));
    options.set_if_new("user", &text(params.user.clone()));
    options.set_if_new("port", &text(params.port.map(|port| port.to_string())));
    options.set_if_new(
        "connecttimeout",
        &text(params.connect_timeout.map(|limit| limit.as_secs().to_string())),
    );
    options.set_if_new(
        "pubkeyauthentication",
        &text(params.pubkey_authentication.map(|yes| yes.to_string())),
    );
    options.set_if_new("proxyjump", &params.proxy_jump.clone().unwrap_or_default().join(","));
    for identity in params.identity_file.iter().flatten() {
        options.add("identityfile", &identity.to_string_lossy());
    }
}

fn add_defaults(options: &mut Options, asked: &Asked<'_>) {
    let user = asked.site.user().map(str::to_owned);
    let user = user.or_else(|| options.first("user").map(str::to_owned));
    let user = user.or_else(|| std::env::var("USER").or_else(|_| std::env::var("LOGNAME")).ok());
    options.set("user", &user.unwrap_or_default());
    if let Some(port) = asked.port {
        options.set("port", &port.to_string());
    }
    options.set_if_new("hostname", asked.site.host());
    options.set_if_new("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2");
    options
        .set_if_new("globalknownhostsfile", "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2");
    let named = asked.options.identities.iter().map(|path| path.to_string_lossy().into_owned());
    options.put_first("identityfile", named.collect());
    if options.first("identityfile").is_none() {
        for key in DEFAULT_KEYS {
            options.add("identityfile", key);
        }
    }
}
