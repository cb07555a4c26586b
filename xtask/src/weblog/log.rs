//! Logs with known figures: the one that `WEBLOG_LOG` names, parts of it, and made ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write,
    fs,
    path::{self, Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::json;

use crate::{
    command,
    weblog::{Log, answer},
};

/// Names the log; the tests of the example read it too.
pub(crate) const VARIABLE: &str = "WEBLOG_LOG";

/// Lines that are no requests: without a status, without a size, not UTF-8 in the request.
pub(crate) const BROKEN: [&[u8]; 3] = [
    b"192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\"\n",
    b"192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET / HTTP/1.1\" 200\n",
    b"192.0.2.1 - - [17/May/2015:10:05:03 +0000] \"GET /\xff HTTP/1.1\" 200 1 \"-\" \"-\"\n",
];

/// The log that `WEBLOG_LOG` names, as a path that holds in every folder.
pub(crate) fn named() -> Option<PathBuf> {
    let named = env::var_os(VARIABLE).filter(|named| !named.is_empty())?;
    Some(path::absolute(&named).unwrap_or_else(|_| PathBuf::from(named)))
}

/// The log that `WEBLOG_LOG` names, otherwise a made one of the same length.
pub(crate) fn named_or_made() -> Result<Log> {
    match named() {
        Some(path) => Ok(Log { path, answer: answer::known(0) }),
        None => made(10_000),
    }
}

/// A log of so many requests; no two of its lines are the same.
pub(crate) fn made(lines: u64) -> Result<Log> {
    let mut text = String::new();
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    let mut clients = BTreeSet::new();
    for line in 0..lines {
        let client = format!("10.0.{}.{}", line % 7, line % 251);
        let status = match line {
            _ if line % 1_000 == 999 => 500,
            _ if line % 40 == 7 => 404,
            _ => 200,
        };
        let second = line % 60;
        writeln!(
            text,
            "{client} - - [17/May/2015:10:05:{second:02} +0000] \"GET /{line} HTTP/1.1\" {status} \
             {line} \"-\" \"made\""
        )?;
        *statuses.entry(status).or_default() += 1;
        clients.insert(client);
    }
    let answer = json!({
        "lines": lines,
        "complete": true,
        "requests": lines,
        "alerts": statuses.get(&500).unwrap_or(&0),
        "status": statuses.iter().map(|(code, count)| (code.to_string(), *count))
            .collect::<BTreeMap<_, _>>(),
        "clients": clients.len(),
        "bytes": (0..lines).sum::<u64>(),
        "dead_letters": 0,
    });
    Ok(Log { path: write(&format!("made-{lines}.log"), text.as_bytes())?, answer })
}

/// The log of 10,000 requests and the three lines that are none.
pub(crate) fn with_broken_lines(log: &Path) -> Result<Log> {
    let mut text = fs::read(log).with_context(|| format!("cannot read {}", log.display()))?;
    if !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend(BROKEN.concat());
    Ok(Log { path: write("broken.log", &text)?, answer: answer::known(BROKEN.len()) })
}

fn write(name: &str, text: &[u8]) -> Result<PathBuf> {
    let file = command::scratch("weblog")?.join(name);
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
