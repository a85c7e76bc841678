//! The embedded demo: two panes, one of them an SFTP server that lives in this process.
#[path = "servers/embedded/mod.rs"]
mod embedded;
fn main() {
    let root = std::env::args().nth(1).unwrap();
    let server =
        embedded::EmbeddedServer::start(embedded::Options::directory(root, "secret")).unwrap();
    println!("{}", server.known_hosts_line().unwrap());
    println!("{}", server.port());
    std::thread::sleep(std::time::Duration::from_secs(600));
}
