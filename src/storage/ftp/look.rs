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
    /// The same, most likely for nothing: all that may be asked is asked at once.
    Doubtful,
}

impl Server {
    /// What stands there, links not followed as far as the server tells them.
    pub(super) async fn look(&self, path: &StoragePath) -> Result<Attributes, Fault> {
        self.look_with(path, Care::Thorough).await
    }

    /// The same for a name that most likely is free.
    pub(super) async fn look_in_doubt(&self, path: &StoragePath) -> Result<Attributes, Fault> {
        self.look_with(path, Care::Doubtful).await
    }

    /// The same, where a name that cannot be seen counts as free.
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
        let why = if care == Care::Doubtful { self.ask_why_no_facts(path)? } else { None };
        let mut told =
            self.ask_all([self.about("MLST", path)?].into_iter().chain(why)).await?.into_iter();
        let reply = told.next().ok_or_else(lost)?;
        if reply.is_done() {
            let told = attributes_in(&reply)?;
            let may_be_a_link = self.features.hides_links && told.permissions == Some(OF_LINKS);
            return if may_be_a_link { self.look_for_a_link(path, told).await } else { Ok(told) };
        }
        let fault = Fault::of(&reply);
        if care == Care::Quick || fault.kind != ErrorKind::Failed {
            return Err(fault);
        }
        let fault = self.why_no_facts(fault, path, told.next()).await;
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

    /// What tells why there are no facts.
    fn ask_why_no_facts(&self, path: &StoragePath) -> Result<Option<Command>, Fault> {
        if self.features.says_why_not_entered {
            return self.about("CWD", path).map(Some);
        }
        // Not by trying to enter: Pure-FTPd makes who fails at that wait.
        self.absolute(path).parent().map(|parent| self.about("MLST", &parent)).transpose()
    }

    /// Refusing facts, servers do not say why. `told` is the answer to what was asked about that, if it was.
    async fn why_no_facts(&self, fault: Fault, path: &StoragePath, told: Option<Reply>) -> Fault {
        let found = async {
            let reply = match (told, self.ask_why_no_facts(path)?) {
                (Some(told), _) => told,
                (None, Some(question)) => {
                    let [reply] = self.ask([question]).await?;
                    reply
                }
                (None, None) => return Ok(fault),
            };
            if self.features.says_why_not_entered {
                return Ok(if reply.is_done() { fault } else { Fault::of(&reply) });
            }
            if !reply.is_done() {
                let Some(parent) = self.absolute(path).parent() else { return Ok(fault) };
                return Ok(Box::pin(self.why_no_facts(Fault::of(&reply), &parent, None)).await);
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
        let mut questions = vec![self.about("SIZE", &path)?, self.about("MDTM", &path)?];
        let mut others = vec![self.about("CWD", &parent)?, pwd(), self.about("CWD", &path)?, pwd()];
        if care == Care::Doubtful {
            others.extend(self.ask_for_its_row(&parent, &path)?);
        }
        // Most likely it is no file either, or nobody else has to wait: all that may be asked is asked at once.
        if care != Care::Thorough || self.pool.is_quiet() {
            questions.append(&mut others);
        }
        let mut told = self.ask_all(questions).await?.into_iter();
        let (size, modified) = (told.next().ok_or_else(lost)?, told.next().ok_or_else(lost)?);
        if let Some(file) = file_of(&size, &modified) {
            return Ok(file);
        }
        if !others.is_empty() {
            told = self.ask_all(others).await?.into_iter();
        }
        let mut next = || told.next().ok_or_else(lost);
        let (above, above_is, inside, inside_is) = (next()?, next()?, next()?, next()?);
        let row = told.next();
        if !inside.is_done() {
            let fault = Fault::of(&inside);
            if fault.kind != ErrorKind::Failed {
                return Err(fault);
            }
            return match care {
                Care::Quick => Err(absent()),
                Care::Thorough | Care::Doubtful => {
                    self.look_from_above(&path, &parent, above.is_done(), row).await
                }
            };
        }
        let is_link = above.is_done() && self.leads_elsewhere(&path, &above_is, &inside_is);
        let kind = if is_link { Kind::Symlink } else { Kind::Directory };
        Ok(Attributes { modified: time_of(&modified), ..Attributes::of_kind(kind) })
    }

    /// What lists the row of a name, and of few others, where that takes no data connection. Never a directory: the row is
    /// asked for by a pattern, which is no directory's name.
    fn ask_for_its_row(
        &self,
        parent: &StoragePath,
        path: &StoragePath,
    ) -> Result<Option<Command>, Fault> {
        let name = path.name().filter(|_| self.features.lists_by_stat);
        let pattern = name.and_then(|name| pattern_of(name.as_bytes()));
        let question = |pattern| self.about("STAT -a", &parent.join_typed(&pattern));
        pattern.map(question).transpose()
    }

    /// Neither a file that has a size nor a directory that can be entered, and the server does not say why: the
    /// directory that holds it has a row of it, or has not.
    async fn look_from_above(
        &self,
        path: &StoragePath,
        parent: &StoragePath,
        can_enter_parent: bool,
        row: Option<Reply>,
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
        let row = match (row, self.ask_for_its_row(parent, path)?) {
            (None, Some(question)) => self.ask([question]).await?.into_iter().next(),
            (row, _) => row,
        };
        if let Some(row) = row.filter(|row| row.status() == Status::File) {
            return rows::row_of(&row, &name, self.names()).ok_or_else(absent);
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

    /// What tells in one go whether a name is free.
    pub(super) fn ask_whether_free(&self, path: &StoragePath) -> Result<Vec<Command>, Fault> {
        let mut questions = self.look_at_file(path)?;
        if !self.has_facts() {
            questions.push(self.about("CWD", path)?);
        }
        Ok(questions)
    }

    /// Whether the answers say that it is. Where they are about something else, nothing is said.
    pub(super) fn tells_it_is_free(&self, replies: &[Reply]) -> bool {
        let no = match replies {
            [facts] => facts,
            [size, _, inside] if size.status() != Status::File => inside,
            _ => return false,
        };
        !no.is_done() && matches!(Fault::of(no).kind, ErrorKind::NotFound | ErrorKind::Failed)
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

pub(super) fn absent() -> Fault {
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

/// A pattern that a name matches, and few others do: any letter in the place of one that is written alike everywhere.
/// `None` where the name may be taken for a pattern itself.
fn pattern_of(name: &[u8]) -> Option<Vec<u8>> {
    if name.iter().any(|byte| b"*?[]{},\\".contains(byte)) {
        return None;
    }
    let at = name.iter().position(u8::is_ascii_graphic)?;
    let mut pattern = name.to_vec();
    pattern[at] = b'?';
    Some(pattern)
}

fn lost() -> Fault {
    Fault::protocol("replies were lost")
}

/// Servers on file systems that know no case may answer with another one.
fn is_same_but_for_case(a: &StoragePath, b: &StoragePath) -> bool {
    a.as_bytes().eq_ignore_ascii_case(b.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_asked_for_by_a_pattern_that_few_others_match() {
        for (name, pattern) in
            [("file", "?ile"), (".part", "?part"), ("übung", "ü?ung"), ("-x", "?x")]
        {
            assert_eq!(pattern_of(name.as_bytes()).as_deref(), Some(pattern.as_bytes()));
        }
        for name in ["[a]", "a*", "{a,b}", "a\\b", "üä"] {
            assert_eq!(pattern_of(name.as_bytes()), None, "{name}");
        }
    }
}
