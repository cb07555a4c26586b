//! Asking a broker in its own protocol: an open port alone says little.

use std::{
    io::{Error, ErrorKind, Read, Result, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

const PATIENCE: Duration = Duration::from_secs(2);
/// No answer to these questions comes near it; larger means that something else is speaking.
const LARGEST_ANSWER: u32 = 1 << 20;

/// What a broker says of its version, if it tells.
pub(crate) struct Version(pub(crate) Option<String>);

/// Kafka: it lists itself among the brokers that can be used. Kafka tells no version.
pub(crate) fn kafka(address: SocketAddr) -> Result<Version> {
    const METADATA: i16 = 3;
    const REQUEST_VERSION: i16 = 4;
    const CORRELATION: i32 = 1;
    let mut request = Vec::new();
    request.extend(METADATA.to_be_bytes());
    request.extend(REQUEST_VERSION.to_be_bytes());
    request.extend(CORRELATION.to_be_bytes());
    request.extend((-1_i16).to_be_bytes()); // no client id
    request.extend(0_i32.to_be_bytes()); // about no topics
    request.push(0); // create none
    let mut stream = connect(address)?;
    stream.write_all(&(request.len() as u32).to_be_bytes())?;
    stream.write_all(&request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let answer = read(&mut stream, u32::from_be_bytes(length))?;
    // Correlation, throttle time, number of brokers: four bytes each.
    let number = |at: usize| {
        let bytes = answer.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(i32::from_be_bytes)
    };
    match (number(0), number(8)) {
        (Some(CORRELATION), Some(1..)) => Ok(Version(None)),
        (Some(CORRELATION), Some(0)) => Err(strange("no broker can be used yet")),
        _ => Err(strange("the answer is not Kafka's")),
    }
}

/// AMQP 0.9.1: the broker answers the protocol header with `Connection.Start`.
pub(crate) fn amqp(address: SocketAddr) -> Result<Version> {
    const METHOD_FRAME: u8 = 1;
    const CONNECTION_START: [u8; 4] = [0, 10, 0, 10];
    let mut stream = connect(address)?;
    stream.write_all(b"AMQP\x00\x00\x09\x01")?;
    let mut head = [0; 7];
    stream.read_exact(&mut head)?;
    let [kind, _, _, length @ ..] = head;
    if kind != METHOD_FRAME {
        return Err(strange("the answer is not AMQP's"));
    }
    let frame = read(&mut stream, u32::from_be_bytes(length))?;
    if !frame.starts_with(&CONNECTION_START) {
        return Err(strange("the answer is not `Connection.Start`"));
    }
    Ok(Version(server_version(&frame)))
}

/// The value of `version` in the server's properties: a short name, then a long string.
fn server_version(frame: &[u8]) -> Option<String> {
    const KEY: &[u8] = b"\x07versionS";
    let at = frame.windows(KEY.len()).position(|window| window == KEY)? + KEY.len();
    let length = u32::from_be_bytes(frame.get(at..at + 4)?.try_into().ok()?) as usize;
    let value = frame.get(at + 4..at + 4 + length)?;
    String::from_utf8(value.to_vec()).ok()
}

fn connect(address: SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn read(stream: &mut TcpStream, length: u32) -> Result<Vec<u8>> {
    if length > LARGEST_ANSWER {
        return Err(strange("the answer is longer than the protocol's"));
    }
    let mut answer = vec![0; length as usize];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

fn strange(what: &'static str) -> Error {
    Error::new(ErrorKind::InvalidData, what)
}
