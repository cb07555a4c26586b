//! How many messages wait in a queue, asked of RabbitMQ in its own protocol.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{Recorded, Recorder, strange};

const PATIENCE: Duration = Duration::from_secs(10);
/// Ends every frame.
const FRAME_END: u8 = 0xce;
const METHOD: u8 = 1;
/// No frame of this conversation comes near it; larger means that something else is speaking.
const LARGEST: u32 = 1 << 20;

/// A method by class and number.
type Method = [u16; 2];

const START: Method = [10, 10];
const START_OK: Method = [10, 11];
const TUNE: Method = [10, 30];
const TUNE_OK: Method = [10, 31];
const OPEN: Method = [10, 40];
const OPEN_OK: Method = [10, 41];
const CHANNEL_OPEN: Method = [20, 10];
const CHANNEL_OPEN_OK: Method = [20, 11];
const QUEUE_DECLARE: Method = [50, 10];
const QUEUE_DECLARE_OK: Method = [50, 11];

/// A RabbitMQ with the guest that every new one has.
#[derive(Clone, Debug)]
pub struct RabbitMq {
    server: String,
}

impl RabbitMq {
    /// The node at `host:port`. Connects for each question.
    pub fn at(server: impl Into<String>) -> Self {
        Self { server: server.into() }
    }
}

impl Recorder for RabbitMq {
    fn recorded(&self, destination: &str, group: &str) -> io::Result<Recorded> {
        const PASSIVE: u8 = 1;
        let mut stream = TcpStream::connect(&self.server)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        read(&mut stream, START)?;
        let guest = long(b"\0guest\0guest");
        let start = [long(b""), short("PLAIN"), guest, short("en_US")].concat();
        ask(&mut stream, 0, START_OK, &start, TUNE)?;
        // One channel, the largest frames that the server likes, no heartbeat to be kept.
        let tuned = [&1_u16.to_be_bytes()[..], &131_072_u32.to_be_bytes(), &[0, 0]].concat();
        write(&mut stream, 0, TUNE_OK, &tuned)?;
        ask(&mut stream, 0, OPEN, &[short("/"), short(""), vec![0]].concat(), OPEN_OK)?;
        ask(&mut stream, 1, CHANNEL_OPEN, &short(""), CHANNEL_OPEN_OK)?;
        let queue = short(&format!("{destination}.{group}"));
        let declare = [vec![0, 0], queue, vec![PASSIVE], long(b"")].concat();
        let declared = ask(&mut stream, 1, QUEUE_DECLARE, &declare, QUEUE_DECLARE_OK)?;
        // Behind the name stand the numbers of messages and of readers.
        let count = declared.len().checked_sub(8).and_then(|at| declared.get(at..at + 4));
        let count = count.and_then(|count| count.try_into().ok()).map(u32::from_be_bytes);
        let count = count.ok_or_else(|| strange("a frame is cut off"))?;
        Ok(Recorded::Waiting(u64::from(count)))
    }

    /// A window that has grown is another consumer, and the one before keeps what it has (decision
    /// 29): windows of 8, 64 and 512 messages, as far as they are below the last, may stand beside it.
    fn out(&self, in_flight: u64) -> u64 {
        in_flight.saturating_mul(2).saturating_add(8 + 64)
    }
}

fn ask(
    stream: &mut TcpStream,
    channel: u16,
    method: Method,
    arguments: &[u8],
    answer: Method,
) -> io::Result<Vec<u8>> {
    write(stream, channel, method, arguments)?;
    read(stream, answer)
}

fn write(to: &mut TcpStream, channel: u16, method: Method, arguments: &[u8]) -> io::Result<()> {
    let length = u32::try_from(arguments.len() + 4).map_err(io::Error::other)?;
    let [class, number] = method.map(u16::to_be_bytes);
    let channel = channel.to_be_bytes();
    let head = [&[METHOD], &channel[..], &length.to_be_bytes(), &class, &number].concat();
    to.write_all(&[&head, arguments, &[FRAME_END]].concat())
}

/// Reads a frame that has to be that method; gives its arguments.
fn read(from: &mut TcpStream, expected: Method) -> io::Result<Vec<u8>> {
    let mut head = [0; 7];
    from.read_exact(&mut head)?;
    let [kind, _, _, length @ ..] = head;
    let length = u32::from_be_bytes(length);
    if kind != METHOD || !(4..LARGEST).contains(&length) {
        return Err(strange("the server does not answer with a method"));
    }
    let mut frame = vec![0; length as usize + 1];
    from.read_exact(&mut frame)?;
    let is_expected = frame[..4] == *expected.map(u16::to_be_bytes).as_flattened();
    if !is_expected || frame.pop() != Some(FRAME_END) {
        return Err(strange("the server refuses; its log says why"));
    }
    Ok(frame.split_off(4))
}

/// The text as AMQP's short string; it has to be shorter than 256 bytes.
fn short(text: &str) -> Vec<u8> {
    [&[text.len() as u8], text.as_bytes()].concat()
}

/// The bytes as AMQP's long string, which is also how a table is framed.
fn long(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u32).to_be_bytes(), bytes].concat()
}
