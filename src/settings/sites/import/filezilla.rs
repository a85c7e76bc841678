//! FileZilla's `sitemanager.xml`.

use roxmltree::{Document, Node};

use super::Foreign;
use crate::domain::{
    display::escape_text,
    saved::{Colour, LoginWay},
};

/// Folders within folders are followed this deep.
const DEEPEST: usize = 32;

pub(super) fn read(text: &str) -> Result<Vec<Foreign>, String> {
    let document = Document::parse(text).map_err(|error| {
        let why = escape_text(&error.to_string());
        format!("it begins like FileZilla's sitemanager.xml, and is no XML: {why}")
    })?;
    let mut found = Vec::new();
    let servers = document.descendants().filter(|node| node.has_tag_name("Servers"));
    for node in servers {
        walk(node, "", 0, &mut found);
    }
    Ok(found)
}

fn walk(node: Node<'_, '_>, folder: &str, depth: usize, found: &mut Vec<Foreign>) {
    for child in node.children().filter(Node::is_element) {
        match child.tag_name().name() {
            "Folder" if depth < DEEPEST => {
                let name = own_text(child).replace('/', "-");
                let folder = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                walk(child, &folder, depth + 1, found);
            }
            "Server" => found.push(server(child, folder)),
            _ => {}
        }
    }
}

fn server(node: Node<'_, '_>, folder: &str) -> Foreign {
    let field = |name: &str| {
        let found = node.children().find(|child| child.has_tag_name(name));
        found.map(own_text).unwrap_or_default()
    };
    let name = Some(field("Name")).filter(|name| !name.is_empty());
    let key = field("Keyfile");
    Foreign {
        // Older versions write the name as the element's own text.
        name: name.unwrap_or_else(|| own_text(node)),
        folder: folder.to_owned(),
        protocol: match field("Protocol").as_str() {
            "1" => "sftp".to_owned(),
            "3" => "ftps".to_owned(),
            "4" => "ftpes".to_owned(),
            // “TLS if available”: one who listens in could say that it is not.
            "" | "0" => "ftpes".to_owned(),
            "6" => "ftp".to_owned(),
            other => format!("protocol {}", escape_text(other)),
        },
        host: field("Host"),
        port: field("Port"),
        user: field("User"),
        login: match field("Logontype").as_str() {
            "2" | "3" => LoginWay::Ask,
            "5" if !key.is_empty() => LoginWay::Key(key),
            _ => LoginWay::Auto,
        },
        start: path(&field("RemoteDir")),
        start_here: field("LocalDir"),
        note: field("Comments"),
        colour: match field("Colour").as_str() {
            "1" => Some(Colour::Red),
            "2" => Some(Colour::Green),
            "3" => Some(Colour::Blue),
            "4" | "7" => Some(Colour::Yellow),
            "6" => Some(Colour::Magenta),
            _ => None,
        },
        has_secret: !field("Pass").is_empty(),
    }
}

/// An element's text, without that of its children.
fn own_text(node: Node<'_, '_>) -> String {
    let texts = node.children().filter(Node::is_text).filter_map(|text| text.text());
    texts.collect::<String>().trim().to_owned()
}

/// A path as FileZilla keeps it: `1 0 3 srv 2 in` is `/srv/in`. The first number is the kind of path (1: Unix, 0:
/// whatever the server has), the second the length of a prefix, then come lengths and names.
fn path(kept: &str) -> String {
    let Some(mut rest) = kept.strip_prefix("1 0").or_else(|| kept.strip_prefix("0 0")) else {
        return String::new();
    };
    let mut path = String::new();
    while let Some((length, after)) = rest.strip_prefix(' ').and_then(|rest| rest.split_once(' ')) {
        let end = length.parse().ok().and_then(|length: usize| {
            // Names may hold spaces: their length says where they end.
            after.char_indices().map(|(at, _)| at).chain([after.len()]).nth(length)
        });
        let Some(end) = end else { return String::new() };
        path.push('/');
        path.push_str(&after[..end]);
        rest = &after[end..];
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{super::read, *};
    use crate::domain::site::Protocol;

    const MINE: &[u8] = br#"<?xml version="1.0" encoding="UTF-8"?>
<FileZilla3 version="3.66.5" platform="*nix"><Servers>
 <Folder expanded="1">Harbour<Folder>North
  <Server><Host>files.example</Host><Port>2222</Port><Protocol>1</Protocol><User>anna</User>
   <Pass encoding="base64">Y2FuYXJ5</Pass><Logontype>1</Logontype><Colour>1</Colour>
   <RemoteDir>1 0 3 srv 6 in box</RemoteDir><LocalDir>/home/anna/work</LocalDir>
   <Name>Pier &amp; 12</Name><Comments>ask
first</Comments></Server></Folder></Folder>
 <Server><Host>keys.example</Host><Port>22</Port><Protocol>1</Protocol><User>berta</User>
   <Keyfile>/k/id</Keyfile><Logontype>5</Logontype>Old style</Server>
 <Server><Host>ftp.example</Host><Port>21</Port><Protocol>6</Protocol><Name>plain</Name></Server>
 <Server><Host>$(x)</Host><Protocol>1</Protocol><Name>odd</Name></Server>
</Servers></FileZilla3>"#;

    #[test]
    fn sites_folders_and_paths_come_over_and_passwords_do_not() {
        let imported = read(MINE).unwrap();
        assert_eq!((imported.program, imported.secrets), ("FileZilla", 1));
        let pier = imported.sites.iter().find(|site| site.name == "Pier & 12").unwrap();
        assert_eq!(pier.folder, "Harbour/North");
        assert_eq!(pier.site.to_string(), "anna@files.example:2222");
        assert_eq!(pier.start.as_deref(), Some("/srv/in box"));
        assert_eq!(pier.start_here.as_deref(), Some("/home/anna/work"));
        assert_eq!((pier.note.as_str(), pier.colour), ("ask first", Some(Colour::Red)));
        let old = imported.sites.iter().find(|site| site.name == "Old style").unwrap();
        assert_eq!(old.site.to_string(), "berta@keys.example");
        assert_eq!(old.login, LoginWay::Key("/k/id".to_owned()));
        let plain = imported.sites.iter().find(|site| site.name == "plain").unwrap();
        assert_eq!((plain.site.protocol(), plain.site.port()), (Protocol::Ftp, None));
        assert!(imported.left_out.iter().any(|why| why.starts_with("“odd”: host: ")));
        assert!(!format!("{imported:?}").contains("Y2FuYXJ5"));
    }

    #[test]
    fn a_path_that_makes_no_sense_is_left_out() {
        for (kept, path_meant) in [
            ("1 0 4 home", "/home"),
            ("1 0 9 home", ""),
            ("", ""),
            ("x", ""),
            ("1 0", ""),
            ("1 0 2 é", ""),
        ] {
            assert_eq!(path(kept), path_meant, "{kept}");
        }
    }
}
