//! What the board shows, line by line.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn board(now: Instant, endpoints: usize) -> Board {
    Board::new(now, (0..endpoints).map(|index| (format!("call-{index}"), 4)))
}

fn shown(board: &Board, now: Instant) -> String {
    console::strip_ansi_codes(&board.text(now, 100, 40)).into_owned()
}

#[test]
fn every_standing_has_its_line() {
    let now = Instant::now();
    let mut board = board(now, 7);
    let refused = refused(ErrorKind::Status, 1);
    let timeout = self::refused(ErrorKind::Timeout, 4);
    let latency = Some(Duration::from_micros(23_400));
    let events = [
        (0, Happening::Started { attempt: 1 }),
        (0, Happening::Answered { http_status: 200, latency, requests: 1 }),
        (0, Happening::Ended(Ending::Ok)),
        (1, Happening::Started { attempt: 2 }),
        (2, Happening::Started { attempt: 1 }),
        (2, refused),
        (2, Happening::Retrying { wait: 3 * SECOND }),
        (3, Happening::Started { attempt: 4 }),
        (3, timeout),
        (3, Happening::Ended(Ending::Failed)),
        (4, Happening::Entered),
        (5, Happening::Ended(Ending::Skipped)),
    ];
    for (endpoint, happening) in events {
        board.happens(now, endpoint, &happening);
    }
    insta::assert_snapshot!(shown(&board, now + Duration::from_millis(400)), @"
    ✓ call-0  ok 200, 23 ms
    ▸ call-1  running 400 ms, attempt 2 of 4
    ↻ call-2  status 503, retrying in 3 s (attempt 2 of 4)
    ✗ call-3  failed (timeout), 4 attempts
    · call-4  queued
    - call-5  skipped
    · call-6  waiting
    ━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 3 of 7 done, 1 running, 1 retrying, 400 ms
    ");
}

fn refused(kind: ErrorKind, requests: u32) -> Happening {
    let http_status = (kind == ErrorKind::Status).then_some(503);
    Happening::Refused { kind, http_status, requests }
}

#[test]
fn undos_have_lines_once_they_begin_and_count_for_no_endpoint() {
    let now = Instant::now();
    let mut board = board(now, 3).with_undos([Some(4), None, Some(4)]);
    for endpoint in 0..3 {
        board.happens(now, endpoint, &Happening::Ended(Ending::Ok));
    }
    assert!(!shown(&board, now).contains("undo"));
    board.happens(now, 5, &Happening::Started { attempt: 1 });
    board.happens(now, 5, &Happening::Ended(Ending::Ok));
    board.happens(now, 3, &Happening::Started { attempt: 1 });
    board.happens(now, 3, &refused(ErrorKind::Status, 1));
    board.happens(now, 3, &Happening::Retrying { wait: 3 * SECOND });
    insta::assert_snapshot!(shown(&board, now), @"
    ✓ call-0       ok
    ✓ call-1       ok
    ✓ call-2       ok
    ↻ call-0.undo  status 503, retrying in 3 s (attempt 2 of 4)
    ✓ call-2.undo  ok
    ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 3 of 3 done, 1 retrying, 0 ms
    ");
}

#[test]
fn what_waits_for_the_world_says_for_what() {
    let now = Instant::now();
    let mut board = board(now, 5);
    let answered = || Happening::Answered { http_status: 200, latency: Some(SECOND), requests: 1 };
    let signal = "approved".to_owned();
    let events = [
        (0, Happening::Sleeps { wait: 300 * SECOND }),
        (1, Happening::Started { attempt: 1 }),
        (1, answered()),
        (1, Happening::AsksAgain { wait: 30 * SECOND }),
        (2, Happening::Awaits { signal: signal.clone(), limit: None }),
        (3, Happening::Awaits { signal, limit: Some(86_400 * SECOND) }),
        (4, Happening::Started { attempt: 1 }),
        (4, answered()),
        (4, Happening::AsksAgain { wait: 30 * SECOND }),
        (4, Happening::Started { attempt: 1 }),
        (4, answered()),
        (4, Happening::Ended(Ending::Ok)),
    ];
    for (endpoint, happening) in events {
        board.happens(now, endpoint, &happening);
    }
    insta::assert_snapshot!(shown(&board, now + 10 * SECOND), @"
    · call-0  waits 4 min 50 s
    · call-1  not done yet, asks again in 20 s
    · call-2  waits for the signal approved
    · call-3  waits for the signal approved, 23 h 59 min left
    ✓ call-4  ok 200, 1 s, 2 attempts
    ━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌ 1 of 5 done, 4 waiting, 10 s
    ");
}

#[test]
fn waits_for_the_limit_open_circuits_and_the_cache_have_their_lines() {
    let now = Instant::now();
    let mut board = board(now, 7);
    let started = |attempt| Happening::Started { attempt };
    let postponed = || Happening::Postponed { wait: 3 * SECOND };
    let answered = |requests| Happening::Answered { http_status: 200, latency: None, requests };
    let events = [
        (0, started(1)),
        (0, postponed()),
        // An attempt failed, and the next one waits for its turn.
        (1, started(1)),
        (1, refused(ErrorKind::Status, 1)),
        (1, Happening::Retrying { wait: SECOND }),
        (1, started(2)),
        (1, postponed()),
        // It waited twice, and then succeeded at the second attempt.
        (2, started(1)),
        (2, postponed()),
        (2, started(1)),
        (2, refused(ErrorKind::Status, 1)),
        (2, started(2)),
        (2, postponed()),
        (2, started(2)),
        (2, Happening::Answered { http_status: 200, latency: Some(SECOND), requests: 2 }),
        (2, Happening::Ended(Ending::Ok)),
        (3, started(1)),
        (3, answered(0)),
        (3, Happening::Ended(Ending::Cached)),
        // The circuit opens after the second of three attempts.
        (4, started(3)),
        (4, refused(ErrorKind::CircuitOpen, 2)),
        (4, Happening::Ended(Ending::Failed)),
        // Its turn would come after the end of the run.
        (5, started(1)),
        (5, postponed()),
        (5, Happening::Ended(Ending::Failed)),
        (6, started(1)),
        (6, postponed()),
        (6, Happening::Ended(Ending::Cancelled)),
    ];
    for (endpoint, happening) in events {
        board.happens(now, endpoint, &happening);
    }
    insta::assert_snapshot!(shown(&board, now + Duration::from_millis(400)), @"
    · call-0  waits for its turn, 3 s
    · call-1  waits for its turn, 3 s (attempt 2 of 4)
    ✓ call-2  ok 200, 1 s, 2 attempts
    ✓ call-3  cached 200
    ✗ call-4  failed (circuit open), 2 attempts
    ✗ call-5  failed (rate limited)
    ✗ call-6  cancelled
    ━━━━━━━━━━━━━━━━━━━━━╌╌╌╌╌╌╌╌╌ 5 of 7 done, 2 held back, 400 ms
    ");
}

#[test]
fn those_that_wait_for_their_turn_take_no_line_from_those_that_run() {
    let now = Instant::now();
    let mut board = board(now, 40);
    for endpoint in 0..40 {
        board.happens(now, endpoint, &Happening::Started { attempt: 1 });
        if endpoint < 38 {
            let wait = u32::try_from(endpoint).expect("a small number") * SECOND;
            board.happens(now, endpoint, &Happening::Postponed { wait });
        }
    }
    let text = shown(&board, now);
    assert!(text.starts_with("▸ call-38"), "{text}");
    assert_eq!(text.lines().count(), MOST_LINES + 1, "{text}");
    assert!(text.ends_with("0 of 40 done, 2 running, 38 held back (25 not shown), 0 ms"), "{text}");
}

#[test]
fn a_long_flow_shows_its_active_endpoints_only() {
    let now = Instant::now();
    let mut board = board(now, 40);
    for endpoint in 0..20 {
        board.happens(now, endpoint, &Happening::Started { attempt: 1 });
    }
    board.happens(now, 0, &Happening::Ended(Ending::Ok));
    let text = shown(&board, now);
    assert_eq!(text.lines().count(), MOST_LINES + 1, "{text}");
    assert!(!text.contains("call-0 "), "{text}");
    assert!(text.ends_with("1 of 40 done, 19 running (4 not shown), 0 ms"), "{text}");
}

#[test]
fn no_line_is_wider_than_the_terminal_and_none_is_scrolled_away() {
    let now = Instant::now();
    let text = board(now, 12).text(now, 20, 8);
    assert!(text.lines().count() <= 8, "{text}");
    assert!(text.lines().all(|line| console::measure_text_width(line) <= 20), "{text}");
}

#[test]
fn durations_read_as_people_say_them() {
    let table = [
        (0, "0 ms"),
        (999, "999 ms"),
        (1_000, "1 s"),
        (2_440, "2.4 s"),
        (61_000, "1 min 1 s"),
        (7_260_000, "2 h 1 min"),
    ];
    for (millis, said) in table {
        assert_eq!(words(Duration::from_millis(millis)), said);
    }
}
