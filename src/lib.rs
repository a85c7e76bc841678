//! Wharf: two panes, one engine, and a signature for every file that crosses.
//!
//! This is the map of the house. `tests/tidy.rs` checks what it says.
//!
//! # Rooms
//!
//! | room | what it is for | whom it may know |
//! |---|---|---|
//! | `main` | arguments to the screen, `cp`, `ls`, `log` or `queue`; exit codes | everyone |
//! | [`cli`] | headless commands on the same engine | `engine`, `engine::message`, `engine::journal`, `storage::dial`, `settings`, `domain` |
//! | [`app`] | the one loop: input, engine event, frame | `view`, `terminal`, `keymap`, `model`, `highlight`, `engine`, `engine::message`, `domain` |
//! | [`terminal`] | enters and leaves the screen | `domain` |
//! | [`keymap`] | one table: chord → action, with its words; a person's own keys over it | `model` (actions), `domain` |
//! | [`settings`] | paths, configuration, saved sites, ssh config, secrets | `domain` |
//! | [`view`] | draws the model, decides nothing | `model`, `keymap`, `engine::message`, `domain` |
//! | [`highlight`] | colours texts by their syntax | `domain` |
//! | [`model`] | what the screen is about; `update` is pure | `engine::message`, `domain` |
//! | [`engine`] | jobs, steps, retry, verification | `engine::message`, `engine::journal`, `storage` (the trait), `domain` |
//! | `engine::message` | commands in, events out | `domain` |
//! | `engine::journal` | what is to be done and what was, in one SQLite file | `engine`, `engine::message`, `domain` |
//! | [`storage`] | the contract all storages keep | `domain` |
//! | `storage::dial` | from an endpoint to a connected storage | `storage`, `storage::local`, `storage::sftp`, `storage::ftp`, `domain` |
//! | `storage::local` | this machine's disks | `storage`, `domain` |
//! | `storage::memory` | a test's own | `storage`, `domain` |
//! | `storage::sftp` | SFTP servers | `storage`, `domain` |
//! | `storage::ftp` | FTP servers, plain and inside TLS | `storage`, `domain` |
//! | [`domain`] | plain words, no I/O | nobody |
//!
//! A room is the most particular row that fits; it knows itself, and its neighbours only as far as the row says.
//! Only `storage::dial` names the backends. ratatui and crossterm are known to `view`, `terminal`, `app` (and
//! key codes to `keymap`) alone; ssh2 to `storage::sftp`; suppaftp and rustls to `storage::ftp`; rusqlite to
//! `engine::journal`; keyring to `settings::secrets`; syntect to `highlight`; lscolors to `view`; terminal-colorsaurus
//! to `terminal`; ratatui-image to `view`; nix to `storage::local`.
//!
//! # How data flows
//!
//! ```text
//!  key, mouse ──► keymap ──► Action ─┐                        ┌─► Commands ──► engine ──► Storage
//!  engine ──────► Event ─────────────┼─► update(&mut Model) ──┤
//!  clock ───────► Tick ──────────────┘                        └─► dirty ──► view(&Model) ──► frame
//! ```
//!
//! # What is always true
//!
//! 1. A final name never holds unfinished or wrong bytes: data lands in `.NAME.XXXXXXXX.part` beside its
//!    destination, is checked, then renamed over it.
//! 2. Done means known: the bytes sent, the size at the destination, and the source's size before and after agree;
//!    the verdict never says more than was checked.
//! 3. A move removes the source only after the destination is committed.
//! 4. The screen never waits: no network, disk or lock on the thread that draws.
//! 5. What was told as done, failed or skipped is in the ledger, whatever becomes of the process afterwards, or it
//!    was said that the ledger cannot be written; a `done` in it is true. A job is in the journal before anything is
//!    done for it, belongs to one process at a time, and can be gone on with when that is gone.
//! 6. Nothing a server says is trusted: names, sizes, times, banners and replies are checked at one door each.
//! 7. A secret is in memory, or in the keyring, or nowhere.
//! 8. Every failure says what was being done, to what, why, and what happens next.

pub mod app;
pub mod cli;
pub mod domain;
pub mod engine;
pub mod highlight;
pub mod keymap;
pub mod model;
pub mod settings;
pub mod storage;
pub mod terminal;
pub mod view;
