//! Certificates of the tests' own, sound ones and ones with a flaw, made in a moment.

use std::{fs, path::Path};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd};

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Flaw {
    /// Nothing but that nobody vouches for it.
    #[default]
    SelfSigned,
    /// Its time is over.
    Expired,
    /// It is for another host.
    WrongName,
    /// It says of itself that it is an authority, as those of many appliances do.
    Authority,
}

/// A certificate and its key.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    /// In PEM.
    pub(crate) certificate: String,
    /// In PEM.
    pub(crate) key: String,
    /// The bytes that a fingerprint is taken of.
    pub(crate) der: Vec<u8>,
}

impl Certificate {
    /// For `localhost` and 127.0.0.1, signed by itself.
    pub(crate) fn make(flaw: Flaw) -> Self {
        let names = match flaw {
            Flaw::WrongName => vec![String::from("elsewhere.example")],
            _ => vec![String::from("localhost"), String::from("127.0.0.1")],
        };
        let mut about = CertificateParams::new(names).unwrap();
        about.distinguished_name.push(DnType::CommonName, "wharf test");
        about.is_ca = match flaw {
            Flaw::Authority => IsCa::Ca(BasicConstraints::Unconstrained),
            _ => IsCa::ExplicitNoCa,
        };
        about.not_before = date_time_ymd(2020, 1, 1);
        let ends = if flaw == Flaw::Expired { 2021 } else { 2120 };
        about.not_after = date_time_ymd(ends, 1, 1);
        let key = KeyPair::generate().unwrap();
        let made = about.self_signed(&key).unwrap();
        Self { certificate: made.pem(), key: key.serialize_pem(), der: made.der().to_vec() }
    }

    /// SHA-256 of it in pairs of hexadecimal digits with colons between, as the tools of TLS print it.
    pub(crate) fn fingerprint(&self) -> String {
        use sha2::Digest as _;
        let pairs: Vec<String> =
            sha2::Sha256::digest(&self.der).iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// Writes `cert.pem`, `key.pem`, and both in one, `both.pem`.
    pub(crate) fn write_to(&self, folder: &Path) {
        fs::write(folder.join("cert.pem"), &self.certificate).unwrap();
        fs::write(folder.join("key.pem"), &self.key).unwrap();
        fs::write(folder.join("both.pem"), format!("{}{}", self.key, self.certificate)).unwrap();
    }
}
