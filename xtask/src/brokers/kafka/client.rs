//! A few questions in Kafka's own protocol, over no client library that an application under test
//! could share. The test broker is one node, so it leads and coordinates everything.

use std::{
    io::{Error, ErrorKind, Read, Result, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::records::{Reader, Record, records};

const PATIENCE: Duration = Duration::from_secs(10);
/// No answer comes near it; larger means that something else is speaking.
const LARGEST: i32 = 64 << 20;

/// A question by its number and the version of it that is spoken.
type Api = (i16, i16);

const FETCH: Api = (1, 4);
const LIST_OFFSETS: Api = (2, 1);
const METADATA: Api = (3, 4);
const OFFSET_FETCH: Api = (9, 1);
const CREATE_TOPICS: Api = (19, 2);
const DELETE_TOPICS: Api = (20, 1);

/// What is new, or was just restarted, has no leader, no coordinator or is not loaded yet.
const NOT_YET: [i16; 5] = [3, 6, 14, 15, 16];

/// A connection to the broker.
pub(crate) struct Client {
    stream: TcpStream,
}

impl Client {
    pub(crate) fn connect(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream })
    }

    /// How many partitions a topic has; none where it does not exist.
    pub(crate) fn partitions(&mut self, topic: &str) -> Result<u32> {
        let create_none = vec![0];
        let answer = self.ask(METADATA, &[number(1), text(topic), create_none].concat())?;
        let mut answer = Reader(&answer);
        answer.number()?; // throttle time
        for _ in 0..answer.number()? {
            answer.number()?;
            answer.text()?;
            answer.number()?;
            answer.text()?;
        }
        answer.text()?; // cluster
        answer.number()?; // controller
        answer.number()?; // one topic
        let error = answer.short()?;
        answer.text()?;
        answer.take(1)?;
        let count = answer.number()?;
        Ok(if error == 0 { count as u32 } else { 0 })
    }

    /// The records of a partition from an offset on, as many as one answer brings.
    pub(crate) fn fetch(&mut self, topic: &str, partition: u32, from: i64) -> Result<Vec<Record>> {
        let most = number(16 << 20);
        let body = [
            number(-1), // no replica
            number(0),  // do not wait
            number(0),
            most.clone(),
            vec![0], // what is not committed too
            number(1),
            text(topic),
            number(1),
            number(partition as i32),
            from.to_be_bytes().to_vec(),
            most,
        ];
        let answer = self.ask(FETCH, &body.concat())?;
        let mut answer = Reader(&answer);
        answer.number()?; // throttle time
        answer.number()?; // one topic
        answer.text()?;
        answer.number()?; // one partition
        answer.number()?;
        let error = answer.short()?;
        if NOT_YET.contains(&error) {
            return Ok(Vec::new());
        }
        refused(error, "fetch")?;
        answer.take(16)?; // the ends of the log
        for _ in 0..answer.number()?.max(0) {
            answer.take(16)?; // a transaction that was given up
        }
        records(answer.bytes()?.unwrap_or_default(), from)
    }

    /// What a group has committed of the first `count` partitions.
    pub(crate) fn committed(&mut self, group: &str, topic: &str, count: u32) -> Result<Vec<i64>> {
        let mut body = [text(group), number(1), text(topic), number(count as i32)].concat();
        (0..count).for_each(|partition| body.extend(number(partition as i32)));
        let answer = self.ask(OFFSET_FETCH, &body)?;
        let mut answer = Reader(&answer);
        let mut committed = vec![0; count as usize];
        for _ in 0..answer.number()? {
            answer.text()?;
            for _ in 0..answer.number()? {
                let partition = answer.number()? as usize;
                let offset = answer.long()?;
                answer.text()?;
                let error = answer.short()?;
                if !NOT_YET.contains(&error) {
                    refused(error, "fetch the offsets of")?;
                    // -1 says that nothing was committed.
                    committed[partition] = offset.max(0);
                }
            }
        }
        Ok(committed)
    }

    /// Where the first `count` partitions of a topic end; none where nobody says so yet.
    pub(crate) fn ends(&mut self, topic: &str, count: u32) -> Result<Vec<Option<i64>>> {
        const THE_END: i64 = -1;
        let no_replica = number(-1);
        let mut body = [no_replica, number(1), text(topic), number(count as i32)].concat();
        for partition in 0..count {
            body.extend(number(partition as i32));
            body.extend(THE_END.to_be_bytes());
        }
        let answer = self.ask(LIST_OFFSETS, &body)?;
        let mut answer = Reader(&answer);
        let mut ends = vec![None; count as usize];
        for _ in 0..answer.number()? {
            answer.text()?;
            for _ in 0..answer.number()? {
                let partition = answer.number()? as usize;
                let error = answer.short()?;
                answer.long()?; // a time
                let end = answer.long()?;
                if !NOT_YET.contains(&error) {
                    refused(error, "say the end of")?;
                    ends[partition] = Some(end);
                }
            }
        }
        Ok(ends)
    }

    /// Make a topic.
    pub(crate) fn create(&mut self, topic: &str, partitions: u32) -> Result<()> {
        let (one_copy, nothing, for_good) = (vec![0, 1], number(0), vec![0]);
        let what = [number(1), text(topic), number(partitions as i32), one_copy];
        let body = [what.concat(), nothing.repeat(2), number(10_000), for_good].concat();
        let answer = self.ask(CREATE_TOPICS, &body)?;
        let mut answer = Reader(&answer);
        answer.number()?; // throttle time
        answer.number()?; // one topic
        answer.text()?;
        refused(answer.short()?, "create")
    }

    /// Delete a topic; one that is not there is no error.
    pub(crate) fn delete(&mut self, topic: &str) -> Result<()> {
        const UNKNOWN: i16 = 3;
        let answer = self.ask(DELETE_TOPICS, &[number(1), text(topic), number(10_000)].concat())?;
        let mut answer = Reader(&answer);
        answer.number()?; // throttle time
        answer.number()?; // one topic
        answer.text()?;
        match answer.short()? {
            UNKNOWN => Ok(()),
            error => refused(error, "delete"),
        }
    }

    fn ask(&mut self, (api, version): Api, body: &[u8]) -> Result<Vec<u8>> {
        const CORRELATION: i32 = 7;
        let head = [&api.to_be_bytes()[..], &version.to_be_bytes(), &CORRELATION.to_be_bytes()];
        let no_client_id = (-1_i16).to_be_bytes();
        let request = [&head.concat(), &no_client_id[..], body].concat();
        self.stream.write_all(&[number(request.len() as i32), request].concat())?;
        let mut head = [0; 8];
        self.stream.read_exact(&mut head)?;
        let mut head = Reader(&head);
        let (length, correlation) = (head.number()?, head.number()?);
        if correlation != CORRELATION || !(4..=LARGEST).contains(&length) {
            return Err(strange("the answer is not Kafka's"));
        }
        let mut answer = vec![0; length as usize - 4];
        self.stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}

fn number(number: i32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn text(text: &str) -> Vec<u8> {
    [&(text.len() as i16).to_be_bytes(), text.as_bytes()].concat()
}

fn refused(error: i16, what: &str) -> Result<()> {
    let refused = || Error::other(format!("Kafka does not {what} it: error {error}"));
    if error == 0 { Ok(()) } else { Err(refused()) }
}

pub(super) fn strange(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
