//! What a saved site says of logging in, laid over what the ssh config says.

use std::path::PathBuf;

use crate::domain::{
    saved::LoginWay,
    site::{Agent, Authentication, SshLogin},
};

/// The login with the site's way to log in. The server's own prompts are answered either way: many ask them as a
/// second factor.
pub fn apply(way: &LoginWay, mut login: SshLogin) -> SshLogin {
    let without = |login: &mut SshLogin, left_out: Authentication| {
        login.authentications.retain(|way| *way != left_out);
    };
    match way {
        LoginWay::Auto => {}
        LoginWay::Agent => {
            login.identity_files.clear();
            login.identities_only = false;
            if login.agent == Agent::None {
                login.agent = Agent::Environment;
            }
            without(&mut login, Authentication::Password);
        }
        LoginWay::Key(file) => {
            login.identity_files = vec![expand(file)];
            login.identities_only = true;
            without(&mut login, Authentication::Password);
        }
        LoginWay::Password | LoginWay::Ask | LoginWay::Command(_) => {
            without(&mut login, Authentication::PublicKey);
        }
    }
    login
}

fn expand(file: &str) -> PathBuf {
    let home = || directories::BaseDirs::new().map(|own| own.home_dir().to_owned());
    match file.strip_prefix("~/") {
        Some(rest) => home().map_or_else(|| file.into(), |home| home.join(rest)),
        None => file.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::domain::site::StrictHostKeys;

    fn login() -> SshLogin {
        SshLogin {
            host_name: "files.example".to_owned(),
            port: 22,
            user: "anna".to_owned(),
            identity_files: vec!["/k/one".into(), "/k/two".into()],
            identities_only: false,
            agent: Agent::Environment,
            known_hosts: Vec::new(),
            hash_known_hosts: false,
            host_key_alias: None,
            strict_host_keys: StrictHostKeys::Ask,
            connect_timeout: Duration::from_secs(1),
            authentications: vec![
                Authentication::PublicKey,
                Authentication::KeyboardInteractive,
                Authentication::Password,
            ],
            jumps: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_the_only_key() {
        let login = apply(&LoginWay::Key("/k/mine".to_owned()), login());
        assert_eq!(login.identity_files, [PathBuf::from("/k/mine")]);
        assert!(login.identities_only);
        assert!(!login.authentications.contains(&Authentication::Password));
    }

    #[test]
    fn a_password_is_asked_before_any_key_is_tried() {
        for way in [LoginWay::Password, LoginWay::Ask, LoginWay::Command("x".to_owned())] {
            let ways = apply(&way, login()).authentications;
            assert_eq!(ways, [Authentication::KeyboardInteractive, Authentication::Password]);
        }
    }

    #[test]
    fn an_agent_is_asked_without_files() {
        let login = apply(&LoginWay::Agent, SshLogin { agent: Agent::None, ..login() });
        assert_eq!((login.agent, login.identity_files.len()), (Agent::Environment, 0));
        assert_eq!(apply(&LoginWay::Auto, super::tests::login()).identity_files.len(), 2);
    }
}
