//! The demo's second site, an FTP server of the demo's own: looked into, copied from and copied to, without the screen and on
//! it.

use std::{fs, path::Path};

use super::driver::{Start, key};
use crate::headless::{self, Said};

#[path = "../demo/ftp_site.rs"]
mod ftp_site;
#[path = "../demo/sample.rs"]
mod sample;

/// The demo's folders.
struct Demo {
    folder: tempfile::TempDir,
    site: String,
}

impl Demo {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = |name| folder.path().join(name);
        sample::fill(&at("here"), &at("there"), &at("archive")).unwrap();
        let port = ftp_site::serve(&at("archive")).unwrap();
        Self { folder, site: format!("ftp://demo@127.0.0.1:{port}") }
    }

    fn at(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    fn wharf(&self, words: &[&str]) -> Said {
        let client = headless::no_server().write();
        let mut command = headless::wharf(&client, &self.at("here"), words);
        Said::of(command.env("WHARF_PASSWORD", "whatever").output().unwrap())
    }
}

/// Every file below a folder, with its content.
fn tree(folder: &Path) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inside) = folders.pop() {
        for entry in fs::read_dir(&inside).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => folders.push(entry.path()),
                false => {
                    let name = entry.path().strip_prefix(folder).unwrap().to_owned();
                    found.push((name, fs::read(entry.path()).unwrap()));
                }
            }
        }
    }
    found.sort();
    found
}

#[test]
fn without_the_screen() {
    let demo = Demo::start();
    let listed = demo.wharf(&["ls", &format!("{}/", demo.site)]);
    assert_eq!(listed.status, 0, "{listed:?}");
    let names = ["2026-01", "2026-06", "runs"];
    assert!(names.iter().all(|name| listed.output.contains(name)), "{listed:?}");

    let came = demo.wharf(&["cp", "-r", &format!("{}/2026-03", demo.site), "."]);
    assert_eq!(came.status, 0, "{came:?}");
    let archived = tree(&demo.at("archive/2026-03"));
    assert_eq!(archived.len(), 2);
    assert!(tree(&demo.at("here/2026-03")) == archived);

    let went = demo.wharf(&["cp", "-r", "settlement/2026-11-20", &format!("{}/runs/", demo.site)]);
    assert_eq!(went.status, 0, "{went:?}");
    let sent = tree(&demo.at("here/settlement/2026-11-20"));
    assert_eq!(sent.len(), 64);
    assert!(tree(&demo.at("archive/runs/2026-11-20")) == sent, "something is missing, or too much");
}

#[test]
fn on_the_screen() {
    let demo = Demo::start();
    let (here, client) = (demo.at("here"), headless::no_server().write());
    let site = format!("{}/", demo.site);
    let start = Start::new(&client, &here, &["runs", &site]);
    let mut terminal = start.environment("WHARF_PASSWORD", "whatever").run();
    terminal.shows("run-0211.txt");
    terminal.shows("2026-06");
    // What lies under the cursor, to the site: the first row leads up, the second is the first run.
    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.shows("Done: copy run-0211.dat");
    let of = |folder: &str, name: &str| fs::read(demo.at(folder).join(name)).unwrap();
    assert!(of("archive", "run-0211.dat") == of("here/runs", "run-0211.dat"));
    // Into its first folder, which is its first row, and a file of that back.
    terminal.keys("\t");
    terminal.keys(key::ENTER);
    terminal.shows("fees.csv");
    terminal.keys(key::DOWN);
    terminal.keys(key::F5);
    terminal.shows("If taken");
    terminal.keys(key::ENTER);
    terminal.shows("Done: copy fees.csv");
    assert!(of("here/runs", "fees.csv") == of("archive/2026-01", "fees.csv"));
    terminal.keys("q");
    assert_eq!(terminal.ended().exit_code(), 0);
}
