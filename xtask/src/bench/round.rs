//! One round: fresh destinations, every program once, every output checked.

use std::{
    fs,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use super::{
    plan::{Kind, OURS, Program},
    program::Programs,
};

/// What every round needs.
pub(crate) struct Stage<'a> {
    kind: Kind,
    programs: &'a Programs,
    /// Keeps destinations of different runs apart.
    run: u64,
}

/// The destinations of one round. Their names have one word: RabbitMQ takes a routing key apart at
/// its dots, and the framework routes by the name as Spring Cloud Stream does.
struct Places {
    input: String,
    programs: Vec<&'static str>,
}

impl Places {
    fn output(&self, program: &str) -> String {
        format!("{}-{program}", self.input)
    }

    fn outputs(&self) -> String {
        self.programs.iter().map(|name| self.output(name)).collect::<Vec<_>>().join(",")
    }
}

impl<'a> Stage<'a> {
    pub(crate) fn new(kind: Kind, programs: &'a Programs) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        Self { kind, programs, run: since.map_or(0, |since| since.as_secs()) }
    }

    /// Runs every program once; the next round begins with the next program.
    pub(crate) fn round(&mut self, number: u32, messages: u64) -> Result<Value> {
        let places = Places {
            input: format!("bench-{}-{number}", self.run),
            programs: self.kind.programs().iter().map(|program| program.name).collect(),
        };
        let load = load();
        if self.kind == Kind::Kafka {
            self.fill(&places, messages)?;
        }
        let mut results = Map::new();
        let mut order: Vec<&Program> = self.kind.programs().iter().collect();
        let first = number as usize % order.len();
        order.rotate_left(first);
        for program in &order {
            let result = match self.kind {
                Kind::Amqp => self.alone(program, &places, messages),
                _ => self.measure(program, &places, messages),
            };
            let result = result.with_context(|| format!("`{}`, round {number}", program.name))?;
            results.insert(program.name.to_owned(), result);
        }
        if self.kind == Kind::Kafka {
            self.remove(&places)?;
        }
        let order: Vec<_> = order.iter().map(|program| program.name).collect();
        Ok(json!({ "order": order, "load before": load, "results": results }))
    }

    /// A queue is used up by whoever reads it, and full ones weigh upon the broker: each program
    /// gets its own, just before it runs.
    fn alone(&self, program: &Program, places: &Places, messages: u64) -> Result<Value> {
        let input = format!("{}-for-{}", places.input, program.name);
        let places = Places { input, programs: vec![program.name] };
        self.fill(&places, messages)?;
        let figures = self.measure(program, &places, messages)?;
        self.remove(&places)?;
        Ok(figures)
    }

    fn measure(&self, program: &Program, places: &Places, messages: u64) -> Result<Value> {
        let work = self.work(program.name, places, messages);
        let mut figures = self.programs.run(program, &work)?;
        if self.kind.broker().is_some() {
            let check = [vec!["check".to_owned()], work].concat();
            let verdict = self.programs.ask("fixture", &check)?;
            for fault in ["missing", "reordered", "wrong", "uncommitted"] {
                if verdict[fault] != 0 {
                    bail!("{} of {messages} messages are {fault}: {verdict}", verdict[fault]);
                }
            }
            figures["verdict"] = verdict;
        }
        Ok(figures)
    }

    /// The settings that the framework gives to its clients, from those clients themselves.
    pub(crate) fn client_settings(&self) -> Result<Value> {
        if self.kind != Kind::Kafka {
            return Ok(Value::Null);
        }
        let places = Places { input: format!("bench-{}-settings", self.run), programs: vec![OURS] };
        self.fill(&places, 1)?;
        let asked = [vec!["--settings".to_owned()], self.work(OURS, &places, 1)].concat();
        let mut answered = self.programs.ask(OURS, &asked)?;
        self.remove(&places)?;
        Ok(answered["settings"].take())
    }

    fn work(&self, program: &str, places: &Places, messages: u64) -> Vec<String> {
        let mut work = vec!["--messages".to_owned(), messages.to_string()];
        if self.kind.broker().is_some() {
            let (input, output) = (places.input.clone(), places.output(program));
            work.extend(["--input".to_owned(), input, "--output".to_owned(), output]);
            work.extend(["--group".to_owned(), self.group(program, places)]);
        }
        work
    }

    /// On Kafka a group outlives its topics, so it needs a name of its own.
    fn group(&self, program: &str, places: &Places) -> String {
        match self.kind {
            Kind::Kafka => places.output(program),
            _ => program.to_owned(),
        }
    }

    fn fill(&self, places: &Places, messages: u64) -> Result<()> {
        let arguments = ["fill", "--messages", &messages.to_string()].map(str::to_owned).to_vec();
        self.fixture(arguments, places)
    }

    fn remove(&self, places: &Places) -> Result<()> {
        self.fixture(vec!["remove".to_owned()], places)
    }

    fn fixture(&self, mut arguments: Vec<String>, places: &Places) -> Result<()> {
        let named = [("--input", places.input.clone()), ("--outputs", places.outputs())];
        arguments.extend(named.into_iter().flat_map(|(flag, name)| [flag.to_owned(), name]));
        if self.kind == Kind::Amqp {
            arguments.extend(["--groups".to_owned(), places.programs.join(",")]);
        }
        self.programs.ask("fixture", &arguments).map(drop)
    }
}

/// The load average of the last minute, which says whether others were busy.
fn load() -> Value {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split(' ').next().and_then(|first| first.parse::<f64>().ok());
    first.map_or(Value::Null, |load| json!(load))
}
