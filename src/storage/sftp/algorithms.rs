//! Which algorithms Wharf offers a server: fast ones for this CPU first, nothing that rests on SHA-1 to agree on keys.

use ssh2::{MethodType, Session};

use super::host_key::KnownHost;

/// Sets what is offered. Must come before the handshake.
pub(super) fn offer(session: &Session, host: &KnownHost) -> Result<(), ssh2::Error> {
    session.set_compress(false);
    let ciphers = ciphers(cpu_has_aes());
    session.method_pref(MethodType::CryptCs, ciphers)?;
    session.method_pref(MethodType::CryptSc, ciphers)?;
    let kex = session.supported_algs(MethodType::Kex)?;
    let kex: Vec<&str> = kex.into_iter().filter(|name| !name.ends_with("-sha1")).collect();
    session.method_pref(MethodType::Kex, &kex.join(","))?;
    let macs = session.supported_algs(MethodType::MacCs)?;
    let macs: Vec<&str> = macs.into_iter().filter(|name| is_sound_mac(name)).collect();
    session.method_pref(MethodType::MacCs, &macs.join(","))?;
    session.method_pref(MethodType::MacSc, &macs.join(","))?;
    let host_keys = host.algorithms(&session.supported_algs(MethodType::HostKey)?);
    session.method_pref(MethodType::HostKey, &host_keys)
}

/// ssh still offers HMAC-SHA1 (its weakness is not that of the plain hash), but no MD5 and no cut-off tags.
fn is_sound_mac(name: &str) -> bool {
    name.starts_with("hmac-sha") && !name.contains("-96")
}

/// libssh2's own order begins with chacha20, which costs several times the CPU where AES is in hardware.
fn ciphers(aes_in_hardware: bool) -> &'static str {
    if aes_in_hardware {
        "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes128-ctr"
    } else {
        "chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,aes256-gcm@openssh.com,aes128-ctr,aes256-ctr"
    }
}

fn cpu_has_aes() -> bool {
    #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
    return std::arch::is_x86_feature_detected!("aes");
    #[cfg(target_arch = "aarch64")]
    return std::arch::is_aarch64_feature_detected!("aes");
    #[cfg(not(any(target_arch = "x86", target_arch = "x86_64", target_arch = "aarch64")))]
    false
}
