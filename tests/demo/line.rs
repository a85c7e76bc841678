//! The demo's line to its SFTP server: SIGUSR1 cuts it for a while, to see what becomes of copies under way.

use std::{io, net::Ipv4Addr, thread, time::Duration};

use signal_hook::{consts::SIGUSR1, iterator::Signals};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

/// How long nobody can be reached then.
const CUT: Duration = Duration::from_secs(8);

/// Leads to a port of this machine; where to connect instead.
pub(crate) fn to(target: u16) -> io::Result<u16> {
    let mut signals = Signals::new([SIGUSR1])?;
    let cuts = watch::Sender::new(());
    let heard = cuts.subscribe();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || signals.forever().for_each(|_| cuts.send_replace(())));
    thread::spawn(move || runtime.block_on(relay(listener, port, target, heard)));
    Ok(port)
}

/// Carries connections until there is a cut; then nobody listens for a while.
async fn relay(
    mut listener: TcpListener,
    port: u16,
    target: u16,
    mut cut: watch::Receiver<()>,
) -> io::Result<()> {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (near, _) = accepted?;
                tokio::spawn(carry(near, target, cut.clone()));
            }
            _ = cut.changed() => {
                drop(listener);
                sleep(CUT).await;
                cut.mark_unchanged();
                listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
            }
        }
    }
}

async fn carry(mut near: TcpStream, target: u16, mut cut: watch::Receiver<()>) {
    let Ok(mut far) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    tokio::select! {
        _ = copy_bidirectional(&mut near, &mut far) => {}
        _ = cut.changed() => {}
    }
}
