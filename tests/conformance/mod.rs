//! One suite × every storage: what the contract in `storage` promises, tried on each that makes the promise.
//!
//! A case is an async function that gets a [`Place`]: a storage and an empty folder in it. The macro below makes
//! of each case one test per storage, so that a failure names both.

mod attributes;
mod connection;
mod digests;
mod directories;
mod files;
mod links;
mod listing;
mod many;
mod names;
mod ordinary;
mod permissions;
mod place;
mod remote;
mod renames;
mod servers;
mod streams;

use crate::servers::ftp_server::{Make, Tls};

macro_rules! suite {
    ($($room:ident :: $case:ident),+ $(,)?) => {
        mod memory {
            use super::place::{Kind, run};
            $(#[test] fn $case() { run(Kind::Memory, super::$room::$case) })+
        }
        mod local {
            use super::place::{Kind, run};
            $(#[test] fn $case() { run(Kind::Local, super::$room::$case) })+
        }
        mod embedded {
            use super::place::{Kind, run};
            $(#[test] fn $case() { run(Kind::Embedded, super::$room::$case) })+
        }
        mod openssh {
            use super::place::{Kind, run};
            $(#[test] fn $case() { run(Kind::OpenSsh, super::$room::$case) })+
        }
        mod proftpd {
            use super::{Make, Tls, place::{Kind, run}};
            $(#[test] fn $case() { run(Kind::Ftp(Make::ProFtpd, Tls::None), super::$room::$case) })+
        }
        mod proftpd_tls {
            use super::{Make, Tls, place::{Kind, run}};
            $(#[test] fn $case() { run(Kind::Ftp(Make::ProFtpd, Tls::Explicit), super::$room::$case) })+
        }
        mod pureftpd {
            use super::{Make, Tls, place::{Kind, run}};
            $(#[test] fn $case() { run(Kind::Ftp(Make::PureFtpd, Tls::None), super::$room::$case) })+
        }
        mod pureftpd_tls {
            use super::{Make, Tls, place::{Kind, run}};
            $(#[test] fn $case() { run(Kind::Ftp(Make::PureFtpd, Tls::Explicit), super::$room::$case) })+
        }
        mod vsftpd {
            use super::{Make, Tls, place::{Kind, run}};
            $(#[test] fn $case() { run(Kind::Ftp(Make::Vsftpd, Tls::None), super::$room::$case) })+
        }
        mod vsftpd_tls {
            use super::{Make, Tls, place::{Kind, run}};
            $(#[test] fn $case() { run(Kind::Ftp(Make::Vsftpd, Tls::Explicit), super::$room::$case) })+
        }
        mod proftpd_sftp {
            use super::place::{Kind, run};
            $(#[test] fn $case() { run(Kind::ProFtpdSftp, super::$room::$case) })+
        }
    };
}

suite! {
    listing::an_empty_folder_has_no_rows,
    listing::ten_thousand_rows_arrive_once_each,
    listing::a_listing_nobody_listens_to_ends,
    listing::rows_tell_kind_size_and_time,
    listing::what_is_no_folder_cannot_be_listed,
    names::odd_names_there_and_back,
    names::odd_names_are_renamed_and_removed,
    names::the_longest_name_works_and_a_longer_one_is_refused,
    files::sizes_around_every_edge,
    files::ranges,
    files::a_write_in_the_middle_keeps_the_rest,
    files::a_new_file_never_takes_a_taken_name,
    files::an_existing_file_is_only_opened_where_it_stands,
    files::what_is_no_file_cannot_be_read,
    files::several_windows_there_and_back,
    many::reads_and_writes_side_by_side,
    many::small_files_by_the_hundred,
    streams::a_dropped_write_lets_go,
    streams::a_dropped_read_lets_go,
    streams::a_file_is_whole_when_finish_says_so,
    renames::to_a_free_name,
    renames::never_over_anything,
    renames::over_a_file_when_allowed,
    renames::over_a_folder_is_refused,
    renames::a_replaced_file_is_never_gone,
    renames::of_a_folder_and_into_another,
    renames::of_nothing_says_so,
    renames::of_a_link_moves_the_link,
    renames::of_a_link_leaves_what_it_leads_to,
    directories::made_and_removed,
    directories::made_only_once,
    directories::removed_only_when_empty,
    directories::files_and_folders_are_removed_each_in_their_way,
    links::a_dangling_link,
    links::a_link_to_a_folder,
    links::targets_are_kept_literally,
    links::a_removed_link_leaves_what_it_led_to,
    links::made_only_under_a_free_name,
    attributes::what_is_absent_has_none,
    attributes::times_and_permissions_there_and_back,
    attributes::finish_sets_what_it_is_told,
    attributes::a_file_is_as_private_as_asked_from_the_start,
    attributes::a_folder_has_them_too,
    attributes::room_is_told_or_not_known,
    digests::equal_to_what_is_known,
    digests::of_what_cannot_be_read,
    connection::relative_paths_have_an_absolute_form,
    connection::an_end_is_final,
    connection::calls_under_way_end_with_it,
    connection::failures_are_sentences,
}
