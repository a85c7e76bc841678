//! What stands under a path: by MLST, or by what SIZE, MDTM, CWD and PWD let one conclude.

use super::{
    fault::Fault,
    features::note,
    listing, path_in, rows,
    server::Server,
    time,
    wire::{Command, Reply},
};
use crate::domain::{
    entry::{Attributes, Kind, Timestamp},
    error::ErrorKind,
    path::StoragePath,
};
use suppaftp::Status;

/// Rights that links have, and little else.
const OF_LINKS: u32 = 0o777;

/// How closely is looked where a server says too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Care {
    /// In one or two round trips, most likely for nothing: is the name free?
    Quick,
    /// Through the listing of the directory that holds it, if need be.
    Thorough,
}

impl Server {
    /// What stands there, links not followed as far as the server tells them.
    pub(super) async fn look(&self, path: &StoragePath) -> Result<Attributes, Fault> {
        self.look_with(path, Care::Thorough).await
    }

    /// The same for a name that most likely is free.
    pub(super) async fn look_whether_free(&self, path: &StoragePath) -> Result<Attributes, Fault> {
        self.look_with(path, Care::Quick).await
    }

    async fn look_with(&self, path: &StoragePath, care: Care) -> Result<Attributes, Fault> {
        if self.has_facts() {
            match self.look_at_facts(path, care).await {
                Err(fault) if fault.kind == ErrorKind::Unsupported => {
                    note(&self.login().habits.no_facts);
                }
                looked => return looked,
            }
        }
        self.look_without_facts(path, care).await
    }

    async fn look_at_facts(&self, path: &StoragePath, care: Care) -> Result<Attributes, Fault> {
        let reply = self.facts(path).await?;
        if reply.is_done() {
            let told = attributes_in(&reply)?;
            let may_be_a_link = self.features.hides_links && told.permissions == Some(OF_LINKS);
            return if may_be_a_link { self.look_for_a_link(path, told).await } else { Ok(told) };
        }
        let fault = Fault::of(&reply);
        if care == Care::Quick || fault.kind != ErrorKind::Failed {
            return Err(fault);
        }
        let fault = self.why_no_facts(fault, path).await;
        if fault.kind != ErrorKind::Failed {
            return Err(fault);
        }
        // Nothing stands against it: it may have been made meanwhile.
        let reply = self.facts(path).await?;
        if reply.is_done() { attributes_in(&reply) } else { Err(fault) }
    }

    /// What was told may be of a link: then the file it leads to has most likely another size, and the directory another
    /// path.
    async fn look_for_a_link(
        &self,
        path: &StoragePath,
        told: Attributes,
    ) -> Result<Attributes, Fault> {
        let path = self.absolute(path);
        let is_link = match (told.kind, path.parent()) {
            (Kind::File, _) => {
                let commands = [self.about("SIZE", &path)?, self.about("MLST", &path)?];
                let [size, again] = self.ask(commands).await?;
                // One that grows meanwhile is told longer the second time.
                let stays = again.is_done() && attributes_in(&again)?.size == told.size;
                stays && size.status() == Status::File && size_in(&size) != told.size
            }
            (Kind::Directory, Some(parent)) => {
                let pwd = || Command::bare("PWD");
                let commands =
                    [self.about("CWD", &parent)?, pwd(), self.about("CWD", &path)?, pwd()];
                let [above, above_is, inside, inside_is] = self.ask(commands).await?;
                above.is_done()
                    && inside.is_done()
                    && self.leads_elsewhere(&path, &above_is, &inside_is)
            }
            _ => false,
        };
        Ok(if is_link { Attributes { kind: Kind::Symlink, ..told } } else { told })
    }

    /// Whether one who entered a directory is in another than the name in the one above says.
    fn leads_elsewhere(&self, path: &StoragePath, above: &Reply, inside: &Reply) -> bool {
        let is = |reply| path_in(reply, self.names());
        match (is(above), is(inside), path.name()) {
            (Some(above), Some(inside), Some(name)) => {
                !is_same_but_for_case(&inside, &above.join(&name))
            }
            _ => false,
        }
    }

    async fn facts(&self, path: &StoragePath) -> Result<Reply, Fault> {
        let [reply] = self.ask([self.about("MLST", path)?]).await?;
        Ok(reply)
    }

    /// Refusing facts, servers do not say why.
    async fn why_no_facts(&self, fault: Fault, path: &StoragePath) -> Fault {
        let found = async {
            if self.features.says_why_not_entered {
                let [entered] = self.ask([self.about("CWD", path)?]).await?;
                return Ok(if entered.is_done() { fault } else { Fault::of(&entered) });
            }
            // Not by trying to enter: Pure-FTPd makes who fails at that wait.
            let Some(parent) = self.absolute(path).parent() else { return Ok(fault) };
            let reply = self.facts(&parent).await?;
            if !reply.is_done() {
                return Ok(Box::pin(self.why_no_facts(Fault::of(&reply), &parent)).await);
            }
            let may_enter = fact_lines(&reply).find_map(listing::may_be_entered);
            Ok(match may_enter {
                Some(false) => {
                    let why = "the directory that holds it may not be entered";
                    Fault::new(ErrorKind::PermissionDenied, why)
                }
                _ => absent(),
            })
        };
        found.await.unwrap_or_else(|fault: Fault| fault)
    }

    /// SIZE and MDTM tell of files, CWD and PWD of directories, and where a link to one leads.
    async fn look_without_facts(
        &self,
        path: &StoragePath,
        care: Care,
    ) -> Result<Attributes, Fault> {
        let path = self.absolute(path);
        let Some(parent) = path.parent() else { return Ok(Attributes::of_kind(Kind::Directory)) };
        let pwd = || Command::bare("PWD");
        let file = [self.about("SIZE", &path)?, self.about("MDTM", &path)?];
        let directory = [self.about("CWD", &parent)?, pwd(), self.about("CWD", &path)?, pwd()];
        // Most likely it is no file either, or nobody else has to wait: all that may be asked is asked at once.
        let at_once = care == Care::Quick || self.pool.is_quiet();
        let (size, modified, directory) = match at_once {
            true => {
                let ([size, modified], [a, b, c, d]) = (file, directory);
                let [size, modified, a, b, c, d] = self.ask([size, modified, a, b, c, d]).await?;
                (size, modified, Ok([a, b, c, d]))
            }
            false => {
                let [size, modified] = self.ask(file).await?;
                (size, modified, Err(directory))
            }
        };
        if let Some(file) = file_of(&size, &modified) {
            return Ok(file);
        }
        let [above, above_is, inside, inside_is] = match directory {
            Ok(told) => told,
            Err(commands) => self.ask(commands).await?,
        };
        if !inside.is_done() {
            let fault = Fault::of(&inside);
            if fault.kind != ErrorKind::Failed {
                return Err(fault);
            }
            return match care {
                Care::Quick => Err(absent()),
                Care::Thorough => self.look_from_above(&path, &parent, above.is_done()).await,
            };
        }
        let is_link = above.is_done() && self.leads_elsewhere(&path, &above_is, &inside_is);
        let kind = if is_link { Kind::Symlink } else { Kind::Directory };
        Ok(Attributes { modified: time_of(&modified), ..Attributes::of_kind(kind) })
    }

    /// Neither a file that has a size nor a directory that can be entered, and the server does not say why: the
    /// directory that holds it has a row of it, or has not.
    async fn look_from_above(
        &self,
        path: &StoragePath,
        parent: &StoragePath,
        can_enter_parent: bool,
    ) -> Result<Attributes, Fault> {
        if !can_enter_parent {
            return match Box::pin(self.look_without_facts(parent, Care::Thorough)).await {
                Ok(there) if there.kind == Kind::Directory => {
                    let why = "the directory that holds it may not be entered";
                    Err(Fault::new(ErrorKind::PermissionDenied, why))
                }
                Ok(_) => Err(absent()),
                Err(fault) => Err(fault),
            };
        }
        let Some(name) = path.name() else { return Err(absent()) };
        if self.features.lists_by_stat && !may_be_a_pattern(name.as_bytes()) {
            let [row] = self.ask([self.about("STAT -a", path)?]).await?;
            if row.status() == Status::File {
                return rows::row_of(&row, &name, self.names()).ok_or_else(absent);
            }
        }
        rows::find(self, parent, &name).await?.ok_or_else(absent)
    }

    /// What tells of a file in one go.
    pub(super) fn look_at_file(&self, path: &StoragePath) -> Result<Vec<Command>, Fault> {
        Ok(match self.has_facts() {
            true => vec![self.about("MLST", path)?],
            false => vec![self.about("SIZE", path)?, self.about("MDTM", path)?],
        })
    }

    /// What it told, where that is enough.
    pub(super) fn file_in(&self, replies: &[Reply]) -> Option<Attributes> {
        let told = match replies {
            [facts] if facts.is_done() => attributes_in(facts).ok(),
            [size, modified] => file_of(size, modified),
            _ => None,
        };
        told.filter(|there| there.kind == Kind::File)
    }

    /// What stands there, links followed.
    pub(super) async fn look_through(&self, path: &StoragePath) -> Result<Attributes, Fault> {
        let there = self.look(path).await?;
        if there.kind != Kind::Symlink {
            return Ok(there);
        }
        let commands =
            [self.about("SIZE", path)?, self.about("MDTM", path)?, self.about("CWD", path)?];
        let [size, modified, inside] = self.ask(commands).await?;
        if inside.is_done() {
            let modified = time_of(&modified);
            return Ok(Attributes { modified, ..Attributes::of_kind(Kind::Directory) });
        }
        let nowhere = || Fault::new(ErrorKind::NotFound, "the link leads nowhere");
        file_of(&size, &modified).ok_or_else(nowhere)
    }
}

fn attributes_in(reply: &Reply) -> Result<Attributes, Fault> {
    let told = fact_lines(reply).find_map(listing::attributes_of);
    told.ok_or_else(|| Fault::protocol("the server's facts about it make no sense"))
}

/// The first line and the last are words.
fn fact_lines(reply: &Reply) -> impl Iterator<Item = &[u8]> {
    reply.lines().iter().map(Vec::as_slice)
}

fn absent() -> Fault {
    Fault::new(ErrorKind::NotFound, "there is no such file or directory")
}

/// A file, where SIZE has an answer.
fn file_of(size: &Reply, modified: &Reply) -> Option<Attributes> {
    (size.status() == Status::File).then(|| Attributes {
        size: size_in(size),
        modified: time_of(modified),
        ..Attributes::of_kind(Kind::File)
    })
}

fn size_in(reply: &Reply) -> Option<u64> {
    String::from_utf8_lossy(reply.last()).trim().parse().ok()
}

fn time_of(reply: &Reply) -> Option<Timestamp> {
    if reply.status() == Status::File { time::parse(reply.last().trim_ascii()) } else { None }
}

/// Whether a name may stand for others, where names are patterns.
fn may_be_a_pattern(name: &[u8]) -> bool {
    name.iter().any(|byte| b"*?[]{},\\".contains(byte))
}

/// Servers on file systems that know no case may answer with another one.
fn is_same_but_for_case(a: &StoragePath, b: &StoragePath) -> bool {
    a.as_bytes().eq_ignore_ascii_case(b.as_bytes())
}
