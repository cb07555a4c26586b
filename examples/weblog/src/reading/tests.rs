//! The reader against real files, in virtual time.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// A file of its own for a test, gone with it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, text: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("weblog-{}-{name}.log", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn append(&self, text: &[u8]) {
        fs::OpenOptions::new().append(true).open(&self.0).unwrap().write_all(text).unwrap();
    }

    fn reader(&self, follow: bool, rate: Option<u32>) -> Reader {
        Reader::new(Input::at(self.0.clone()).unwrap(), follow, rate.and_then(NonZeroU32::new))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

async fn all(reader: &mut Reader) -> Vec<Line> {
    let mut lines = Vec::new();
    while let Some(line) = reader.next().await.unwrap() {
        lines.push(line);
    }
    lines
}

async fn text(reader: &mut Reader) -> Bytes {
    reader.next().await.unwrap().unwrap().bytes
}

async fn is_waiting(reader: &mut Reader) -> bool {
    time::timeout(Duration::from_secs(10), reader.next()).await.is_err()
}

#[tokio::test(start_paused = true)]
async fn lines_are_numbered_from_one() {
    let file = Scratch::new("numbers", b"one\n\nthree");
    let lines = all(&mut file.reader(false, None)).await;
    let seen: Vec<_> = lines.iter().map(|line| (line.number, &line.bytes[..])).collect();
    assert_eq!(seen, [(1, &b"one"[..]), (2, b""), (3, b"three")]);
}

#[tokio::test(start_paused = true)]
async fn a_file_of_many_blocks_is_whole() {
    let text: String = (1..=50_000).map(|number| format!("line {number}\n")).collect();
    let file = Scratch::new("blocks", text.as_bytes());
    let lines = all(&mut file.reader(false, None)).await;
    assert_eq!(lines.len(), 50_000);
    for line in lines {
        assert_eq!(line.bytes, format!("line {}", line.number));
    }
}

#[tokio::test(start_paused = true)]
async fn the_sample_is_compiled_in() {
    let mut reader = Reader::new(Input::Sample, true, None);
    let lines = all(&mut reader).await;
    assert!(lines.len() > 10);
    assert_eq!(reader.lines(), lines.len() as u64);
}

#[tokio::test(start_paused = true)]
async fn a_rate_spreads_the_lines_over_time() {
    let file = Scratch::new("rate", "line\n".repeat(101).as_bytes());
    let start = Instant::now();
    all(&mut file.reader(false, Some(20))).await;
    let taken = start.elapsed();
    assert!((5_000..5_200).contains(&taken.as_millis()), "{taken:?}");
}

#[tokio::test(start_paused = true)]
async fn a_followed_file_grows_and_a_begun_line_waits_for_its_end() {
    let file = Scratch::new("grow", b"one\ntw");
    let mut reader = file.reader(true, None);
    assert_eq!(text(&mut reader).await, "one");
    assert!(is_waiting(&mut reader).await);
    file.append(b"o\nthree\n");
    assert_eq!(text(&mut reader).await, "two");
    assert_eq!(text(&mut reader).await, "three");
    assert!(is_waiting(&mut reader).await);
}

#[tokio::test(start_paused = true)]
async fn a_truncated_file_is_read_from_its_start() {
    let file = Scratch::new("truncate", b"one long line\nbegun");
    let mut reader = file.reader(true, None);
    assert_eq!(text(&mut reader).await, "one long line");
    assert!(is_waiting(&mut reader).await);
    fs::write(&file.0, b"two\n").unwrap();
    assert_eq!(text(&mut reader).await, "begun");
    assert_eq!(text(&mut reader).await, "two");
}

#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_rotated_file_is_finished_before_the_new_one() {
    let file = Scratch::new("rotate", b"one\n");
    let old = Scratch(file.0.with_extension("log.1"));
    let mut reader = file.reader(true, None);
    assert_eq!(text(&mut reader).await, "one");
    assert!(is_waiting(&mut reader).await);
    fs::rename(&file.0, &old.0).unwrap();
    assert!(is_waiting(&mut reader).await);
    old.append(b"two\nlast of the old");
    fs::write(&file.0, b"three\n").unwrap();
    assert_eq!(text(&mut reader).await, "two");
    assert_eq!(text(&mut reader).await, "last of the old");
    assert_eq!(text(&mut reader).await, "three");
    assert_eq!(reader.lines(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_went_away_is_an_error() {
    let file = Scratch::new("gone", b"one\n");
    let mut reader = file.reader(false, None);
    let copy: &Path = &file.0;
    fs::remove_file(copy).unwrap();
    assert!(reader.next().await.is_err());
    fs::write(copy, b"").unwrap();
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_is_read_to_its_end() {
    let path = std::env::temp_dir().join(format!("weblog-{}-pipe", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
    assert!(made.success());
    let mut reader = Reader::new(Input::at(path.clone()).unwrap(), false, None);
    let writing = path.clone();
    let writer = std::thread::spawn(move || fs::write(writing, b"one\ntwo\n").unwrap());
    assert_eq!(all(&mut reader).await.len(), 2);
    writer.join().unwrap();
    fs::remove_file(path).unwrap();
}
