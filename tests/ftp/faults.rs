//! Which tests play which row of the table of faults over FTP.

use std::{fs, path::Path};

/// The rows, each with its tests: the file below `tests`, and the function.
const ROWS: &[(u32, &[(&str, &str)])] = &[
    (2, &[("ftp/names.rs", "line_ends_never_reach_the_wire")]),
    (
        3,
        &[
            ("ftp/names.rs", "names_that_are_none_are_refused"),
            ("ftp/names.rs", "what_a_terminal_would_obey_is_escaped_in_every_word_of_the_server"),
        ],
    ),
    (
        5,
        &[
            ("ftp/encodings.rs", "names_are_text_here_and_the_servers_own_there"),
            ("ftp/encodings.rs", "names_that_do_not_keep_to_it_are_found_again"),
        ],
    ),
    (11, &[("ftp/bounds.rs", "a_reply_without_an_end_is_given_up")]),
    (12, &[("ftp/bounds.rs", "sizes_that_cannot_be_are_unknown")]),
    (13, &[("ftp/ends.rs", "a_file_of_another_size_never_takes_the_name")]),
    (
        19,
        &[
            ("ftp/bounds.rs", "a_command_that_is_not_answered_can_be_dropped"),
            ("ftp/ends.rs", "a_transfer_that_stands_still_holds_up_nothing_else"),
            ("ftp/ways.rs", "a_file_may_stand_still_as_long_as_is_said"),
        ],
    ),
    (
        20,
        &[
            ("ftp/cut.rs", "a_file_that_is_fetched_survives_an_end_in_every_phase"),
            ("ftp/cut.rs", "a_file_that_is_sent_survives_an_end_in_every_phase"),
            ("ftp/killed.rs", "a_file_arrives_though_its_sessions_are_killed"),
        ],
    ),
    (21, &[("headless/ftp_ways.rs", "a_bit_that_turns_on_the_way_is_found")]),
    (
        22,
        &[
            ("ftp/ends.rs", "a_transfer_that_is_not_confirmed_has_failed"),
            ("ftp/ends.rs", "a_file_of_another_size_never_takes_the_name"),
        ],
    ),
    (23, &[("ftp/slow.rs", "a_slow_link_is_no_dead_link")]),
    (24, &[("ftp/slow.rs", "a_link_that_breaks_twenty_times")]),
    (
        25,
        &[
            ("conformance/servers.rs", "a_full_disk_never_finishes_over_ftp"),
            ("ftp/ends.rs", "a_transfer_that_is_not_confirmed_has_failed"),
        ],
    ),
    (
        34,
        &[
            ("ftp/security.rs", "a_certificate_nobody_vouches_for_is_the_persons_decision"),
            ("ftp/security.rs", "a_certificate_that_changed_is_said_to_have_changed"),
        ],
    ),
    (
        35,
        &[
            ("ftp/security.rs", "a_server_that_refuses_tls_is_told_no_name"),
            ("ftp/security.rs", "lines_slipped_in_before_tls_are_not_taken_for_the_servers"),
            ("ftp/security.rs", "files_are_not_carried_in_the_open"),
        ],
    ),
    (36, &[("ftp/security.rs", "data_comes_from_the_server_and_from_nowhere_else")]),
    (37, &[("ftp/secrets.rs", "the_password_is_told_to_the_server_alone")]),
];

/// The rows that concern FTP.
const OF_FTP: [u32; 17] = [2, 3, 5, 11, 12, 13, 19, 20, 21, 22, 23, 24, 25, 34, 35, 36, 37];

#[test]
fn every_row_that_concerns_ftp_is_played() {
    assert_eq!(ROWS.iter().map(|(row, _)| *row).collect::<Vec<_>>(), OF_FTP);
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (row, played) in ROWS {
        assert!(!played.is_empty(), "row {row} is not played");
        for (file, test) in *played {
            let text = fs::read_to_string(tests.join(file)).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let is_it = |line: &&str| line.contains(&format!("fn {test}("));
            let at = lines.iter().position(is_it);
            let at = at.unwrap_or_else(|| panic!("row {row}: {file} has no {test}"));
            let attribute = lines[..at].iter().rev().find(|line| line.starts_with("#["));
            let is_run = attribute
                .is_some_and(|it| it.starts_with("#[test]") || it.starts_with("#[tokio::test"));
            assert!(is_run, "row {row}: {test} in {file} is no test: {attribute:?}");
        }
    }
}
