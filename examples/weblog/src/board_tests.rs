//! When the process ends, in virtual time.

use super::*;

/// What was printed.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn reports(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Standard output whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn board() -> (Board, Paper) {
    let paper = Paper::default();
    (Board::new(Duration::from_secs(60), paper.clone()), paper)
}

fn mark(run: &str, line: u64) -> Mark<'_> {
    Mark { run: run.into(), line }
}

fn end(run: &str, lines: u64) -> End {
    End { run: run.into(), lines }
}

fn hit() -> Hit {
    Hit::parse(b"::1 - - [17/May/2015:10:05:03 +0000] \"GET /\" 200 1").unwrap()
}

async fn within(seconds: u64, board: &Board) -> Option<Result<(), Failure>> {
    time::timeout(Duration::from_secs(seconds), board.clone().watch()).await.ok()
}

#[tokio::test(start_paused = true)]
async fn the_own_run_ends_the_process() {
    let (board, paper) = board();
    board.begins("mine");
    board.hit(&mark("mine", 1), &hit());
    assert_eq!(within(3600, &board).await, None);
    board.ended(&end("mine", 1));
    assert_eq!(within(0, &board).await, Some(Ok(())));
    assert_eq!(paper.reports()[0]["complete"], true);
}

#[tokio::test(start_paused = true)]
async fn a_run_completed_while_watched_wakes_the_watch() {
    let (board, _paper) = board();
    board.begins("mine");
    board.ended(&end("mine", 1));
    let start = Instant::now();
    let arrives = async {
        time::sleep(Duration::from_secs(5)).await;
        board.hit(&mark("mine", 1), &hit());
    };
    let (verdict, ()) = tokio::join!(board.clone().watch(), arrives);
    assert_eq!((verdict, start.elapsed().as_secs()), (Ok(()), 5));
}

#[tokio::test(start_paused = true)]
async fn an_own_run_without_patience_left_fails() {
    let (board, paper) = board();
    board.begins("mine");
    board.dead(&mark("mine", 2));
    let start = Instant::now();
    board.ended(&end("mine", 2));
    let verdict = board.clone().watch().await.unwrap_err();
    assert_eq!(start.elapsed().as_secs(), 60);
    assert!(verdict.to_string().contains("mine is incomplete: 1 of 2 lines"), "{verdict}");
    let report = &paper.reports()[0];
    assert_eq!(report["complete"], false);
    assert_eq!(report["missing"], serde_json::json!({ "count": 1, "first": [1] }));
}

#[tokio::test(start_paused = true)]
async fn runs_of_others_are_reported_and_end_nothing() {
    let (board, paper) = board();
    board.ended(&end("whole", 0));
    board.ended(&end("late", 3));
    assert_eq!(within(3600, &board).await, None);
    let runs: Vec<_> = paper.reports().iter().map(|report| report["run"].clone()).collect();
    assert_eq!(runs, ["whole", "late"]);
}

#[tokio::test(start_paused = true)]
async fn a_process_with_a_run_of_its_own_reports_no_other() {
    let (board, paper) = board();
    board.begins("mine");
    board.ended(&end("killed", 0));
    board.ended(&end("late", 3));
    assert_eq!(within(3600, &board).await, None);
    board.ended(&end("mine", 0));
    assert_eq!(within(0, &board).await, Some(Ok(())));
    assert_eq!(paper.reports().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_log_and_a_closed_output_end_the_process() {
    let (unreadable, _paper) = board();
    let fails = async { unreadable.cannot_read(&io::ErrorKind::PermissionDenied.into()) };
    let (verdict, ()) = tokio::join!(within(1, &unreadable), fails);
    assert!(matches!(verdict, Some(Err(Failure::Unreadable(_)))));
    let closed = Board::new(Duration::from_secs(60), Closed);
    closed.ended(&end("a", 0));
    assert!(matches!(within(0, &closed).await, Some(Err(Failure::Unwritable(_)))));
}
