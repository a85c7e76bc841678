//! FTP on the loopback, plain and inside TLS, against curl: one large file down and up, on a vsftpd.

use std::{env, fmt::Write as _, fs, path::Path, process::Command, time::Duration};

use anyhow::{Context as _, ensure};

use crate::{
    check,
    ground::Ground,
    peers::{Program, on_path},
    run::{End, timed},
    servers::{
        client::{Client, ClientOptions},
        ftp_server::{FtpServer, Make, PASSWORD, Tls},
        sshd::free_port,
    },
    table::median,
    works::Load,
};

pub(crate) const NAME: &str = "ftp 1 GiB, loopback";

/// Longer than any of it takes.
const LIMIT: Duration = Duration::from_secs(300);
const LOAD: Load = Load::Large;
/// What is to be reached: Wharf's median over curl's.
const GOAL: f64 = 1.0;

/// Medians, and how they compare.
pub(crate) fn measure(ground: &Ground, rounds: u32) -> anyhow::Result<String> {
    let mut told = String::from("\n");
    let Some(curl) = on_path("curl") else {
        return Ok(format!("{NAME}: curl is not here, so there is nothing to compare with\n"));
    };
    for (tls, scheme) in [(Tls::None, "ftp"), (Tls::Explicit, "ftpes")] {
        let Some(server) = FtpServer::options(Make::Vsftpd).tls(tls).start() else {
            return Ok(format!("{NAME}: there is no vsftpd here (tests/run --servers gets one)\n"));
        };
        ensure!(server.user() != "anonymous", "needs root and a mount namespace");
        let here = tempfile::Builder::new().prefix("wharf-bench-").tempdir()?;
        let files = server.files();
        let client =
            ClientOptions::new(free_port(), "nobody".into(), "/nonexistent".into(), Vec::new());
        let client = client.write();
        for up in [false, true] {
            let (from, to) = if up { (here.path(), &*files) } else { (&*files, here.path()) };
            LOAD.make(from)?;
            let mut walls = [Vec::new(), Vec::new()];
            for _ in 0..rounds {
                for (program, walls) in walls.iter_mut().enumerate() {
                    let arrives = to.join(LOAD.name());
                    let _ = fs::remove_file(&arrives);
                    ground.cool_down();
                    let place = format!("127.0.0.1:{}{}/", server.port(), files.display());
                    let mut command = match program {
                        0 => wharf(&client, &server, &format!("{scheme}://anna@{place}"), up)?,
                        // Where a login begins, that is in the same folder.
                        _ => {
                            let place = format!("ftp://127.0.0.1:{}/", server.port());
                            curl_command(&curl, &server, &place, up)
                        }
                    };
                    command.current_dir(here.path());
                    let ran = timed(command, LIMIT, &client.folder().join("output"))?;
                    ensure!(ran.end == End::Done, "{}: {:?}", ["wharf", "curl"][program], ran.end);
                    check::same(&from.join(LOAD.name()), &arrives)?;
                    walls.push(ran.wall.as_secs_f64());
                }
            }
            let [wharf, curl] = walls.map(|walls| median(walls).unwrap_or_default());
            let ratio = wharf / curl;
            let act = if up { "put" } else { "get" };
            let met = if ratio <= GOAL { "met" } else { "NOT MET" };
            writeln!(
                told,
                "{act} 1 GiB, {scheme}://: wharf {wharf:.2} s, curl {curl:.2} s, ratio {ratio:.2} (goal {GOAL:.1}, {met})",
            )?;
            fs::remove_file(from.join(LOAD.name()))?;
            let _ = fs::remove_file(to.join(LOAD.name()));
        }
    }
    Ok(told)
}

fn wharf(client: &Client, server: &FtpServer, place: &str, up: bool) -> anyhow::Result<Command> {
    let mut command = Command::new(Program::Wharf.find().context("no wharf")?);
    command.args(["cp", "--quiet", "--verify", "size", "-F"]).arg(client.config());
    command.arg("--config-dir").arg(client.config_dir());
    command.arg("--state-dir").arg(client.state_dir());
    let name = LOAD.name();
    match up {
        true => command.args([name.to_owned(), place.to_owned()]),
        false => command.args([format!("{place}{name}"), ".".to_owned()]),
    };
    command.env_clear().env("PATH", env::var_os("PATH").unwrap_or_default());
    command.env("HOME", client.home()).env("WHARF_PASSWORD", PASSWORD);
    command.env("SSL_CERT_FILE", certificate(server));
    Ok(command)
}

fn curl_command(curl: &Path, server: &FtpServer, place: &str, up: bool) -> Command {
    let mut command = Command::new(curl);
    let name = LOAD.name();
    command.args(["--silent", "--show-error", "--user"]);
    command.arg(format!("{}:{PASSWORD}", server.user()));
    if server.tls() != Tls::None {
        command.args(["--ssl-reqd", "--cacert"]).arg(certificate(server));
    }
    match up {
        true => command.arg("--upload-file").arg(name).arg(format!("{place}{name}")),
        false => command.arg("--output").arg(name).arg(format!("{place}{name}")),
    };
    command
}

fn certificate(server: &FtpServer) -> std::path::PathBuf {
    server.daemon().path("cert.pem")
}
