//! The demo's second site: an FTP server that lives in this process, for the files of one folder.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    thread,
};

use anyhow::Context as _;
use libunftp::ServerBuilder;
use unftp_sbe_fs::Filesystem;

/// Serves a folder until the process ends; the port. Whoever is on this machine may come in: there is nothing but
/// samples, and nothing outside of the folder.
pub(crate) fn serve(folder: &Path) -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    // Tried now, while somebody can be told.
    Filesystem::new(folder).context("could not open the folder of the FTP site")?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let folder = folder.to_owned();
    thread::spawn(move || {
        let _ = runtime.block_on(accept(listener, folder));
    });
    Ok(port)
}

async fn accept(listener: TcpListener, folder: PathBuf) -> io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        let (socket, _) = listener.accept().await?;
        let folder = folder.clone();
        #[expect(
            clippy::expect_used,
            reason = "the builder takes no refusal, and serve has tried it"
        )]
        let files = move || Filesystem::new(&folder).expect("the folder of the FTP site is gone");
        let server = ServerBuilder::new(Box::new(files)).greeting("Wharf's demo").build();
        if let Ok(server) = server {
            tokio::spawn(server.service(socket));
        }
    }
}
