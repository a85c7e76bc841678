//! The sample trees: an evening's settlement files and an instrument's runs, here and on the server.

use std::{
    fs::{self, File, FileTimes},
    io::{self, BufWriter, Write},
    os::unix::fs::symlink,
    path::Path,
    time::{Duration, SystemTime},
};

const MIB: usize = 1024 * 1024;

const README_HERE: &str = "\
Left is this machine, right an SFTP server. Both live in one temporary folder
that goes away when you quit. Things to try:

  Space        mark files and folders, then
  F5           copy them to the other pane; go on browsing while they cross
  w            watch the queue: bytes, rate, and for each file its verdict
                 hash   both ends hashed the file, and the hashes are equal
                 size   the sizes are equal, no more is known
  Tab          the other pane; copy something back
  F6 F7 F8 F2  move, make a folder, remove, rename
  b            the saved sites: files (SFTP), archive (FTP)
  ?            all keys
  q            quit

Good first copies: settlement (many small files) and runs (up to 64 MiB).
";

const README_THERE: &str = "\
This folder is on the SFTP server. Copy into incoming whatever you like,
and runs or reports back to the other pane.
";

/// Makes both trees, and a small one on the second server.
pub(crate) fn fill(here: &Path, there: &Path, archive: &Path) -> io::Result<()> {
    let mut tree = Tree { random: fastrand::Rng::with_seed(20), age: 0 };

    tree.text(&here.join("README.txt"), README_HERE)?;
    let settlement = here.join("settlement/2026-11-20");
    tree.rows(&settlement.join("positions.csv"), "account,instrument,quantity", 4_000)?;
    tree.rows(&settlement.join("cash flows.csv"), "account,currency,amount", 12_000)?;
    tree.rows(&settlement.join("fees.csv"), "account,schedule,amount", 300)?;
    for number in 1..=60 {
        let name = format!("confirmations/confirmation-{number:04}.txt");
        let text = format!("Trade {number:04} confirmed.\nSettlement date 2026-11-24.\n");
        tree.text(&settlement.join(name), &text)?;
    }
    tree.text(&settlement.join("end of day.done"), "")?;
    symlink("2026-11-20", here.join("settlement/latest"))?;
    for (number, size) in [(211, MIB / 4), (212, 3 * MIB), (213, 20 * MIB), (214, 64 * MIB)] {
        tree.noise(&here.join(format!("runs/run-{number:04}.dat")), size)?;
        let notes = format!("Run {number}: detector at 77 K, {size} bytes, no faults.\n");
        tree.text(&here.join(format!("runs/run-{number:04}.txt")), &notes)?;
    }

    tree.text(&there.join("README.txt"), README_THERE)?;
    fs::create_dir_all(there.join("incoming"))?;
    for day in 16..=19 {
        let folder = there.join(format!("settlement/2026-11-{day}"));
        tree.rows(&folder.join("positions.csv"), "account,instrument,quantity", 4_000)?;
        tree.rows(&folder.join("cash flows.csv"), "account,currency,amount", 12_000)?;
    }
    tree.rows(&there.join("reports/übersicht 2026-10.csv"), "account,fees,total", 900)?;
    tree.noise(&there.join("runs/run-0209.dat"), 8 * MIB)?;
    tree.noise(&there.join("runs/run-0210.dat"), 40 * MIB)?;

    for month in 1..=6 {
        let folder = archive.join(format!("2026-{month:02}"));
        tree.rows(&folder.join("positions.csv"), "account,instrument,quantity", 2_000)?;
        tree.rows(&folder.join("fees.csv"), "account,schedule,amount", 300)?;
    }
    tree.noise(&archive.join("runs/run-0150.dat"), 6 * MIB)
}

struct Tree {
    random: fastrand::Rng,
    age: u32,
}

impl Tree {
    fn file(
        &mut self,
        path: &Path,
        write: impl FnOnce(&mut fastrand::Rng, &mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = BufWriter::new(File::create(path)?);
        write(&mut self.random, &mut out)?;
        let file = out.into_inner()?;
        // Times that differ, so that sorting by them shows something.
        self.age += 1;
        let modified = SystemTime::now() - Duration::from_secs(3_600 + 1_237 * u64::from(self.age));
        file.set_times(FileTimes::new().set_modified(modified))
    }

    fn text(&mut self, path: &Path, text: &str) -> io::Result<()> {
        self.file(path, |_, out| out.write_all(text.as_bytes()))
    }

    fn rows(&mut self, path: &Path, header: &str, count: usize) -> io::Result<()> {
        self.file(path, |random, out| {
            writeln!(out, "{header}")?;
            for _ in 0..count {
                let (account, kind) = (random.u32(10_000..99_999), random.u16(100..999));
                let amount = random.i64(-9_000_000..9_000_000);
                writeln!(
                    out,
                    "{account},{kind},{}.{:02}",
                    amount / 100,
                    amount.unsigned_abs() % 100
                )?;
            }
            Ok(())
        })
    }

    fn noise(&mut self, path: &Path, size: usize) -> io::Result<()> {
        self.file(path, |random, out| {
            let mut block = vec![0; 256 * 1024];
            let mut left = size;
            while left > 0 {
                let count = left.min(block.len());
                random.fill(&mut block[..count]);
                out.write_all(&block[..count])?;
                left -= count;
            }
            Ok(())
        })
    }
}
