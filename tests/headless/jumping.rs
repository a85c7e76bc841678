//! Copies through another host, as a script makes them: the way is the ssh config's, or the saved site's.

use std::fs;

use super::run;
use crate::servers::{
    client::{Client, HOST},
    sshd::Sshd,
};

/// The goal's client, which knows the other host as `gate`.
fn client(goal: &Sshd, gate: &Sshd) -> Client {
    let client = goal.client().known().write();
    client.add_host("gate", gate);
    client.add_known(gate);
    client
}

#[test]
fn a_saved_site_is_reached_through_its_own_hosts_and_back() {
    let (Some(goal), Some(gate)) = (Sshd::options().start(), Sshd::options().start()) else {
        return;
    };
    let client = client(&goal, &gate);
    let site = format!("[[site]]\nname = \"far\"\nhost = \"{HOST}\"\njump = \"gate\"\n");
    fs::write(client.config_dir().join("sites.toml"), site).unwrap();
    let here = tempfile::tempdir().unwrap();
    // More than any window or buffer on the way holds.
    let bytes: Vec<u8> = (0..24u32 << 20).map(|number| (number % 251) as u8).collect();
    fs::write(here.path().join("large"), &bytes).unwrap();
    for number in 0..40 {
        fs::write(here.path().join(format!("small{number}")), format!("{number}")).unwrap();
    }
    let names: Vec<String> = (0..40).map(|number| format!("small{number}")).collect();
    let mut words = vec!["cp", "--json", "large"];
    words.extend(names.iter().map(String::as_str));
    words.push("far:");
    let there = run(&client, here.path(), &words);
    assert_eq!(there.status, 0, "{there:?}");
    assert!(there.events("file").iter().all(|file| file["verdict"] == "hash"), "{there:?}");
    assert!(fs::read(goal.files().join("large")).unwrap() == bytes);
    let back = run(&client, here.path(), &["cp", "far:large", "far:small7", "."]);
    assert_eq!(back.status, 1, "names are taken: {back:?}");
    fs::create_dir(here.path().join("back")).unwrap();
    let back = run(&client, here.path(), &["cp", "far:large", "far:small7", "back"]);
    assert_eq!(back.status, 0, "{back:?}");
    assert!(fs::read(here.path().join("back/large")).unwrap() == bytes);
    let through = gate.log().matches("Connection from ").count();
    let arrived = goal.log().matches("Connection from ").count();
    assert!(through >= 3 && through == arrived, "{through} through, {arrived} arrived");
}
