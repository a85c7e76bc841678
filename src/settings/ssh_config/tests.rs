//! The same config, read by ssh and without it, makes the same login.

use std::{fs, time::Duration};

use super::*;
use crate::domain::site::{Agent, Authentication, Protocol, StrictHostKeys};

const CONFIG: &str = r#"
Host files
    HostName files.example
    Port 2222
    User anna
    IdentityFile "/keys/with space/%h_%r_%p_%n_%%"
    IdentityFile ~/second
    IdentitiesOnly yes
    IdentityAgent /run/agent.%r
    UserKnownHostsFile /known/own /known/second
    GlobalKnownHostsFile /known/all
    StrictHostKeyChecking accept-new
    ConnectTimeout 7
    PreferredAuthentications password,publickey,gssapi-with-mic,keyboard-interactive
    KbdInteractiveAuthentication no
    HostKeyAlias store
    HashKnownHosts yes
Host bare
    IdentityAgent none
    IdentityFile none
    UserKnownHostsFile none
    GlobalKnownHostsFile none
    StrictHostKeyChecking no
    PubkeyAuthentication no
Host jumping
    ProxyJump bo@outer:2200,gate
Host outer
    ProxyJump first
Host gate
    HostName gate.example
    User anna
Host first
    User carl
    Port 2022
Host round about
    User bo
Host round
    ProxyJump about
Host about
    ProxyJump round
Host piped
    ProxyCommand nc %h %p
Host direct
    ProxyJump none
    IdentityAgent $WHARF_TEST_UNSET
"#;

struct Config {
    folder: tempfile::TempDir,
}

impl Config {
    fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("config"), text).unwrap();
        Self { folder }
    }

    /// By ssh, where there is one, and without it.
    fn resolvers(&self, identities: &[&Path], port: Option<u16>) -> Vec<Resolver> {
        let options = SshOptions {
            config: Some(self.folder.path().join("config")),
            identities: identities.iter().map(|path| path.to_path_buf()).collect(),
            port,
        };
        vec![Resolver::new(options.clone()), Resolver { options, ssh: None }]
    }
}

fn site(user: Option<&str>, host: &str, port: Option<u16>) -> Site {
    Site::new(Protocol::Sftp, user, host, port).unwrap()
}

#[test]
fn every_option_arrives() {
    let config = Config::new(CONFIG);
    for resolver in config.resolvers(&[], None) {
        let login = resolver.resolve(&site(None, "files", None)).unwrap();
        assert_eq!((login.host_name.as_str(), login.port), ("files.example", 2222));
        assert_eq!(login.user, "anna");
        let home = tokens::home().unwrap();
        assert_eq!(
            login.identity_files,
            [
                PathBuf::from("/keys/with space/files.example_anna_2222_files_%"),
                home.join("second")
            ]
        );
        assert!(login.identities_only && login.hash_known_hosts);
        assert_eq!(login.agent, Agent::Socket("/run/agent.anna".into()));
        assert_eq!(
            login.known_hosts,
            ["/known/own", "/known/second", "/known/all"].map(PathBuf::from)
        );
        assert_eq!(login.strict_host_keys, StrictHostKeys::AcceptNew);
        assert_eq!(login.connect_timeout, Duration::from_secs(7));
        assert_eq!(login.authentications, [Authentication::Password, Authentication::PublicKey]);
        assert_eq!(login.host_key_alias.as_deref(), Some("store"));
    }
}

#[test]
fn what_is_switched_off_stays_off() {
    let config = Config::new(CONFIG);
    for resolver in config.resolvers(&[], None) {
        let login = resolver.resolve(&site(Some("bo"), "bare", None)).unwrap();
        assert_eq!((login.host_name.as_str(), login.port), ("bare", 22));
        assert_eq!(login.agent, Agent::None);
        assert!(login.identity_files.is_empty(), "{:?}", login.identity_files);
        assert_eq!(login.known_hosts, [PathBuf::from("/dev/null")]);
        assert_eq!(login.strict_host_keys, StrictHostKeys::No);
        assert!(!login.authentications.contains(&Authentication::PublicKey));
        let login = resolver.resolve(&site(Some("bo"), "direct", None)).unwrap();
        assert_eq!(login.agent, Agent::None);
    }
}

#[test]
fn the_place_wins_over_the_command_line_and_that_over_the_config() {
    let config = Config::new(CONFIG);
    let key = config.folder.path().join("own key");
    fs::write(&key, "x").unwrap();
    for resolver in config.resolvers(&[&key], Some(2200)) {
        let login = resolver.resolve(&site(Some("bo"), "files", Some(2020))).unwrap();
        assert_eq!((login.port, login.user.as_str()), (2020, "bo"));
        assert_eq!(login.agent, Agent::Socket("/run/agent.bo".into()));
        assert_eq!(login.identity_files[0], key);
        assert_eq!(login.identity_files.len(), 3);
        assert_eq!(resolver.resolve(&site(None, "files", None)).unwrap().port, 2200);
    }
}

#[test]
fn a_proxy_is_never_gone_round() {
    let config = Config::new(CONFIG);
    for resolver in config.resolvers(&[], None) {
        let error = resolver.resolve(&site(Some("bo"), "piped", None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(
            error.why().contains("ProxyCommand nc %h %p, and Wharf runs no program"),
            "{error}"
        );
        let error = resolver.resolve(&site(Some("bo"), "round", None)).unwrap_err();
        assert!(error.why().contains("does ProxyJump lead back to itself?"), "{error}");
    }
}

#[test]
fn hosts_on_the_way_are_resolved_each_by_itself() {
    let config = Config::new(CONFIG);
    let key = config.folder.path().join("own key");
    fs::write(&key, "x").unwrap();
    for resolver in config.resolvers(&[&key], Some(4444)) {
        let way = |jump| {
            let login = resolver.resolve_through(&site(Some("bo"), "jumping", None), jump).unwrap();
            assert_eq!(login.port, 4444);
            let shown = login.jumps.iter().map(|jump| {
                let login = &jump.login;
                assert!(!login.identity_files.contains(&key), "the goal's key is not for {jump:?}");
                format!("{}@{}:{}", login.user, login.host_name, login.port)
            });
            shown.collect::<Vec<_>>()
        };
        // The first host of the list has a way of its own, the others are reached through it.
        assert_eq!(way(None), ["carl@first:2022", "bo@outer:2200", "anna@gate.example:22"]);
        assert_eq!(way(Some("gate")), ["anna@gate.example:22"]);
        assert_eq!(way(Some("none")), [""; 0]);
    }
}

#[test]
fn what_is_missing_or_broken_is_named() {
    let config = Config::new("Host x\n  ConnectTimeout soon\n");
    for resolver in config.resolvers(&[], None) {
        let error = resolver.resolve(&site(Some("bo"), "x", None)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(
            error.to_string().starts_with("Could not read the ssh config for bo@x: "),
            "{error}"
        );
        assert!(error.why().contains("config"), "{error}");
    }
    for resolver in config.resolvers(&[Path::new("/nowhere/key")], None) {
        let error = resolver.resolve(&site(Some("bo"), "x", None)).unwrap_err();
        assert_eq!(error.why(), "there is no key file /nowhere/key");
    }
    for mut resolver in config.resolvers(&[], None) {
        resolver.options.config = Some("/nowhere/config".into());
        let error = resolver.resolve(&site(Some("bo"), "x", None)).unwrap_err();
        assert!(error.why().contains("/nowhere/config"), "{error}");
    }
}

#[test]
fn without_an_ssh_the_file_is_read() {
    let config = Config::new(CONFIG);
    let mut resolver = config.resolvers(&[], None).remove(0);
    resolver.ssh = Some("/nowhere/ssh".into());
    assert_eq!(resolver.resolve(&site(None, "files", None)).unwrap().host_name, "files.example");
}
