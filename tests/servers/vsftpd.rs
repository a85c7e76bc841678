//! How a real vsftpd is started: for a local user, in a mount namespace with that user in it, or anonymous.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use super::{
    daemon::Daemon,
    ftp_server::{FtpOptions, FtpServer, HASH, Make, Tls, USER, USER_ID},
    processes,
    programs::{self, skip},
};

/// Whoever it is, as a guest.
const ANONYMOUS: &str = "anonymous";

/// What a login is checked against, instead of the machine's own rules.
const PAM: &str =
    "auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n";

/// `$1` the folder, `$2` the size of the served disk or empty, `$3` its owner, then vsftpd and its arguments.
const NAMESPACE: &str = r#"
folder=$1 size=$2 owner=$3; shift 3
mount --bind "$folder/passwd" /etc/passwd
mount --bind "$folder/shadow" /etc/shadow
mount --bind "$folder/pam.d" /etc/pam.d
[ -z "$size" ] || mount -t tmpfs -o "size=$size,mode=755,uid=$owner,gid=$owner" tmpfs "$folder/files"
exec "$@"
"#;

pub(super) fn start(options: FtpOptions) -> Option<FtpServer> {
    let Some(program) = programs::find("vsftpd") else {
        skip("no vsftpd here (tests/run gets one)");
        return None;
    };
    let me = rustix::process::geteuid();
    let local =
        options.make == Make::Vsftpd && me.is_root() && processes::can_have_mount_namespace();
    if options.small_disk.is_some() && !local {
        programs::skip_here("needs root and a mount namespace");
        return None;
    }
    let (folder, certificate) = options.lay_out(if local { USER_ID } else { me.as_raw() });
    let home = folder.path().to_owned();
    if local {
        write_accounts(&home);
    }
    let daemon = Daemon::start("vsftpd", folder, options.greeting(), |port| {
        let config = home.join("vsftpd.conf");
        fs::write(&config, configuration(&options, &home, port, local)).unwrap();
        let mut command = if local {
            let mut command = Command::new("unshare");
            command.args(["--mount", "--propagation", "slave", "sh", "-euc", NAMESPACE, "sh"]);
            command.arg(&home);
            command.arg(options.small_disk.map_or(String::new(), |bytes| bytes.to_string()));
            command.arg(USER_ID.to_string()).arg(&program);
            if let Some(libraries) = programs::library_path() {
                command.env("LD_LIBRARY_PATH", libraries);
            }
            command
        } else {
            programs::command(&program)
        };
        command.arg(config);
        options.settle_tls(&home, &mut command);
        command
    });
    let user = if local { USER } else { ANONYMOUS };
    Some(FtpServer { daemon, certificate, tls: options.tls, user })
}

/// The accounts inside the namespace: the machine's and one of the test's own. Nobody's real hash comes there.
fn write_accounts(folder: &Path) {
    let files = folder.join("files");
    let mut passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    passwd += &format!("{USER}:x:{USER_ID}:{USER_ID}::{}:/bin/sh\n", files.display());
    fs::write(folder.join("passwd"), passwd).unwrap();
    let shadow = folder.join("shadow");
    fs::write(&shadow, format!("{USER}:{HASH}:1:0:99999:7:::\n")).unwrap();
    fs::set_permissions(shadow, fs::Permissions::from_mode(0o600)).unwrap();
    let pam = folder.join("pam.d");
    fs::create_dir(&pam).unwrap();
    for service in ["vsftpd", "other"] {
        fs::write(pam.join(service), PAM).unwrap();
    }
    // Where it keeps what needs no files.
    fs::create_dir(folder.join("empty")).unwrap();
}

fn configuration(options: &FtpOptions, folder: &Path, port: u16, local: bool) -> String {
    let at = |name: &str| folder.join(name).display().to_string();
    let mut config = vec![
        String::from("listen=YES"),
        String::from("listen_address=127.0.0.1"),
        format!("listen_port={port}"),
        String::from("background=NO"),
        String::from("write_enable=YES"),
        String::from("mdtm_write=YES"),
        String::from("seccomp_sandbox=NO"),
        String::from("isolate=NO"),
        String::from("isolate_network=NO"),
        String::from("log_ftp_protocol=YES"),
        String::from("syslog_enable=NO"),
        String::from("xferlog_enable=YES"),
        String::from("xferlog_std_format=NO"),
        format!("vsftpd_log_file={}", at("vsftpd.log")),
    ];
    if local {
        config.extend([
            String::from("anonymous_enable=NO"),
            String::from("local_enable=YES"),
            String::from("local_umask=022"),
            String::from("pam_service_name=vsftpd"),
            String::from("session_support=NO"),
            String::from("check_shell=NO"),
            format!("secure_chroot_dir={}", at("empty")),
        ]);
    } else {
        let whoami = Command::new("id").arg("-un").output().unwrap();
        let me = String::from_utf8(whoami.stdout).unwrap();
        config.extend([
            String::from("run_as_launching_user=YES"),
            format!("ftp_username={}", me.trim()),
            String::from("anonymous_enable=YES"),
            String::from("no_anon_password=YES"),
            format!("anon_root={}", at("files")),
            String::from("anon_umask=022"),
            String::from("anon_upload_enable=YES"),
            String::from("anon_mkdir_write_enable=YES"),
            String::from("anon_other_write_enable=YES"),
            String::from("anon_world_readable_only=NO"),
            String::from("allow_anon_ssl=YES"),
            String::from("allow_writeable_chroot=YES"),
        ]);
    }
    if options.tls != Tls::None {
        let whose = if local { "local" } else { "anon" };
        config.extend([
            String::from("ssl_enable=YES"),
            format!("rsa_cert_file={}", at("cert.pem")),
            format!("rsa_private_key_file={}", at("key.pem")),
            format!("force_{whose}_logins_ssl=YES"),
            format!("force_{whose}_data_ssl=YES"),
            String::from("require_ssl_reuse=YES"),
            String::from("ssl_ciphers=HIGH"),
        ]);
    }
    if options.tls == Tls::Implicit {
        config.push(String::from("implicit_ssl=YES"));
    }
    config.extend(options.lines.iter().cloned());
    config.join("\n") + "\n"
}
