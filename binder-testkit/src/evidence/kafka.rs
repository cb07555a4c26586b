//! The committed positions of a group, asked of Kafka in its own protocol.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Recorded, Recorder, strange};

const PATIENCE: Duration = Duration::from_secs(10);
/// Partitions that are asked for; those that are not there are passed over.
const PARTITIONS: i32 = 64;
/// No answer comes near it; larger means that something else is speaking.
const LARGEST: usize = 1 << 20;
/// The question for committed positions, and the version of it that is spoken.
const OFFSET_FETCH: [i16; 2] = [9, 1];

/// A Kafka of one node, which coordinates every group.
#[derive(Clone, Debug)]
pub struct Kafka {
    server: String,
}

impl Kafka {
    /// The node at `host:port`. Connects for each question.
    pub fn at(server: impl Into<String>) -> Self {
        Self { server: server.into() }
    }
}

impl Recorder for Kafka {
    fn recorded(&self, destination: &str, group: &str) -> io::Result<Recorded> {
        let mut body = [text(group), number(1), text(destination), number(PARTITIONS)].concat();
        (0..PARTITIONS).for_each(|partition| body.extend(number(partition)));
        let answer = self.ask(OFFSET_FETCH, &body)?;
        let mut answer = Answer(&answer);
        let mut committed = BTreeMap::new();
        for _ in 0..answer.number()? {
            answer.text()?;
            for _ in 0..answer.number()? {
                let partition = answer.number()?;
                let position = i64::from_be_bytes(answer.take()?);
                answer.text()?;
                let error = i16::from_be_bytes(answer.take()?);
                // Below zero nothing is committed.
                if let (0, Ok(partition), Ok(position)) =
                    (error, u32::try_from(partition), u64::try_from(position))
                {
                    committed.insert(partition, position);
                }
            }
        }
        Ok(Recorded::Below(committed))
    }
}

impl Kafka {
    fn ask(&self, api: [i16; 2], body: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let no_client_id = (-1_i16).to_be_bytes();
        let [key, version] = api.map(i16::to_be_bytes);
        let request = [&key[..], &version, &number(7), &no_client_id, body].concat();
        let length = i32::try_from(request.len()).map_err(io::Error::other)?;
        stream.write_all(&[number(length), request].concat())?;
        let mut head = [0; 8];
        stream.read_exact(&mut head)?;
        let mut head = Answer(&head);
        let (length, correlation) = (head.number()?, head.number()?);
        match usize::try_from(length) {
            Ok(length @ 4..LARGEST) if correlation == 7 => {
                let mut answer = vec![0; length - 4];
                stream.read_exact(&mut answer)?;
                Ok(answer)
            }
            _ => Err(strange("the answer is not Kafka's")),
        }
    }
}

/// Reads the values of an answer one after the other.
struct Answer<'a>(&'a [u8]);

impl Answer<'_> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let cut_off = || strange("an answer is cut off");
        let (taken, rest) = self.0.split_first_chunk().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> io::Result<i32> {
        self.take().map(i32::from_be_bytes)
    }

    /// Passes over a text, which may be null.
    fn text(&mut self) -> io::Result<()> {
        let length = i16::from_be_bytes(self.take()?).max(0);
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.0 = self.0.get(length..).ok_or_else(|| strange("an answer is cut off"))?;
        Ok(())
    }
}

fn number(number: i32) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

fn text(text: &str) -> Vec<u8> {
    // A name of a topic or a group is far shorter.
    let length = i16::try_from(text.len()).unwrap_or(i16::MAX);
    [&length.to_be_bytes(), text.as_bytes()].concat()
}
