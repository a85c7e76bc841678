//! The tree itself: nodes, links between them, paths through them. Pure, but for the time it is told.

use std::collections::{BTreeMap, HashMap};

use crate::domain::{
    entry::{Attributes, Kind, SetAttributes, Timestamp},
    error::ErrorKind,
    path::{Name, StoragePath},
};

/// A node, whatever names lead to it.
pub(super) type NodeId = u64;

/// A failure before it is put into words.
pub(super) type Result<T> = std::result::Result<T, ErrorKind>;

const ROOT: NodeId = 0;

/// As many links in a row as Linux follows.
const MOST_LINKS: usize = 40;

/// Everything the storage holds.
pub(super) struct Tree {
    nodes: HashMap<NodeId, Node>,
    next: NodeId,
    /// Names that this makes equal are one name.
    pub(super) fold: Option<Fold>,
}

/// What of a name tells it from others.
pub(super) type Fold = fn(&[u8]) -> Vec<u8>;

struct Node {
    content: Content,
    permissions: u32,
    modified: Timestamp,
    denied: bool,
    /// Open streams: a file without a name lives until the last of them is gone.
    handles: usize,
    named: bool,
}

enum Content {
    File(Vec<u8>),
    Directory(BTreeMap<Name, NodeId>),
    Symlink(Vec<u8>),
}

/// The way a path took, without `.`, `..` and links.
struct Walk {
    steps: Vec<(Name, NodeId)>,
    /// The last component, if nothing stands there.
    absent: Option<Name>,
}

/// Where a path leads: the directory, the last component, and what stands there.
struct Spot {
    directory: NodeId,
    name: Name,
    node: Option<NodeId>,
}

impl Tree {
    pub(super) fn new(now: Timestamp) -> Self {
        let root = Node::new(Content::Directory(BTreeMap::new()), 0o755, now);
        Self { nodes: HashMap::from([(ROOT, root)]), next: ROOT + 1, fold: None }
    }

    fn node(&self, id: NodeId) -> Result<&Node> {
        self.nodes.get(&id).ok_or(ErrorKind::NotFound)
    }

    fn node_mut(&mut self, id: NodeId) -> Result<&mut Node> {
        self.nodes.get_mut(&id).ok_or(ErrorKind::NotFound)
    }

    fn children(&self, id: NodeId) -> Result<&BTreeMap<Name, NodeId>> {
        let node = self.node(id)?;
        match &node.content {
            Content::Directory(_) if node.denied => Err(ErrorKind::PermissionDenied),
            Content::Directory(children) => Ok(children),
            _ => Err(ErrorKind::NotADirectory),
        }
    }

    fn children_mut(&mut self, id: NodeId, now: Timestamp) -> Result<&mut BTreeMap<Name, NodeId>> {
        self.children(id)?;
        let node = self.node_mut(id)?;
        node.modified = now;
        match &mut node.content {
            Content::Directory(children) => Ok(children),
            _ => Err(ErrorKind::NotADirectory),
        }
    }

    /// What stands under a name in a directory, and the name it was given.
    fn child(&self, directory: NodeId, name: &Name) -> Result<Option<(Name, NodeId)>> {
        let children = self.children(directory)?;
        let found = children.get_key_value(name).or_else(|| {
            let fold = self.fold?;
            let wanted = fold(name.as_bytes());
            children.iter().find(|(stored, _)| fold(stored.as_bytes()) == wanted)
        });
        Ok(found.map(|(stored, child)| (stored.clone(), *child)))
    }

    /// Walks a path. Its last component may be absent.
    fn walk(&self, path: &[u8], follow_last: bool) -> Result<Walk> {
        let mut steps: Vec<(Name, NodeId)> = Vec::new();
        let mut todo: Vec<Vec<u8>> = components(path);
        let mut links = 0;
        while let Some(component) = todo.pop() {
            let here = steps.last().map_or(ROOT, |(_, id)| *id);
            match component.as_slice() {
                b"" | b"." => continue,
                b".." => {
                    steps.pop();
                    continue;
                }
                _ => {}
            }
            let name = Name::new(&component).map_err(|_| ErrorKind::InvalidName)?;
            let last = todo.is_empty();
            let Some((stored, child)) = self.child(here, &name)? else {
                return if last {
                    Ok(Walk { steps, absent: Some(name) })
                } else {
                    Err(ErrorKind::NotFound)
                };
            };
            match &self.node(child)?.content {
                Content::Symlink(target) if !last || follow_last => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(ErrorKind::Failed);
                    }
                    if target.first() == Some(&b'/') {
                        steps.clear();
                    }
                    todo.extend(components(target));
                }
                _ => steps.push((stored, child)),
            }
        }
        Ok(Walk { steps, absent: None })
    }

    /// The node a path leads to.
    pub(super) fn find(&self, path: &StoragePath, follow_last: bool) -> Result<NodeId> {
        match self.walk(path.as_bytes(), follow_last)? {
            Walk { absent: Some(_), .. } => Err(ErrorKind::NotFound),
            Walk { steps, absent: None } => Ok(steps.last().map_or(ROOT, |(_, id)| *id)),
        }
    }

    fn spot(&self, path: &StoragePath) -> Result<Spot> {
        let Walk { mut steps, absent } = self.walk(path.as_bytes(), false)?;
        let (name, node) = match absent {
            Some(name) => (name, None),
            None => {
                let (name, node) = steps.pop().ok_or(ErrorKind::AlreadyExists)?;
                (name, Some(node))
            }
        };
        let directory = steps.last().map_or(ROOT, |(_, id)| *id);
        self.children(directory)?;
        Ok(Spot { directory, name, node })
    }

    pub(super) fn canonical(&self, path: &StoragePath) -> Result<StoragePath> {
        let Walk { steps, absent } = self.walk(path.as_bytes(), true)?;
        let names = steps.iter().map(|(name, _)| name).chain(absent.as_ref());
        Ok(names.fold(StoragePath::root(), |path, name| path.join(name)))
    }

    pub(super) fn attributes(&self, id: NodeId) -> Result<Attributes> {
        let node = self.node(id)?;
        Ok(Attributes {
            kind: node.kind(),
            size: Some(match &node.content {
                Content::File(bytes) | Content::Symlink(bytes) => bytes.len() as u64,
                Content::Directory(_) => 0,
            }),
            modified: Some(node.modified),
            permissions: Some(node.permissions),
            owner: Some((1000, 1000)),
        })
    }

    pub(super) fn rows(&self, id: NodeId) -> Result<Vec<(Name, Attributes)>> {
        let rows = self.children(id)?.iter();
        rows.map(|(name, &child)| Ok((name.clone(), self.attributes(child)?))).collect()
    }

    fn add(&mut self, spot: Spot, node: Node) -> Result<NodeId> {
        if spot.node.is_some() {
            return Err(ErrorKind::AlreadyExists);
        }
        let now = node.modified;
        let id = self.next;
        self.children_mut(spot.directory, now)?.insert(spot.name, id);
        self.next += 1;
        self.nodes.insert(id, node);
        Ok(id)
    }

    pub(super) fn add_file(
        &mut self,
        path: &StoragePath,
        permissions: u32,
        now: Timestamp,
    ) -> Result<NodeId> {
        let spot = self.spot(path)?;
        self.add(spot, Node::new(Content::File(Vec::new()), permissions, now))
    }

    pub(super) fn add_directory(
        &mut self,
        path: &StoragePath,
        permissions: u32,
        now: Timestamp,
    ) -> Result<()> {
        let spot = self.spot(path)?;
        self.add(spot, Node::new(Content::Directory(BTreeMap::new()), permissions, now)).map(drop)
    }

    pub(super) fn add_link(
        &mut self,
        path: &StoragePath,
        target: &[u8],
        now: Timestamp,
    ) -> Result<()> {
        let spot = self.spot(path)?;
        self.add(spot, Node::new(Content::Symlink(target.to_vec()), 0o777, now)).map(drop)
    }

    pub(super) fn link_target(&self, id: NodeId) -> Result<Vec<u8>> {
        match &self.node(id)?.content {
            Content::Symlink(target) => Ok(target.clone()),
            _ => Err(ErrorKind::Invalid),
        }
    }

    pub(super) fn remove_file(&mut self, path: &StoragePath, now: Timestamp) -> Result<()> {
        let spot = self.spot(path)?;
        let id = spot.node.ok_or(ErrorKind::NotFound)?;
        if self.node(id)?.kind() == Kind::Directory {
            return Err(ErrorKind::IsADirectory);
        }
        self.children_mut(spot.directory, now)?.remove(&spot.name);
        self.unname(id);
        Ok(())
    }

    pub(super) fn remove_directory(&mut self, path: &StoragePath, now: Timestamp) -> Result<()> {
        let spot = self.spot(path)?;
        let id = spot.node.ok_or(ErrorKind::NotFound)?;
        if !self.children(id)?.is_empty() {
            return Err(ErrorKind::NotEmpty);
        }
        self.children_mut(spot.directory, now)?.remove(&spot.name);
        self.unname(id);
        Ok(())
    }

    pub(super) fn rename(
        &mut self,
        from: &StoragePath,
        to: &StoragePath,
        replace: bool,
        now: Timestamp,
    ) -> Result<()> {
        let source = self.spot(from)?;
        let target = self.spot(to)?;
        let moved = source.node.ok_or(ErrorKind::NotFound)?;
        if let Some(taken) = target.node {
            if !replace {
                return Err(ErrorKind::AlreadyExists);
            }
            if taken == moved {
                return Ok(());
            }
            match (self.node(moved)?.kind(), self.node(taken)?.kind()) {
                (Kind::Directory, Kind::Directory) => return Err(ErrorKind::AlreadyExists),
                (Kind::Directory, _) => return Err(ErrorKind::NotADirectory),
                (_, Kind::Directory) => return Err(ErrorKind::IsADirectory),
                _ => {}
            }
        }
        let canonical = |path: &StoragePath| {
            let name = path.name().ok_or(ErrorKind::Invalid)?;
            let parent = path.parent().unwrap_or_else(StoragePath::root);
            Ok(self.canonical(&parent)?.join(&name))
        };
        if canonical(to)?.is_within(&canonical(from)?) {
            return Err(ErrorKind::Invalid);
        }
        self.children_mut(source.directory, now)?.remove(&source.name);
        self.children_mut(target.directory, now)?.insert(target.name, moved);
        if let Some(replaced) = target.node {
            self.unname(replaced);
        }
        Ok(())
    }

    fn unname(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.named = false;
            if node.handles == 0 {
                self.nodes.remove(&id);
            }
        }
    }

    /// Opens a file; [`Tree::close`] belongs to it.
    pub(super) fn open(&mut self, id: NodeId) -> Result<()> {
        let node = self.node_mut(id)?;
        match node.content {
            Content::Directory(_) => Err(ErrorKind::IsADirectory),
            Content::Symlink(_) => Err(ErrorKind::Failed),
            Content::File(_) if node.denied => Err(ErrorKind::PermissionDenied),
            Content::File(_) => {
                node.handles += 1;
                Ok(())
            }
        }
    }

    pub(super) fn close(&mut self, id: NodeId) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.handles -= 1;
            if node.handles == 0 && !node.named {
                self.nodes.remove(&id);
            }
        }
    }

    pub(super) fn handles(&self) -> usize {
        self.nodes.values().map(|node| node.handles).sum()
    }

    pub(super) fn bytes(&self, id: NodeId) -> Result<&[u8]> {
        match &self.node(id)?.content {
            Content::File(bytes) => Ok(bytes),
            Content::Directory(_) => Err(ErrorKind::IsADirectory),
            Content::Symlink(_) => Err(ErrorKind::Failed),
        }
    }

    pub(super) fn bytes_mut(&mut self, id: NodeId, now: Timestamp) -> Result<&mut Vec<u8>> {
        let node = self.node_mut(id)?;
        node.modified = now;
        match &mut node.content {
            Content::File(bytes) => Ok(bytes),
            _ => Err(ErrorKind::Failed),
        }
    }

    pub(super) fn set(&mut self, id: NodeId, attributes: &SetAttributes) -> Result<()> {
        let node = self.node_mut(id)?;
        if node.denied {
            return Err(ErrorKind::PermissionDenied);
        }
        node.permissions = attributes.permissions.unwrap_or(node.permissions) & 0o7777;
        node.modified = attributes.modified.unwrap_or(node.modified);
        Ok(())
    }

    pub(super) fn deny(&mut self, id: NodeId, denied: bool) -> Result<()> {
        self.node_mut(id)?.denied = denied;
        Ok(())
    }

    pub(super) fn is_denied(&self, id: NodeId) -> Result<bool> {
        Ok(self.node(id)?.denied)
    }

    /// Every path there is, the root left out, denied or not.
    pub(super) fn paths(&self) -> Vec<StoragePath> {
        let mut found = Vec::new();
        let mut todo = vec![(StoragePath::root(), ROOT)];
        while let Some((path, id)) = todo.pop() {
            let Some(Node { content: Content::Directory(children), .. }) = self.nodes.get(&id)
            else {
                continue;
            };
            for (name, &child) in children {
                found.push(path.join(name));
                todo.push((path.join(name), child));
            }
        }
        found.sort();
        found
    }
}

impl Node {
    fn new(content: Content, permissions: u32, modified: Timestamp) -> Self {
        Self { content, permissions, modified, denied: false, handles: 0, named: true }
    }

    fn kind(&self) -> Kind {
        match self.content {
            Content::File(_) => Kind::File,
            Content::Directory(_) => Kind::Directory,
            Content::Symlink(_) => Kind::Symlink,
        }
    }
}

/// A path's components, the first one last, so that they can be popped.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|&byte| byte == b'/').rev().map(<[u8]>::to_vec).collect()
}
