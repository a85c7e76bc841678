//! Icons of Nerd Fonts, for those whose terminal has such a font: by kind, then by extension.

use crate::{
    domain::entry::{Entry, Kind},
    model::is_directory,
};

const FOLDER: &str = "\u{f07b}";
const LINK: &str = "\u{f0c1}";
const PLUG: &str = "\u{f1e6}";
const PROGRAM: &str = "\u{f120}";
const FILE: &str = "\u{f15b}";

/// Extensions in lower case, and what they look like. All of them stand in the range of Font Awesome, which has been the
/// same in every version of the fonts.
const BY_EXTENSION: &[(&str, &[&str])] = &[
    ("\u{f15c}", &["txt", "md", "rst", "log", "org", "adoc", "tex", "csv", "tsv"]),
    ("\u{f1c1}", &["pdf", "ps", "djvu"]),
    ("\u{f1c2}", &["doc", "docx", "odt", "rtf"]),
    ("\u{f1c3}", &["xls", "xlsx", "ods"]),
    ("\u{f1c4}", &["ppt", "pptx", "odp"]),
    (
        "\u{f1c5}",
        &[
            "png", "jpg", "jpeg", "gif", "webp", "svg", "bmp", "tif", "tiff", "ico", "avif",
            "heic", "raw",
        ],
    ),
    (
        "\u{f1c6}",
        &[
            "zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar", "lz4", "jar", "deb", "rpm",
            "apk",
        ],
    ),
    ("\u{f1c7}", &["mp3", "flac", "ogg", "opus", "wav", "m4a", "aac", "mid"]),
    ("\u{f1c8}", &["mp4", "mkv", "avi", "mov", "webm", "mpg", "mpeg", "m4v"]),
    (
        "\u{f1c9}",
        &[
            "rs", "c", "h", "cc", "cpp", "hpp", "py", "js", "ts", "jsx", "tsx", "go", "java", "kt",
            "rb", "php", "pl", "lua", "swift", "zig", "hs", "ml", "cs", "html", "htm", "css",
            "scss", "xml", "sql", "r", "jl",
        ],
    ),
    (PROGRAM, &["sh", "bash", "zsh", "fish", "ps1", "bat", "exe", "so", "bin"]),
    ("\u{f013}", &["toml", "json", "yaml", "yml", "ini", "conf", "cfg", "env", "service", "lock"]),
    ("\u{f1c0}", &["db", "sqlite", "sqlite3", "parquet", "dump", "bak"]),
    ("\u{f084}", &["pem", "key", "pub", "crt", "cer", "p12", "gpg", "asc", "sig", "sha256"]),
    ("\u{f0a0}", &["iso", "img", "vmdk", "qcow2", "vdi"]),
    ("\u{f031}", &["ttf", "otf", "woff", "woff2"]),
    ("\u{f02d}", &["epub", "mobi", "azw3"]),
    ("\u{f0e0}", &["eml", "mbox", "msg"]),
];

/// The icon of an entry.
pub(super) fn icon(entry: &Entry) -> &'static str {
    match entry.attributes.kind {
        _ if is_directory(entry) => FOLDER,
        Kind::Symlink => LINK,
        Kind::Other => PLUG,
        Kind::Directory => FOLDER,
        Kind::File => of_file(entry),
    }
}

fn of_file(entry: &Entry) -> &'static str {
    let name = entry.name.as_bytes();
    let dot = name.iter().rposition(|&byte| byte == b'.').filter(|&dot| dot > 0);
    let extension = dot.map(|dot| name[dot + 1..].to_ascii_lowercase()).unwrap_or_default();
    let known = BY_EXTENSION
        .iter()
        .find(|(_, extensions)| extensions.iter().any(|known| known.as_bytes() == extension));
    let is_program = entry.attributes.permissions.is_some_and(|bits| bits & 0o111 != 0);
    match known {
        Some((icon, _)) => icon,
        None if is_program => PROGRAM,
        None => FILE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{entry::Attributes, path::Name},
        model::text,
    };

    #[test]
    fn every_icon_takes_one_cell_and_every_extension_has_one() {
        let mut seen = Vec::new();
        for (icon, extensions) in BY_EXTENSION {
            assert_eq!(text::cells(icon), 1);
            for extension in *extensions {
                assert!(!seen.contains(extension), "{extension} stands there twice");
                assert_eq!(extension.to_ascii_lowercase(), *extension);
                seen.push(extension);
            }
        }
    }

    #[test]
    fn an_entry_is_known_by_its_kind_then_its_extension() {
        let entry = |name: &str, kind, permissions| Entry {
            name: Name::new(name).unwrap(),
            attributes: Attributes { permissions: Some(permissions), ..Attributes::of_kind(kind) },
            leads_to: None,
        };
        assert_eq!(icon(&entry("x.rs", Kind::Directory, 0o755)), FOLDER);
        assert_eq!(icon(&entry("a.TAR.GZ", Kind::File, 0o644)), "\u{f1c6}");
        assert_eq!(icon(&entry("run", Kind::File, 0o755)), PROGRAM);
        assert_eq!(icon(&entry(".bashrc", Kind::File, 0o644)), FILE);
        assert_eq!(icon(&entry("x.pdf", Kind::Symlink, 0o777)), LINK);
        let leads = Entry { leads_to: Some(Kind::Directory), ..entry("x", Kind::Symlink, 0o777) };
        assert_eq!(icon(&leads), FOLDER);
    }
}
