//! The honest half: a tree in memory, and straight answers about it.

use std::collections::BTreeMap;

use super::{
    Trick,
    wire::{self, Ask, Attrs},
};

/// Something under a path.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) attrs: Attrs,
    pub(super) data: Vec<u8>,
    /// For a link.
    target: Vec<u8>,
    /// For a directory: rows as they are told, whatever stands below.
    rows: Option<Vec<(Vec<u8>, Attrs)>>,
}

/// What the server holds, and how it bends the truth.
#[derive(Default)]
pub(crate) struct World {
    nodes: BTreeMap<Vec<u8>, Node>,
    pub(super) tricks: Vec<Trick>,
    handles: BTreeMap<Vec<u8>, Handle>,
    next_handle: u64,
    /// Every path a client named, in order.
    pub(super) named: Vec<Vec<u8>>,
    /// How many channels were greeted.
    pub(super) greeted: u64,
    /// How often a trick was played.
    pub(super) met: u64,
    /// How often replies that were held back went out together.
    pub(super) flights: u64,
    /// Whether the last change of a file was to its content, not to its attributes.
    pub(super) written_last: bool,
    demands: Demands,
    /// How often a file whose size turns was asked about.
    pub(super) stats: u64,
}

/// The most that was asked for so far, whether or not it was granted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Demands {
    /// The longest READ.
    pub(crate) read: u64,
    /// The longest WRITE.
    pub(crate) write: u64,
    /// Files and directories open at once on a channel.
    pub(crate) handles: u64,
}

#[derive(Debug, Clone)]
enum Handle {
    File(Vec<u8>),
    Rows(Vec<(Vec<u8>, Attrs)>),
}

const TIME: u32 = 1_600_000_000;

fn attrs(mode: u32, size: u64) -> Attrs {
    Attrs { size, mode, modified: TIME }
}

impl World {
    pub(crate) fn directory(&mut self, path: &str) {
        self.put(path.as_bytes(), wire::DIRECTORY, Vec::new());
    }

    pub(crate) fn file(&mut self, path: impl AsRef<[u8]>, data: &[u8]) {
        self.put(path.as_ref(), wire::FILE, data.to_vec());
    }

    pub(crate) fn link(&mut self, path: &str, target: &[u8]) {
        self.put(path.as_bytes(), wire::LINK, Vec::new());
        self.nodes.get_mut(path.as_bytes()).unwrap().target = target.to_vec();
    }

    /// The listing of a directory tells exactly these rows.
    pub(crate) fn rows(&mut self, path: &str, rows: Vec<(&[u8], u32, u64)>) {
        let rows =
            rows.into_iter().map(|(name, mode, size)| (name.to_vec(), attrs(mode, size))).collect();
        self.nodes.get_mut(path.as_bytes()).unwrap().rows = Some(rows);
    }

    /// STAT and listing say this of a file, whatever it holds.
    pub(crate) fn claim(&mut self, path: &str, size: u64, modified: u32) {
        let node = self.nodes.get_mut(path.as_bytes()).unwrap();
        (node.attrs.size, node.attrs.modified) = (size, modified);
    }

    pub(crate) fn trick(&mut self, trick: Trick) {
        self.tricks.push(trick);
    }

    /// From now on it is honest.
    pub(crate) fn repent(&mut self) {
        self.tricks.clear();
    }

    /// A file's content.
    pub(crate) fn content(&self, path: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.nodes.get(path.as_ref()).map(|node| &node.data[..])
    }

    /// All paths below one, itself left out.
    pub(crate) fn below(&self, path: &str) -> Vec<String> {
        let inside = format!("{}/", path.trim_end_matches('/')).into_bytes();
        let paths = self.nodes.keys().filter(|node| node.starts_with(&inside));
        paths.map(|node| String::from_utf8_lossy(node).into_owned()).collect()
    }

    /// Every path a client named so far.
    pub(crate) fn named(&self) -> &[Vec<u8>] {
        &self.named
    }

    /// How many channels were greeted so far.
    pub(crate) fn greeted(&self) -> u64 {
        self.greeted
    }

    /// How often a trick was played.
    pub(crate) fn met(&self) -> u64 {
        self.met
    }

    /// How often replies that were held back went out together.
    pub(crate) fn flights(&self) -> u64 {
        self.flights
    }

    /// The most that was asked for so far, granted or not.
    pub(crate) fn demands(&self) -> Demands {
        self.demands
    }

    /// Looks at what is asked on a channel that has so many files and directories open.
    pub(super) fn measure(&mut self, ask: &Ask, open: u64) {
        let most = &mut self.demands;
        match ask {
            Ask::Read { length, .. } => most.read = most.read.max(u64::from(*length)),
            Ask::Write { data, .. } => most.write = most.write.max(data.len() as u64),
            Ask::Open { .. } | Ask::OpenDir { .. } => most.handles = most.handles.max(open + 1),
            _ => {}
        }
    }

    /// Whether something was written after attributes were set last: on a real server that changes the time.
    pub(crate) fn written_last(&self) -> bool {
        self.written_last
    }

    fn put(&mut self, path: &[u8], mode: u32, data: Vec<u8>) {
        let attrs = attrs(mode, data.len() as u64);
        let node = Node { attrs, data, target: Vec::new(), rows: None };
        self.nodes.insert(path.to_vec(), node);
    }

    /// Forgets what a file holds from `keep` on.
    pub(super) fn shorten(&mut self, path: &[u8], keep: usize) {
        if let Some(node) = self.nodes.get_mut(path) {
            node.data.truncate(keep);
            node.attrs.size = node.data.len() as u64;
        }
    }

    /// Puts more at the end of a file.
    pub(super) fn extend(&mut self, path: &[u8], more: &[u8]) {
        if let Some(node) = self.nodes.get_mut(path) {
            node.data.extend_from_slice(more);
            node.attrs.size = node.data.len() as u64;
        }
    }

    pub(super) fn node(&self, path: &[u8]) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// The file an open handle stands for.
    pub(super) fn file_of(&self, handle: &[u8]) -> Option<&Vec<u8>> {
        match self.handles.get(handle)? {
            Handle::File(path) => Some(path),
            Handle::Rows(_) => None,
        }
    }

    fn open(&mut self, id: u32, handle: Handle) -> Vec<u8> {
        self.next_handle += 1;
        let name = self.next_handle.to_be_bytes().to_vec();
        self.handles.insert(name.clone(), handle);
        wire::handle(id, &name)
    }

    fn children(&self, path: &[u8]) -> Vec<(Vec<u8>, Attrs)> {
        let mut inside = path.to_vec();
        if path != b"/" {
            inside.push(b'/');
        }
        let child = |(other, node): (&Vec<u8>, &Node)| {
            let name = other.strip_prefix(&inside[..])?;
            (!name.is_empty() && !name.contains(&b'/')).then(|| (name.to_vec(), node.attrs))
        };
        self.nodes.iter().filter_map(child).collect()
    }

    /// The straight answer.
    pub(super) fn answer(&mut self, id: u32, ask: &Ask) -> Vec<u8> {
        let absent = || wire::status(id, wire::NO_SUCH_FILE, b"No such file");
        let fine = || wire::status(id, wire::OK, b"");
        let failure = || wire::status(id, wire::FAILURE, b"Failure");
        match ask {
            Ask::Open { path, flags } => {
                self.named.push(path.clone());
                if flags & wire::FLAG_CREATE != 0 {
                    if self.nodes.contains_key(path) {
                        if flags & wire::FLAG_EXCLUSIVE != 0 {
                            return failure();
                        }
                    } else {
                        self.put(path, wire::FILE, Vec::new());
                    }
                }
                if flags & (wire::FLAG_WRITE | wire::FLAG_TRUNCATE)
                    == wire::FLAG_WRITE | wire::FLAG_TRUNCATE
                    && let Some(node) = self.nodes.get_mut(path)
                {
                    node.data.clear();
                }
                if !self.nodes.contains_key(path) {
                    return absent();
                }
                self.open(id, Handle::File(path.clone()))
            }
            Ask::Close { handle } => {
                if self.handles.remove(handle).is_some() {
                    fine()
                } else {
                    failure()
                }
            }
            Ask::Read { handle, offset, length } => {
                let Some(node) = self.file_of(handle).and_then(|path| self.nodes.get(path)) else {
                    return failure();
                };
                let start = usize::try_from(*offset).unwrap().min(node.data.len());
                let end = (start + *length as usize).min(node.data.len());
                if start == end {
                    return wire::status(id, wire::EOF, b"End of file");
                }
                wire::data(id, &node.data[start..end])
            }
            Ask::Write { handle, offset, data } => {
                let Some(path) = self.file_of(handle).cloned() else { return failure() };
                let Some(node) = self.nodes.get_mut(&path) else { return failure() };
                let start = usize::try_from(*offset).unwrap();
                if node.data.len() < start + data.len() {
                    node.data.resize(start + data.len(), 0);
                }
                node.data[start..start + data.len()].copy_from_slice(data);
                node.attrs.size = node.data.len() as u64;
                self.written_last = true;
                fine()
            }
            Ask::Stat { path, .. } => {
                self.named.push(path.clone());
                self.nodes.get(path).map_or_else(absent, |node| wire::attributes(id, node.attrs))
            }
            Ask::Fstat { handle } => {
                let node = self.file_of(handle).and_then(|path| self.nodes.get(path));
                node.map_or_else(failure, |node| wire::attributes(id, node.attrs))
            }
            Ask::SetStat => {
                self.written_last = false;
                fine()
            }
            Ask::OpenDir { path } => {
                self.named.push(path.clone());
                let Some(node) = self.nodes.get(path) else { return absent() };
                if node.attrs.mode & 0o170_000 != 0o040_000 {
                    return failure();
                }
                let rows = node.rows.clone().unwrap_or_else(|| self.children(path));
                self.open(id, Handle::Rows(rows))
            }
            Ask::ReadDir { handle } => match self.handles.get_mut(handle) {
                Some(Handle::Rows(rows)) if rows.is_empty() => wire::status(id, wire::EOF, b""),
                Some(Handle::Rows(rows)) => {
                    let some: Vec<_> = rows.drain(..rows.len().min(100)).collect();
                    wire::names(id, &some)
                }
                _ => failure(),
            },
            Ask::Remove { path } => {
                self.named.push(path.clone());
                if self.nodes.remove(path).is_some() { fine() } else { absent() }
            }
            Ask::RemoveDir { path } => {
                self.named.push(path.clone());
                if !self.children(path).is_empty() {
                    return failure();
                }
                if self.nodes.remove(path).is_some() { fine() } else { absent() }
            }
            Ask::MakeDir { path } => {
                self.named.push(path.clone());
                if self.nodes.contains_key(path) {
                    return failure();
                }
                self.put(path, wire::DIRECTORY, Vec::new());
                fine()
            }
            Ask::RealPath { path } => {
                self.named.push(path.clone());
                let path = if path == b"." { b"/srv".to_vec() } else { path.clone() };
                wire::names(id, &[(path, attrs(wire::DIRECTORY, 0))])
            }
            Ask::Rename { from, to } => {
                self.named.extend([from.clone(), to.clone()]);
                if self.nodes.contains_key(to) {
                    return failure();
                }
                match self.nodes.remove(from) {
                    Some(node) => {
                        self.nodes.insert(to.clone(), node);
                        fine()
                    }
                    None => absent(),
                }
            }
            Ask::ReadLink { path } => {
                self.named.push(path.clone());
                match self.nodes.get(path) {
                    Some(node) => wire::names(id, &[(node.target.clone(), node.attrs)]),
                    None => absent(),
                }
            }
            Ask::Symlink { target, link } => {
                self.named.push(link.clone());
                self.put(link, wire::LINK, Vec::new());
                self.nodes.get_mut(link).unwrap().target.clone_from(target);
                fine()
            }
            Ask::Extended { .. } | Ask::Unknown => {
                wire::status(id, wire::UNSUPPORTED, b"Operation unsupported")
            }
        }
    }
}
