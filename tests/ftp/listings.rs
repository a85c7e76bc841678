//! What servers we do not have print for LIST, from their documentation and from what people report of them.

use tokio::time::{Duration, timeout};
use wharf::domain::entry::Kind;

use super::*;

const SOON: Duration = Duration::from_secs(20);

/// Kind, size and name of each row that is to come out of a listing; nothing may be refused.
async fn reads(listing: &str, expected: &[(Kind, Option<u64>, &str)]) {
    let lines = listing.replace('\n', "\r\n");
    let evil = EvilFtp::start(|world| {
        world.features(&["SIZE", "MDTM"]);
        world.listing(lines);
    });
    let storage = connect(&evil).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let rows = timeout(SOON, listing.collect()).await.unwrap().unwrap();
    assert!(rows.refused.is_empty(), "{:?}", rows.refused);
    let mut told: Vec<_> = rows
        .entries
        .iter()
        .map(|row| {
            let size = row.attributes.size.filter(|_| row.attributes.kind == Kind::File);
            (row.attributes.kind, size, String::from_utf8_lossy(row.name.as_bytes()).into_owned())
        })
        .collect();
    told.sort_by(|a, b| a.2.cmp(&b.2));
    let expected: Vec<_> =
        expected.iter().map(|(kind, size, name)| (*kind, *size, String::from(*name))).collect();
    assert_eq!(told, expected);
    for row in &rows.entries {
        assert!(row.attributes.modified.is_some(), "{:?} has no time", row.name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn iis_in_the_manner_of_dos() {
    reads(
        "02-25-20  09:12AM       <DIR>          aspnet_client\n\
         10-09-2023  11:59PM             1048576 big file.bin\n\
         01-01-00  12:00AM                   0 empty.txt\n\
         12-31-21  12:30PM       <DIR>          Ordner mit Leerzeichen\n",
        &[
            (Kind::Directory, None, "Ordner mit Leerzeichen"),
            (Kind::Directory, None, "aspnet_client"),
            (Kind::File, Some(1_048_576), "big file.bin"),
            (Kind::File, Some(0), "empty.txt"),
        ],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn iis_in_the_manner_of_unix() {
    reads(
        "drwxrwxrwx   1 owner    group               0 Feb 25  2020 aspnet_client\n\
         -rwxrwxrwx   1 owner    group         1048576 Oct  9 23:59 big file.bin\n",
        &[(Kind::Directory, None, "aspnet_client"), (Kind::File, Some(1_048_576), "big file.bin")],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filezilla_server() {
    reads(
        "drwxr-xr-x 1 ftp ftp              0 Jan 12 10:01 incoming\n\
         -rw-r--r-- 1 ftp ftp     5368709120 Dec 31  2019 backup.tar\n\
         -r--r--r-- 1 ftp ftp             17 Feb 29  2024  leading space.txt\n",
        &[
            (Kind::File, Some(17), " leading space.txt"),
            (Kind::File, Some(5_368_709_120), "backup.tar"),
            (Kind::Directory, None, "incoming"),
        ],
    )
    .await;
}

/// AS/400 after SITE LISTFMT 1, in the Integrated File System.
#[tokio::test(flavor = "multi_thread")]
async fn as_400_in_unix_mode() {
    reads(
        "drwxrwsrwx  3 QSYS       0             8192 Mar 14 08:15 QOpenSys\n\
         -rwx---rwx  1 USER01     0            26624 Nov 02  2022 ORDERS.csv\n\
         drwx---rwx  2 USER01     *NOGROUP         0 Jun 30  2021 archive\n",
        &[
            (Kind::File, Some(26_624), "ORDERS.csv"),
            (Kind::Directory, None, "QOpenSys"),
            (Kind::Directory, None, "archive"),
        ],
    )
    .await;
}

/// z/OS in its hierarchical file system.
#[tokio::test(flavor = "multi_thread")]
async fn z_os_in_unix_mode() {
    reads(
        "total 48\n\
         drwxr-xr-x   2 BPXROOT  SYS1        8192 Sep 15  2020 bin\n\
         -rw-r-----   1 IBMUSER  SYS1        1234 Jan  7 23:05 profile.sh\n\
         lrwxrwxrwx   1 BPXROOT  SYS1          12 Sep 15  2020 tmp -> $SYSNAME/tmp\n\
         crw-rw-rw-   1 BPXROOT  SYS1      1,   3 Sep 15  2020 null\n",
        &[
            (Kind::Directory, None, "bin"),
            (Kind::Other, None, "null"),
            (Kind::File, Some(1234), "profile.sh"),
            (Kind::Symlink, None, "tmp"),
        ],
    )
    .await;
}

/// BusyBox and ProFTPD as appliances carry them: numbers for owners, marks of access lists, bits set beyond 777.
#[tokio::test(flavor = "multi_thread")]
async fn network_storage_boxes() {
    reads(
        "total 12\n\
         drwxrwxrwx+  14 admin    users         4096 Jul  4 12:00 Multimedia\n\
         -rw-rw-rw-.   1 1000     100        1048577 Aug 15  2018 photo (1).jpg\n\
         drwxrwsr-t@   2 0        0               64 Dec  1  2020 homes\n\
         -rwsr-Sr-T    1 0        0                5 Dec  1  2020 odd bits\n\
         lrwxrwxrwx    1 0        0               11 Dec  1  2020 Public -> /share/Public\n",
        &[
            (Kind::Directory, None, "Multimedia"),
            (Kind::Symlink, None, "Public"),
            (Kind::Directory, None, "homes"),
            (Kind::File, Some(5), "odd bits"),
            (Kind::File, Some(1_048_577), "photo (1).jpg"),
        ],
    )
    .await;
}

/// Servers without groups, and ones whose dates come in the order of the rest of the world.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_are_missing_or_turned() {
    reads(
        "-rw-r--r--   1 owner          42 Mar  3  2021 no group\n\
         -rw-r--r--   1 owner    group          42 3 Mar  2021 day first\n\
         -rw-r--r--   1 owner    group          42 2021-03-03 12:15 iso\n",
        &[
            (Kind::File, Some(42), "day first"),
            (Kind::File, Some(42), "iso"),
            (Kind::File, Some(42), "no group"),
        ],
    )
    .await;
}

/// What stands in them is longer than the columns are wide: what can be told is told.
#[tokio::test(flavor = "multi_thread")]
async fn columns_that_run_together() {
    reads(
        "-rw-r--r--12345 owner    group         42 Mar  3  2021 many links\n\
         drwxr-xr-x   2 a_very_long_owneranda_group   4096 Mar  3  2021 long names\n\
         -rw-r--r--   1 owner    group 123456789012345 Mar  3  2021 large\n",
        &[
            (Kind::File, Some(123_456_789_012_345), "large"),
            (Kind::Directory, None, "long names"),
            (Kind::File, Some(42), "many links"),
        ],
    )
    .await;
}

/// And where a size could only be made up the line is shown as one that makes no sense, not left out and not guessed at.
#[tokio::test(flavor = "multi_thread")]
async fn a_size_that_runs_into_another_column_is_not_guessed_at() {
    let lines = [
        "-rw-r--r--   1 owner    group123456789012 Mar  3  2021 into the group",
        "-rw-r--r--   1 owner    group    123456Mar  3  2021 into the date",
    ];
    let evil = EvilFtp::start(|world| {
        world.features(&["SIZE", "MDTM"]);
        world.listing(lines.map(|line| format!("{line}\r\n")).concat());
    });
    let storage = connect(&evil).await;
    let listing = storage.list(&StoragePath::new("/srv")).await.unwrap();
    let rows = timeout(SOON, listing.collect()).await.unwrap().unwrap();
    assert!(rows.entries.is_empty(), "{:?}", rows.entries);
    let refused: Vec<&[u8]> = rows.refused.iter().map(|refused| &*refused.bytes).collect();
    assert_eq!(refused, lines.map(str::as_bytes));
}
