//! The faults by their numbers: each row of FAULTS.md that concerns SFTP and the engine, what is expected there, and
//! the tests that play it. A test that was renamed or taken out turns this red.

use std::{fs, path::Path};

/// A row: its number, the fault, what is expected, and the tests, each as `file::function`.
struct Row(u32, &'static str, &'static str, &'static [&'static str]);

/// Destination untouched, only a private `.part`, the step has failed and can be tried again, the screen lives.
const APART: &str = "A";
/// Goes on; the digest is equal at the end.
const RESUMES: &str = "R";
/// Refused before anything is written, or any secret sent.
const REFUSED: &str = "X";
/// Shown escaped, its bytes kept.
const ESCAPED: &str = "E";

const ROWS: &[Row] = &[
    Row(
        1,
        "server names `..`, `.`, empty, `a/b`, `/abs`, NUL",
        REFUSED,
        &[
            "tests/transfers/faults_names.rs::names_that_reach_elsewhere_are_refused_and_shown",
            "tests/transfers/engine_faults.rs::names_a_server_should_not_give_are_refused_and_the_rest_arrives",
            "tests/sftp/lies.rs::names_that_would_climb_are_refused_and_shown",
            "src/domain/path.rs::unsafe_names_are_refused_with_their_reason",
        ],
    ),
    Row(
        3,
        "ESC, OSC 52, C1, CR in names, banners, errors, exit messages",
        ESCAPED,
        &[
            "tests/transfers/faults_names.rs::control_characters_cross_as_bytes_and_never_as_text",
            "tests/transfers/faults_names.rs::a_failure_about_an_odd_name_is_escaped",
            "tests/transfers/faults_protocol.rs::what_a_server_says_of_a_failure_is_escaped",
            "tests/login/passwords.rs::what_the_server_says_first_is_shown_escaped",
            "tests/screens/hostile.rs::hostile_names",
            "tests/screens/hostile.rs::refused_names_are_escaped_as_all_are",
            "src/domain/display.rs::what_a_terminal_could_obey_is_escaped",
        ],
    ),
    Row(
        4,
        "bidi and zero-width characters",
        ESCAPED,
        &[
            "tests/screens/hostile.rs::hostile_names",
            "src/domain/display.rs::what_an_eye_could_mistake_is_escaped",
            "tests/transfers/odd_names.rs::over_sftp",
        ],
    ),
    Row(
        5,
        "non-UTF-8 name, there and back",
        "same bytes",
        &[
            "tests/transfers/faults_names.rs::control_characters_cross_as_bytes_and_never_as_text",
            "tests/transfers/engine_local.rs::names_of_255_bytes_and_bytes_that_are_no_text_come_through",
            "src/domain/display.rs::bytes_that_are_no_text_are_told_apart",
            "tests/transfers/odd_names.rs::over_sftp",
        ],
    ),
    Row(
        6,
        "name of 255 bytes; of 64 KB",
        "works or cut on the screen; clear error",
        &[
            "tests/transfers/faults_names.rs::a_name_too_long_for_the_disk_is_an_error_that_names_it",
            "tests/transfers/engine_local.rs::names_of_255_bytes_and_bytes_that_are_no_text_come_through",
            "tests/screens/hostile.rs::refused_names_are_shown_and_nothing_else",
            "tests/transfers/odd_names.rs::over_sftp",
        ],
    ),
    Row(
        7,
        "two names equal but for case or normalization",
        "asks",
        &[
            "tests/transfers/faults_folding.rs::two_names_that_are_one_there_are_asked_about",
            "tests/transfers/faults_folding.rs::a_rule_to_overwrite_does_not_let_one_of_them_replace_the_other",
            "tests/transfers/faults_folding.rs::a_rule_to_overwrite_holds_no_further_where_the_two_were_named",
            "tests/transfers/faults_folding.rs::two_directories_that_are_one_there_are_not_mixed",
        ],
    ),
    Row(
        8,
        "remote symlink to `/etc`, then a directory of that name",
        "X: never written through",
        &[
            "tests/transfers/engine_meanwhile.rs::nothing_is_done_through_a_link_that_was_a_directory",
            "tests/transfers/faults_names.rs::nothing_is_written_through_a_link_that_came_from_the_server",
            "tests/transfers/engine_conflicts.rs::a_link_a_server_planted_is_never_written_through",
            "tests/transfers/engine_local.rs::a_directory_where_a_file_is_to_go_and_a_planted_link_stand",
            "src/storage/local/tests.rs::what_is_written_is_never_reached_through_a_link",
        ],
    ),
    Row(
        9,
        "symlink loop; tree 10,000 deep",
        "bounded, clear error",
        &[
            "tests/transfers/engine_local.rs::links_in_a_circle_are_links_like_any_other",
            "tests/transfers/engine_local.rs::a_tree_ten_thousand_deep_is_refused_in_words_and_stands",
            "tests/transfers/engine_faults.rs::a_tree_too_deep_is_refused_in_words",
            "tests/transfers/engine_find.rs::a_tree_without_end_is_left_at_some_depth",
        ],
    ),
    Row(
        10,
        "endless or million-entry listing",
        "bounded memory, cancel within 1 s",
        &[
            "tests/transfers/faults_protocol.rs::a_listing_without_end_is_closed_within_a_second",
            "tests/transfers/faults_protocol.rs::a_tree_without_end_is_cancelled_within_a_second",
            "tests/sftp/lies.rs::no_more_is_fetched_ahead_than_somebody_takes",
            "tests/sftp/lies.rs::an_endless_listing_stops_when_nobody_listens",
            "tests/sftp/lies.rs::no_more_is_listed_ahead_than_somebody_takes",
            "tests/sftp/lies.rs::a_listing_without_a_name_and_without_an_end_is_given_up",
            "tests/transfers/engine_queue.rs::the_plan_looks_ahead_only_so_far",
        ],
    ),
    Row(
        11,
        "control line of 1 GB; SFTP packet length 4 GB",
        "bounded, clear error",
        &[
            "tests/transfers/faults_protocol.rs::a_packet_of_absurd_length",
            "tests/transfers/faults_protocol.rs::a_handle_longer_than_any",
            "tests/sftp/lies.rs::what_breaks_the_rules_is_a_protocol_error",
            "tests/transfers/faults_protocol.rs::attributes_that_claim_four_billion_fields",
            "tests/transfers/faults_protocol.rs::a_listing_that_claims_four_billion_rows",
            "tests/ftp/bounds.rs::a_reply_without_an_end_is_given_up",
            "src/storage/sftp/frames.rs::a_packet_of_four_gigabytes_is_refused_and_nothing_is_reserved_for_it",
            "src/storage/sftp/packet_tests.rs::a_reply_cut_short_is_an_error_or_a_shorter_reply",
        ],
    ),
    Row(
        12,
        "size 2^64-1, negative, year 9999",
        "shown `?`, nothing allocated by it",
        &[
            "tests/transfers/faults_protocol.rs::sizes_and_times_beyond_belief_allocate_nothing",
            "tests/sftp/lies.rs::a_size_that_lies_decides_nothing",
            "tests/ftp/bounds.rs::sizes_that_cannot_be_are_unknown",
            "src/view/format.rs::absurd_times_are_not_believed",
            "tests/screens/hostile.rs::hostile_names",
        ],
    ),
    Row(
        13,
        "stat says 10, stream has 5 / 20 / no end",
        APART,
        &[
            "tests/transfers/faults_content.rs::a_file_larger_than_it_was_said_to_be",
            "tests/transfers/faults_content.rs::a_file_smaller_than_it_was_said_to_be",
            "tests/transfers/faults_content.rs::a_file_that_never_ends",
            "tests/transfers/engine_faults.rs::a_source_that_ends_early_runs_over_or_changes_is_never_done",
        ],
    ),
    Row(
        14,
        "DATA longer than asked; reply to an unknown id; out-of-order replies; short reads",
        "A; A; works; works",
        &[
            "tests/transfers/faults_protocol.rs::data_longer_than_asked_for",
            "tests/sftp/lies.rs::what_breaks_the_rules_is_a_protocol_error",
            "tests/transfers/faults_protocol.rs::a_reply_to_a_question_nobody_asked",
            "tests/transfers/faults_protocol.rs::replies_in_any_order_are_right",
            "tests/transfers/faults_protocol.rs::short_reads_are_right",
            "tests/transfers/faults_lanes.rs::replies_in_any_order_and_short_ones_are_right_in_ranges_too",
            "tests/transfers/faults_lanes.rs::more_than_was_asked_for_is_refused_in_ranges_too",
        ],
    ),
    Row(
        15,
        "source changes or shrinks while copied",
        "A or warned, never `done`",
        &[
            "tests/transfers/faults_content.rs::a_source_that_changes_while_it_is_read",
            "tests/transfers/faults_network.rs::a_source_here_that_grows_while_it_is_sent",
            "tests/transfers/engine_faults.rs::a_source_that_ends_early_runs_over_or_changes_is_never_done",
        ],
    ),
    Row(
        16,
        "resume after the prefix changed at either end",
        "starts over",
        &[
            "tests/headless/part_sizes.rs::parts_that_hold_something_else_are_begun_again",
            "tests/transfers/resuming.rs::a_part_that_cannot_be_believed_is_begun_again",
            "tests/transfers/resuming_by_size.rs::a_job_of_sizes_alone_compares_the_end_of_the_part",
            "tests/transfers/resuming_by_size.rs::a_job_of_sizes_alone_begins_again_where_the_source_is_another",
        ],
    ),
    Row(
        17,
        "resume at sizes 0, 1, 1 KiB, 1 MiB, size-1, same, larger than source",
        "R or starts over",
        &[
            "tests/headless/part_sizes.rs::parts_of_any_size_become_the_file",
            "tests/transfers/resuming.rs::a_part_is_gone_on_with",
            "tests/ftp/cut.rs::a_file_of_which_nothing_may_be_kept_is_begun_again",
        ],
    ),
    Row(
        18,
        "server child killed mid-file",
        RESUMES,
        &[
            "tests/transfers/faults_network.rs::the_servers_child_killed_in_the_middle_of_a_file",
            "tests/transfers/faults_network.rs::all_sessions_killed_in_the_middle_of_a_file",
        ],
    ),
    Row(
        19,
        "peer stops, silence mid-flow",
        "stall time-out, retries; cancel within 1 s; screen alive",
        &[
            "tests/transfers/faults_network.rs::silence_without_end_is_noticed_and_survived",
            "tests/transfers/faults_network.rs::cancelled_within_a_second_while_the_server_stands_still",
            "tests/transfers/faults_network.rs::a_stall_is_waited_out",
            "tests/terminal/stalled.rs::keys_act_and_cancel_works_while_the_server_stands_still",
        ],
    ),
    Row(
        20,
        "reset at byte N in every phase",
        RESUMES,
        &[
            "tests/transfers/faults_network.rs::reset_in_every_phase",
            "tests/transfers/faults_network.rs::cut_towards_the_server",
            "tests/transfers/faults_network.rs::cut_towards_the_client",
            "tests/transfers/engine_connections.rs::a_reply_lost_at_the_rename_makes_no_second_copy_and_no_question",
        ],
    ),
    Row(
        21,
        "bit flipped in plain FTP data",
        "found by digest where there is one",
        &[
            "tests/headless/ftp_ways.rs::a_bit_that_turns_on_the_way_is_found",
            "tests/transfers/engine_faults.rs::a_bit_flipped_on_the_way_is_found_where_both_ends_have_digests",
            "tests/transfers/faults_network.rs::a_byte_damaged_on_its_way",
        ],
    ),
    Row(
        22,
        "early EOF with 226; 426, 451, 452, 552",
        APART,
        &[
            "tests/ftp/ends.rs::a_transfer_that_is_not_confirmed_has_failed",
            "tests/ftp/ends.rs::a_file_of_another_size_never_takes_the_name",
            "tests/transfers/faults_content.rs::a_stream_that_ends_early",
        ],
    ),
    Row(
        23,
        "slow link, 1 KB/s",
        "no false time-out",
        &["tests/transfers/faults_network.rs::a_slow_link_is_no_dead_link"],
    ),
    Row(
        24,
        "link flaps 20 times",
        "backs off, no duplicates, R",
        &[
            "tests/transfers/faults_network.rs::a_connection_that_flaps",
            "tests/transfers/engine_connections.rs::a_line_that_flaps_twenty_times_gets_it_all_across",
            "tests/transfers/engine_connections.rs::a_server_that_drops_everybody_is_not_hammered",
            "tests/transfers/engine_connections.rs::patience_ends_after_eight_attempts_without_progress",
            "tests/transfers/engine_connections.rs::an_attempt_that_gets_further_earns_new_patience",
        ],
    ),
    Row(
        25,
        "no space, here or there; file too big",
        "A, says how much is missing",
        &[
            "tests/transfers/faults_system.rs::no_space_at_the_server",
            "tests/transfers/faults_content.rs::no_space_in_the_words_of_the_server",
            "tests/transfers/engine_faults.rs::a_full_disk_leaves_what_stood_there",
            "tests/headless/copying.rs::no_space_here_leaves_what_was_there",
            "src/storage/sftp/status.rs::statuses_become_kinds_and_words",
        ],
    ),
    Row(
        26,
        "no permission, read-only, quota",
        "A, not retried",
        &[
            "tests/transfers/faults_system.rs::no_permission_at_the_server",
            "tests/transfers/faults_system.rs::a_server_to_read_from_only",
            "tests/transfers/faults_content.rs::no_permission_is_said_at_once_and_not_tried_again",
            "tests/transfers/engine_faults.rs::what_waiting_cannot_mend_is_not_tried_again",
        ],
    ),
    Row(
        27,
        "fsync, close or rename fails",
        "never `done`",
        &[
            "tests/transfers/faults_protocol.rs::a_close_fsync_or_rename_that_fails_is_never_done",
            "tests/transfers/faults_content.rs::writes_that_are_accepted_and_lost",
            "tests/headless/disk_faults.rs::a_rename_that_fails_here_is_never_done",
            "tests/headless/disk_faults.rs::a_close_that_fails_here_is_never_done",
            "tests/headless/disk_faults.rs::a_sync_that_fails_here_is_never_done_and_its_source_stays",
            "tests/headless/disk_faults.rs::a_folder_that_will_not_sync_here_keeps_the_source",
        ],
    ),
    Row(
        28,
        "kill -9 of Wharf at any write or rename",
        "invariants hold, resumes",
        &[
            "tests/headless/crash.rs::killed_at_every_named_moment",
            "tests/headless/crash.rs::killed_at_every_named_moment_of_a_copy_and_a_move_to_a_server",
            "tests/headless/crash.rs::killed_at_every_rename_and_removal_of_a_move",
            "tests/headless/crash.rs::killed_while_both_are_kept_there_is_one_copy_of_each",
            "tests/headless/crash_links.rs::killed_while_both_are_kept_there_is_one_link_of_each",
            "tests/headless/crash.rs::killed_at_random_moments_again_and_again",
            "tests/headless/crash.rs::killed_at_random_moments_of_a_move",
            "tests/headless/crash.rs::killed_at_random_moments_of_a_copy_to_a_server",
            "tests/headless/crash.rs::killed_at_random_moments_of_a_move_to_a_server",
            "tests/transfers/resuming.rs::a_copy_that_got_its_name_in_the_last_moment_is_no_conflict",
            "tests/transfers/resuming.rs::a_part_is_gone_on_with",
        ],
    ),
    Row(
        29,
        "journal truncated or damaged",
        "starts, says so, loses no file",
        &[
            "tests/headless/journal.rs::one_that_was_cut_short_stops_nobody",
            "tests/headless/journal.rs::what_was_written_last_may_be_damaged_and_jobs_go_on",
            "tests/headless/journal.rs::a_damaged_one_is_set_aside_and_a_fresh_one_begun",
            "tests/headless/journal.rs::damage_that_only_a_write_meets_is_damage_too",
            "tests/headless/journal.rs::a_damaged_one_takes_along_what_lies_beside_it",
        ],
    ),
    Row(
        30,
        "two Wharfs at once",
        "both work, neither runs the other's jobs",
        &[
            "tests/headless/queue.rs::two_work_side_by_side_and_neither_touches_the_others_job",
            "tests/headless/log.rs::many_at_once_write_without_harm",
            "tests/transfers/resuming.rs::nobody_runs_anothers_jobs",
        ],
    ),
    Row(
        31,
        "unknown host key",
        "question with SHA256 fingerprint, default no; without a terminal: X",
        &[
            "tests/transfers/faults_system.rs::an_unknown_host_key_is_asked_about_with_its_fingerprint",
            "tests/terminal/crossing.rs::the_answer_to_an_unknown_host_is_no_unless_it_is_given",
            "tests/headless/refusals.rs::an_unknown_host_key_without_a_terminal",
        ],
    ),
    Row(
        32,
        "changed, revoked host key; key type changed",
        "X; X; as OpenSSH",
        &[
            "tests/transfers/faults_system.rs::a_changed_or_revoked_host_key_is_refused_without_a_question",
            "tests/transfers/faults_system.rs::a_host_known_by_another_type_of_key_is_no_attack",
            "tests/login/host_keys.rs::a_known_host_with_only_another_type_is_refused_as_by_ssh",
            "tests/headless/refusals.rs::a_changed_host_key",
        ],
    ),
    Row(
        33,
        "key changes on an automatic reconnect",
        "X, queue paused",
        &[
            "tests/transfers/faults_system.rs::a_key_that_changes_between_two_connections_ends_the_job",
            "tests/transfers/engine_connections.rs::a_host_key_that_changes_on_a_reconnect_stops_the_queue",
            "tests/login/host_keys.rs::a_key_that_changes_under_way_is_refused",
        ],
    ),
    Row(
        37,
        "canary password",
        "in no argv, environ of children, log, journal, config, panic",
        &[
            "tests/headless/refusals.rs::a_password_is_in_no_file_and_in_no_childs_environment",
            "tests/login/passwords.rs::three_wrong_passwords_are_enough_and_show_nowhere",
            "tests/terminal/crossing.rs::a_password_is_typed_unseen",
        ],
    ),
    Row(
        38,
        "host `-oProxyCommand=…`, user `$(x)`, place with control characters",
        REFUSED,
        &["tests/headless/refusals.rs::places_and_options_that_make_no_sense"],
    ),
    Row(
        39,
        "file named `-rf`, `; touch x`, `$(x)`, with quotes, spaces, newline in every operation",
        "literal",
        &[
            "tests/terminal/odd_names.rs::here",
            "tests/terminal/odd_names.rs::on_an_sftp_server",
            "tests/terminal/odd_names.rs::on_an_ftp_server",
            "tests/transfers/faults_names.rs::names_that_look_like_options_or_commands_are_taken_literally",
            "tests/sftp/digests.rs::digests_are_taken_there_for_names_of_every_kind",
            "tests/terminal/outside.rs::a_file_here_is_edited_whatever_its_name",
            "tests/ftp/names.rs::line_ends_never_reach_the_wire",
            "tests/transfers/odd_names.rs::here",
            "tests/transfers/odd_names.rs::over_sftp",
            "tests/transfers/odd_names.rs::over_ftp",
        ],
    ),
    Row(
        40,
        "umask 000",
        "config, journal, parts 0600; folders 0700",
        &[
            "tests/headless/journal.rs::it_is_nobody_elses_to_read_whatever_the_umask",
            "tests/headless/copying.rs::a_part_is_nobody_elses_to_read_whatever_the_umask",
            "tests/headless/sites.rs::the_configuration_is_nobody_elses_to_read_whatever_the_umask",
        ],
    ),
    Row(
        42,
        "config or site file malformed",
        "names file, line, field; keeps running with the rest; never overwrites it",
        &[
            "tests/headless/sites.rs::a_malformed_file_stops_nobody_and_is_never_overwritten",
            "tests/headless/sites.rs::a_malformed_file_is_named_and_never_overwritten",
            "tests/terminal/settings.rs::own_keys_are_taken_and_mistakes_are_told_with_their_lines",
            "src/settings/config.rs::one_mistake_costs_one_setting",
        ],
    ),
];

/// Those that concern SFTP and the engine; the others are of FTP logins, of the keyring and of terminals.
fn concerned() -> Vec<u32> {
    [1].into_iter().chain(3..=33).chain(37..=40).chain([42]).collect()
}

#[test]
fn each_row_has_its_tests() {
    let numbers: Vec<u32> = ROWS.iter().map(|Row(number, ..)| *number).collect();
    assert_eq!(numbers, concerned());
    for Row(number, fault, expected, tests) in ROWS {
        assert!(!fault.is_empty() && !expected.is_empty(), "row {number} says nothing");
        assert!(!tests.is_empty(), "nothing plays row {number}: {fault}");
        for named in *tests {
            assert!(is_a_test(named), "row {number}: there is no test {named}");
        }
    }
}

/// Whether a source holds this function, and it is a test.
fn is_a_test(named: &str) -> bool {
    let Some((file, function)) = named.split_once("::") else { return false };
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file));
    let text = text.unwrap_or_default();
    let head = format!("fn {function}(");
    let mut before = "";
    for line in text.lines().map(str::trim) {
        if line.starts_with(&head) || line.starts_with(&format!("async {head}")) {
            return before.starts_with("#[test]") || before.starts_with("#[tokio::test");
        }
        before = line;
    }
    false
}

#[test]
fn what_is_no_test_is_told_from_one() {
    let own = "tests/transfers/rows.rs";
    assert!(is_a_test(&format!("{own}::each_row_has_its_tests")));
    for wrong in ["is_a_test", "each_row_has_its", "concerned"] {
        assert!(!is_a_test(&format!("{own}::{wrong}")), "{wrong}");
    }
    assert!(!is_a_test("tests/transfers/nothing.rs::a") && !is_a_test("a"));
}
