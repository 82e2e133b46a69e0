//! Files that are cut, flipped, or left behind: whatever was acknowledged is there, or its loss is said.

use std::fs;
use std::path::{Path, PathBuf};

use fsm_core::journal::{Journal, JournalError, RunFilter, RunInfo};
use fsm_journal::Options;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::talk::*;

/// A journal of one run in a folder that nobody has open, its log not worked off: as a process leaves
/// it that is killed after its last commit. `before` is how long the log was before that.
struct Killed {
    _folder: TempDir,
    dir: PathBuf,
    before: u64,
    after: u64,
    /// How many records there were before the last commit.
    records: u64,
}

impl Killed {
    async fn leave() -> Result<Self, Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let (live, dir) = (folder.path().join("live"), folder.path().join("killed"));
        let journal = open(&live)?;
        begin(&journal, "run").await?;
        let mut taken = journal.take_up("run")?;
        let records = journal.info("run")?.records;
        let machine = machine();
        let before = fs::metadata(live.join("journal.db-wal"))?.len();
        // One record, as the driver appends it, and nothing else.
        let mut run = taken.history.last().replay(&machine)?;
        let (at, input) = (run.now(), said("the last"));
        let mut effects = fsm_core::Effects::new();
        machine.step(&mut run, at, &input, &mut effects, &mut ())?;
        let (trail, letter) = (0, None);
        taken.book.append(fsm_core::journal::Entry { at, input: &input, trail, letter, run: &run });
        std::future::poll_fn(|task| taken.book.poll_durable(task)).await?;
        let after = fs::metadata(live.join("journal.db-wal"))?.len();
        until_marked(&live)?;
        copy(&live, &dir)?;
        fs::remove_file(dir.join("journal.db-shm"))?;
        assert!(after > before, "the log was not begun anew");
        Ok(Self { _folder: folder, dir, before, after, records })
    }

    /// A copy with a log that is cut.
    fn cut(&self, at: u64) -> std::io::Result<TempDir> {
        // Where memory serves as a disk, a sync costs nothing.
        let memory = Path::new("/dev/shm");
        let folder = match memory.is_dir() {
            true => tempfile::tempdir_in(memory)?,
            false => tempfile::tempdir()?,
        };
        copy(&self.dir, folder.path())?;
        fs::OpenOptions::new()
            .write(true)
            .open(folder.path().join("journal.db-wal"))?
            .set_len(at)?;
        Ok(folder)
    }
}

/// The mark is written after those who wait have heard: waits until it says what the database says.
fn until_marked(dir: &Path) -> TestResult {
    let database = rusqlite::Connection::open(dir.join("journal.db"))?;
    let written: u64 = database.query_row("SELECT written FROM journal", [], |row| row.get(0))?;
    for _ in 0..10_000 {
        let mark = fs::read_to_string(dir.join("journal.mark"))?;
        if mark.split(' ').nth(2).and_then(|count| count.parse().ok()) == Some(written) {
            return Ok(());
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    Err("the mark stays behind".into())
}

/// The numbers of the records of the run, read with all their checks.
fn numbers(dir: &Path, options: Options) -> Result<Vec<u64>, JournalError> {
    let history = TalkJournal::open_with(dir, options)?.read("run")?;
    Ok(history.last().records.iter().map(|record| record.number).collect())
}

/// The log has a head of 32 bytes, and frames of a head and a page.
const FRAME: u64 = 24 + 4096;

#[tokio::test]
async fn a_log_cut_at_any_byte_of_the_last_commit_has_all_that_came_before() -> TestResult {
    let killed = &Killed::leave().await?;
    std::thread::scope(|scope| {
        let halves = [0, 1].map(|odd| {
            let mut bytes = (killed.before..=killed.after).filter(move |at| at % 2 == odd);
            scope.spawn(move || bytes.try_for_each(|at| cut_at(killed, at)))
        });
        halves.into_iter().try_for_each(|half| half.join().expect("it tells of its faults"))
    })?;
    Ok(())
}

fn cut_at(killed: &Killed, at: u64) -> Result<(), String> {
    let fault = |fault: &dyn std::fmt::Display| format!("cut at {at}: {fault}");
    let (all, earlier): (Vec<_>, Vec<_>) =
        ((1..=killed.records + 1).collect(), (1..=killed.records).collect());
    let folder = killed.cut(at).map_err(|why| fault(&why))?;
    match numbers(folder.path(), Options::new()) {
        Ok(found) => {
            assert_eq!(found, all, "cut at {at}");
            assert_eq!(at, killed.after, "without the last byte it is not whole");
        }
        Err(JournalError::Lost { acknowledged, found }) => {
            assert_eq!(acknowledged, found + 1, "cut at {at}");
            // Around the edges of frames and their heads, and now and then within a page.
            let place = (at - 32) % FRAME;
            if !(28..=FRAME - 4).contains(&place) || at.is_multiple_of(97) {
                let accepted = numbers(folder.path(), Options::new().accept_loss());
                assert_eq!(accepted.map_err(|why| fault(&why))?, earlier, "cut at {at}");
            }
        }
        Err(why) => return Err(fault(&why)),
    }
    Ok(())
}

#[tokio::test]
async fn a_record_that_nobody_heard_of_may_be_missing() -> TestResult {
    let killed = Killed::leave().await?;
    let folder = killed.cut(killed.after - 1)?;
    // The process died after the commit, and before it wrote the mark.
    let earlier = {
        let folder = killed.cut(killed.before)?;
        drop(TalkJournal::open_with(folder.path(), Options::new().accept_loss())?);
        fs::read(folder.path().join("journal.mark"))?
    };
    fs::write(folder.path().join("journal.mark"), earlier)?;
    assert_eq!(numbers(folder.path(), Options::new())?.len() as u64, killed.records);
    Ok(())
}

#[tokio::test]
async fn a_copy_of_the_database_alone_is_not_taken_for_the_journal() -> TestResult {
    let killed = Killed::leave().await?;
    let folder = killed.cut(killed.after)?;
    fs::remove_file(folder.path().join("journal.db-wal"))?;
    let lost = open(folder.path()).err().ok_or("the log is missing")?;
    assert!(
        matches!(lost, JournalError::Lost { found: 0, .. } | JournalError::Damaged { .. }),
        "{lost}"
    );

    let folder = killed.cut(killed.after)?;
    fs::remove_file(folder.path().join("journal.mark"))?;
    let unknown = open(folder.path()).err().ok_or("the mark is missing")?;
    assert!(unknown.to_string().contains("`journal.mark` is missing"), "{unknown}");
    drop(TalkJournal::open_with(folder.path(), Options::new().accept_loss())?);
    assert_eq!(numbers(folder.path(), Options::new())?.len() as u64, killed.records + 1);

    let other = Killed::leave().await?;
    fs::copy(other.dir.join("journal.mark"), folder.path().join("journal.mark"))?;
    let foreign = open(folder.path()).err().ok_or("of another journal")?;
    assert!(foreign.to_string().contains("belongs to another journal"), "{foreign}");
    Ok(())
}

/// What a journal says of its runs.
#[derive(Debug, PartialEq)]
struct Said {
    list: Vec<RunInfo>,
    runs: Vec<Vec<(u64, String)>>,
}

const RUNS: [&str; 4] = ["waits", "completed", "interrupted", "carried over"];

fn read(journal: &TalkJournal, id: &str) -> Result<Vec<(u64, String)>, JournalError> {
    let history = journal.read(id)?;
    let mut told = vec![(history.info.records, format!("{:?}", history.info))];
    for epoch in history.epochs {
        told.push((0, format!("{} {:?}", epoch.definition, epoch.first)));
        told.extend(epoch.records.iter().map(|record| (record.number, format!("{record:?}"))));
    }
    Ok(told)
}

fn listen(journal: &TalkJournal) -> Result<Said, JournalError> {
    let runs = RUNS.iter().map(|id| read(journal, id)).collect::<Result<_, _>>()?;
    Ok(Said { list: journal.list(&RunFilter::all())?, runs })
}

/// A journal with some of everything, closed.
fn whole() -> &'static (Vec<u8>, Vec<u8>, Said) {
    static WHOLE: std::sync::OnceLock<(Vec<u8>, Vec<u8>, Said)> = std::sync::OnceLock::new();
    WHOLE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime
            .expect("a runtime")
            .block_on(crate::fixture::write(folder.path(), 12))
            .expect("a journal");
        let said = listen(&open(folder.path()).expect("opened")).expect("read");
        let file = |name: &str| fs::read(folder.path().join(name)).expect("a file");
        (file("journal.db"), file("journal.mark"), said)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_flipped_byte_is_noticed_or_makes_no_difference(
        at in any::<prop::sample::Index>(),
        bits in 1u8..,
    ) {
        let (database, mark, said) = whole();
        let folder = tempfile::tempdir()?;
        let mut bytes = database.clone();
        bytes[at.index(database.len())] ^= bits;
        fs::write(folder.path().join("journal.db"), bytes)?;
        fs::write(folder.path().join("journal.mark"), mark)?;
        let Ok(journal) = open(folder.path()) else { return Ok(()) };
        for (id, before) in RUNS.iter().zip(&said.runs) {
            if let Ok(now) = read(&journal, id) {
                prop_assert_eq!(&now, before);
            }
        }
        if journal.check().is_ok() {
            prop_assert_eq!(&listen(&journal).map_err(|fault| TestCaseError::fail(fault.to_string()))?, said);
        }
    }
}
