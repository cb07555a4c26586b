//! A whole program: how it ends, and with which exit code.
//!
//! This binary is both: started with `PROCESS_CASE` it is the program, otherwise the tests of it.

#![allow(clippy::unwrap_used, reason = "a test stops where something is not as it should be")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};

/// Names the program to be, by what happens in it.
const CASE: &str = "PROCESS_CASE";

/// A program with a function for everything that can happen.
mod program {
    use std::process::ExitCode;
    use std::sync::Arc;
    use std::time::Duration;

    use binder::prelude::*;
    use binder_core::message::Message;
    use binder_testkit::script::ScriptedBinder;

    #[derive(Clone, Debug, clap::Args)]
    struct Own {
        /// How many messages are sent.
        #[arg(long, default_value_t = 1)]
        messages: u64,
    }

    /// The arguments, and what is to happen.
    #[derive(Clone, Debug)]
    struct Told {
        messages: u64,
        case: String,
    }

    #[stream_emitter]
    #[output("numbers")]
    fn numbers(State(told): State<Told>) -> impl Stream<Item = Result<u64>> {
        let fails = told.case == "emitter fails";
        futures::stream::iter(0..told.messages).map(move |number| match fails {
            true => Err(binder::Error::msg("the emitter is broken")),
            false => Ok(number),
        })
    }

    #[stream_listener]
    #[input("numbers")]
    async fn handle(number: u64, State(told): State<Told>) -> Result<()> {
        tracing::info!("handle {number}");
        match told.case.as_str() {
            "hangs" => std::future::pending().await,
            "blocks" => loop {
                std::thread::park();
            },
            "poison" => Err(binder::Error::msg("poison").permanent()),
            "starts" => {
                tokio::time::sleep(Duration::from_millis(500)).await; // work that takes its time
                tracing::info!("handled {number}");
                Ok(())
            }
            _ => Ok(()),
        }
    }

    #[stream_listener]
    #[input("late")]
    async fn wait(_: u64) {}

    /// One input brings a message at once, the other is never assigned.
    fn half_assigned() -> Arc<ScriptedBinder> {
        let binder = ScriptedBinder::new();
        binder.input("numbers").push([Message::new("0")]);
        binder.input("late").assigned_late();
        Arc::new(binder)
    }

    #[binder::enable_binding]
    async fn main(own: Own) -> Result<App<Told>> {
        let case = std::env::var(super::CASE)?;
        if case == "main fails" {
            return Err(binder::Error::msg("main is broken"));
        }
        let told = Told { messages: own.messages, case: case.clone() };
        let make = move || async move {
            match told.case.as_str() {
                "state fails" => Err(binder::Error::msg("the state is broken")),
                "state hangs" => {
                    tracing::info!("ready to wait for ever");
                    std::future::pending().await
                }
                _ => Ok(told),
            }
        };
        let app = App::from_fn(make).emit(emitters![numbers]);
        let a_second = async {
            tokio::time::sleep(Duration::from_secs(1)).await; // the end that the program waits for
            Ok(())
        };
        Ok(match case.as_str() {
            "emitter fails" | "finishes" => app,
            "starts" => app.bind(listeners![handle, wait]).binder("scripted", half_assigned()),
            "until" => app.bind(listeners![handle]).until(a_second),
            "until fails" => app
                .bind(listeners![handle])
                .until(async { Err(binder::Error::msg("the end is broken")) }),
            _ => app.bind(listeners![handle]),
        })
    }

    pub(crate) fn run() -> ExitCode {
        main()
    }
}

/// A program under test.
struct Program {
    child: Child,
    errors: BufReader<ChildStderr>,
    said: String,
}

impl Program {
    fn start(case: &str, arguments: &[&str]) -> Self {
        Self::logging("info", case, arguments)
    }

    fn logging(level: &str, case: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(arguments)
            .env(CASE, case)
            .env("RUST_LOG", level)
            // One worker, so that a function which blocks it blocks them all.
            .env("TOKIO_WORKER_THREADS", "1")
            .current_dir(env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let errors = BufReader::new(child.stderr.take().unwrap());
        Self { child, errors, said: String::new() }
    }

    /// Waits until it says this.
    fn until(mut self, words: &str) -> Self {
        while !self.said.contains(words) {
            let read = self.errors.read_line(&mut self.said).unwrap();
            assert!(read > 0, "it ended without saying {words}: {}", self.said);
        }
        self
    }

    fn signal(self, name: &str) -> Self {
        let sent = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        self
    }

    /// Waits for its end, which has to come within so many seconds, and gives what it has said.
    fn ends(self, code: i32, seconds: u64) -> String {
        let (said, output) = self.prints(code, seconds);
        assert_eq!(output, "", "standard output is the application's own");
        said
    }

    /// The same, and what it has written to standard output.
    fn prints(mut self, code: i32, seconds: u64) -> (String, String) {
        let (start, mut output) = (Instant::now(), String::new());
        self.errors.read_to_string(&mut self.said).unwrap();
        self.child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
        let ended = self.child.wait().unwrap();
        assert_eq!(ended.code(), Some(code), "{}", self.said);
        assert!(start.elapsed() < Duration::from_secs(seconds), "it took {:?}", start.elapsed());
        (std::mem::take(&mut self.said), output)
    }
}

/// A test that fails leaves no program behind.
impl Drop for Program {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// How often a line of the program itself, not of its log, says this.
fn says(text: &str, words: &str) -> usize {
    text.lines().filter(|line| line.starts_with("stream-binder: ") && line.contains(words)).count()
}

fn drained_by_a_signal() {
    for (signal, name) in [("TERM", "SIGTERM"), ("INT", "SIGINT")] {
        let text = Program::start("runs", &[]).until("handle 0").signal(signal).ends(0, 10);
        assert!(text.contains(name), "{text}");
        assert!(!text.contains("ERROR"), "{text}");
    }
}

fn drained_by_until() {
    Program::start("until", &[]).ends(0, 10);
}

fn what_is_logged_decides_nothing() {
    for level in ["off", "error", "warn", "trace"] {
        Program::logging(level, "until", &[]).ends(0, 10);
    }
}

fn drained_when_every_emitter_has_ended() {
    Program::start("finishes", &["--messages=1000"]).ends(0, 10);
}

fn the_word_run_may_stand_first() {
    Program::start("finishes", &["run", "--messages", "3"]).ends(0, 10);
}

fn a_failure_of_until_is_1() {
    let text = Program::start("until fails", &[]).ends(1, 10);
    assert_eq!(text.matches("the end is broken").count(), 1, "{text}");
}

fn a_failure_of_main_or_of_the_state_is_1() {
    for (case, why) in [("main fails", "main is broken"), ("state fails", "the state is broken")] {
        let text = Program::start(case, &[]).ends(1, 10);
        assert_eq!(says(&text, why), 1, "{text}");
    }
}

fn a_refusal_is_2() {
    for argument in ["--set=default_binder=rabbit", "--messages=many", "--only=handles", "surplus"]
    {
        Program::start("runs", &[argument]).ends(2, 10);
    }
}

/// The state of this program hangs: it is not made.
fn dead_letters_need_no_state_and_a_binder_that_keeps_them() {
    let dlq = |words: &[&str]| {
        let words: Vec<_> = ["dlq"].iter().chain(words).copied().collect();
        Program::start("state hangs", &words)
    };
    let on = "--set=bindings.numbers.dead_letter=bad";
    let text = dlq(&["list"]).ends(0, 10);
    assert_eq!(says(&text, "dead_letter = true"), 1, "{text}");
    assert_eq!(dlq(&["list", "--json"]).prints(0, 10).1, "[]\n");
    for words in [&["list", on][..], &["show", "bad", on], &["redrive", "bad", on]] {
        let text = dlq(words).ends(2, 10);
        assert_eq!(says(&text, "`memory`, destination `bad`"), 1, "{text}");
    }
    let text = dlq(&["show", "good", on]).ends(2, 10);
    assert_eq!(says(&text, "there is `bad`"), 1, "{text}");
    let scripted = "--set=default_binder=scripted";
    let text = Program::start("starts", &["dlq", "list", on, scripted]).ends(2, 10);
    assert_eq!(says(&text, "`scripted`"), 1, "{text}");
    let text = Program::start("main fails", &["dlq", "list"]).ends(1, 10);
    assert_eq!(says(&text, "main is broken"), 1, "{text}");
    for words in [&[][..], &["what"], &["show"], &["redrive", "bad", "--rate=fast"]] {
        dlq(words).ends(2, 10);
    }
    // What is the application's own stands behind `--`, or behind `run`.
    dlq(&["list", "--", "--messages=many"]).ends(2, 10);
    dlq(&["list", "--", "--messages=7"]).ends(0, 10);
    let text = Program::start("finishes", &["run", "dlq"]).ends(2, 10);
    assert!(text.contains("unexpected argument 'dlq'"), "{text}");
}

fn every_input_stopped_is_3() {
    let text = Program::start("poison", &[]).ends(3, 10);
    for words in ["poison", "dead_letter", "on_exhausted", "numbers", "every input has stopped"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

fn an_emitter_that_failed_alone_is_3() {
    let text = Program::start("emitter fails", &[]).ends(3, 10);
    assert!(text.contains("the emitter is broken"), "{text}");
}

fn the_grace_exceeded_is_4_also_where_a_thread_is_blocked() {
    for case in ["hangs", "blocks"] {
        let program = Program::start(case, &["--set=grace=1s"]).until("handle 0");
        let text = program.signal("TERM").ends(4, 10);
        assert!(text.contains("grace of 1s"), "{text}");
    }
}

fn a_second_signal_is_4_at_once() {
    for case in ["hangs", "blocks"] {
        let program = Program::start(case, &[]).until("handle 0").signal("TERM").until("SIGTERM");
        let text = program.signal("INT").ends(4, 10);
        assert!(text.contains("a second signal"), "{text}");
    }
}

fn a_signal_while_it_starts_ends_it() {
    let program = Program::start("state hangs", &[]).until("ready to wait for ever");
    program.signal("TERM").ends(0, 10);
}

fn a_signal_while_it_starts_drains_what_has_begun() {
    let program = Program::start("starts", &["--set=default_binder=scripted"]).until("handle 0");
    let text = program.signal("TERM").ends(0, 10);
    assert!(text.contains("handled 0"), "{text}");
    assert!(text.contains("SIGTERM while starting") && !text.contains("ready"), "{text}");
}

fn main() -> ExitCode {
    if std::env::var_os(CASE).is_some() {
        return program::run();
    }
    macro_rules! trials {
        ($($test:ident),* $(,)?) => {
            vec![$(Trial::test(stringify!($test), || { $test(); Ok(()) })),*]
        };
    }
    let trials = trials![
        drained_by_a_signal,
        drained_by_until,
        what_is_logged_decides_nothing,
        drained_when_every_emitter_has_ended,
        the_word_run_may_stand_first,
        a_failure_of_until_is_1,
        a_failure_of_main_or_of_the_state_is_1,
        a_refusal_is_2,
        dead_letters_need_no_state_and_a_binder_that_keeps_them,
        every_input_stopped_is_3,
        an_emitter_that_failed_alone_is_3,
        the_grace_exceeded_is_4_also_where_a_thread_is_blocked,
        a_second_signal_is_4_at_once,
        a_signal_while_it_starts_ends_it,
        a_signal_while_it_starts_drains_what_has_begun,
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
