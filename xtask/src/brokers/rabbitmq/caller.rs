//! A connection to RabbitMQ without any client library that an application under test could share.

use std::{
    collections::BTreeMap,
    io::{Result, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use super::wire::{
    BODY, Frame, HEADER, METHOD, Method, Values, long_string, short_string, strange,
};

const PATIENCE: Duration = Duration::from_secs(10);

const START: Method = (10, 10);
const START_OK: Method = (10, 11);
const TUNE: Method = (10, 30);
const TUNE_OK: Method = (10, 31);
const OPEN: Method = (10, 40);
const OPEN_OK: Method = (10, 41);
const CHANNEL_OPEN: Method = (20, 10);
const CHANNEL_OPEN_OK: Method = (20, 11);
const EXCHANGE_DECLARE: Method = (40, 10);
const EXCHANGE_DECLARE_OK: Method = (40, 11);
const EXCHANGE_DELETE: Method = (40, 20);
const EXCHANGE_DELETE_OK: Method = (40, 21);
const QUEUE_DECLARE: Method = (50, 10);
const QUEUE_DECLARE_OK: Method = (50, 11);
const QUEUE_BIND: Method = (50, 20);
const QUEUE_BIND_OK: Method = (50, 21);
const QUEUE_DELETE: Method = (50, 40);
const QUEUE_DELETE_OK: Method = (50, 41);
const GET: Method = (60, 70);
const GET_OK: Method = (60, 71);
const GET_EMPTY: Method = (60, 72);

/// One connection with one channel, as the guest that every new RabbitMQ has.
pub(crate) struct Caller {
    stream: TcpStream,
}

/// Headers of a message, those that are texts.
pub(crate) type Headers = BTreeMap<String, String>;

/// How long a queue lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// As long as the connection.
    Connection,
    /// Until it is deleted.
    Durable,
}

impl Caller {
    pub(crate) fn connect(server: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut caller = Self { stream };
        caller.open()?;
        Ok(caller)
    }

    fn open(&mut self) -> Result<()> {
        self.stream.write_all(b"AMQP\x00\x00\x09\x01")?;
        self.expect(START)?;
        let no_properties = long_string(b"");
        let response = long_string(b"\0guest\0guest");
        self.ask(
            0,
            START_OK,
            &[no_properties, short_string("PLAIN"), response, short_string("en_US")],
            TUNE,
        )?;
        // One channel, the largest frames that the server likes, no heartbeat to be kept.
        let tuned = [&1_u16.to_be_bytes()[..], &131_072_u32.to_be_bytes(), &[0, 0]].concat();
        Frame::write_method(&mut self.stream, 0, TUNE_OK, &tuned)?;
        self.ask(0, OPEN, &[short_string("/"), short_string(""), vec![0]], OPEN_OK)?;
        self.ask(1, CHANNEL_OPEN, &[short_string("")], CHANNEL_OPEN_OK).map(drop)
    }

    /// Make a durable topic exchange.
    pub(crate) fn exchange(&mut self, name: &str) -> Result<()> {
        const DURABLE: u8 = 0b0_0010;
        let names = [short_string(name), short_string("topic")].concat();
        let arguments = [vec![0, 0], names, vec![DURABLE], long_string(b"")];
        self.ask(1, EXCHANGE_DECLARE, &arguments, EXCHANGE_DECLARE_OK).map(drop)
    }

    /// Make a queue; the server names it where `name` is empty.
    pub(crate) fn queue(&mut self, name: &str, life: Life) -> Result<String> {
        let flags = match life {
            Life::Connection => 0b0_1100, // exclusive, deletes itself
            Life::Durable => 0b0_0010,
        };
        let arguments = [vec![0, 0], short_string(name), vec![flags], long_string(b"")];
        let declared = self.ask(1, QUEUE_DECLARE, &arguments, QUEUE_DECLARE_OK)?;
        let name = Values(&declared).short_string()?;
        Ok(String::from_utf8_lossy(name).into_owned())
    }

    /// Bind a queue to everything that an exchange is given.
    pub(crate) fn bind(&mut self, queue: &str, exchange: &str) -> Result<()> {
        let names = [queue, exchange, "#"].map(short_string).concat();
        let arguments = [vec![0, 0], names, vec![0], long_string(b"")];
        self.ask(1, QUEUE_BIND, &arguments, QUEUE_BIND_OK).map(drop)
    }

    /// Delete a queue and what it holds; one that is not there is no error.
    pub(crate) fn delete_queue(&mut self, name: &str) -> Result<()> {
        let arguments = [vec![0, 0], short_string(name), vec![0]];
        self.ask(1, QUEUE_DELETE, &arguments, QUEUE_DELETE_OK).map(drop)
    }

    /// Delete an exchange; one that is not there is no error.
    pub(crate) fn delete_exchange(&mut self, name: &str) -> Result<()> {
        let arguments = [vec![0, 0], short_string(name), vec![0]];
        self.ask(1, EXCHANGE_DELETE, &arguments, EXCHANGE_DELETE_OK).map(drop)
    }

    /// Take every message that a queue holds.
    pub(crate) fn drain(&mut self, queue: &str) -> Result<Vec<Headers>> {
        const WITHOUT_ACK: u8 = 1;
        let get = [vec![0, 0], short_string(queue), vec![WITHOUT_ACK]].concat();
        let mut messages = Vec::new();
        loop {
            Frame::write_method(&mut self.stream, 1, GET, &get)?;
            let (method, _) = self.method()?;
            match method {
                GET_OK => messages.push(self.message()?),
                GET_EMPTY => return Ok(messages),
                _ => return Err(strange("the server answers something else than a message")),
            }
        }
    }

    /// The header and body that follow a delivery.
    fn message(&mut self) -> Result<Headers> {
        let header = Frame::read(&mut self.stream)?;
        if header.kind != HEADER {
            return Err(strange("a message has no header"));
        }
        let mut values = Values(&header.payload);
        let (_class, _weight, size) = (values.short()?, values.short()?, values.long_long()?);
        let mut left = size as usize;
        while left > 0 {
            let body = Frame::read(&mut self.stream)?;
            if body.kind != BODY || body.payload.is_empty() {
                return Err(strange("a message has no body"));
            }
            left = left.saturating_sub(body.payload.len());
        }
        headers(&mut values)
    }

    fn ask(
        &mut self,
        channel: u16,
        method: Method,
        arguments: &[Vec<u8>],
        answer: Method,
    ) -> Result<Vec<u8>> {
        Frame::write_method(&mut self.stream, channel, method, &arguments.concat())?;
        self.expect(answer)
    }

    fn expect(&mut self, expected: Method) -> Result<Vec<u8>> {
        match self.method()? {
            (method, arguments) if method == expected => Ok(arguments),
            _ => Err(strange("the server refuses, its log says why")),
        }
    }

    fn method(&mut self) -> Result<(Method, Vec<u8>)> {
        let frame = Frame::read(&mut self.stream)?;
        if frame.kind != METHOD {
            return Err(strange("the server does not answer with a method"));
        }
        let mut values = Values(&frame.payload);
        let method = (values.short()?, values.short()?);
        Ok((method, values.0.to_vec()))
    }
}

/// Headers among the properties of a message: they come third, behind two short strings.
fn headers(values: &mut Values<'_>) -> Result<Headers> {
    const CONTENT_TYPE: u16 = 1 << 15;
    const CONTENT_ENCODING: u16 = 1 << 14;
    const HEADERS: u16 = 1 << 13;
    let flags = values.short()?;
    for property in [CONTENT_TYPE, CONTENT_ENCODING] {
        if flags & property != 0 {
            values.short_string()?;
        }
    }
    if flags & HEADERS == 0 { Ok(Headers::new()) } else { values.table() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_behind_the_properties_before_them() {
        let table = long_string(b"\x03runS\0\0\0\x01a");
        let expected = Headers::from([("run".to_owned(), "a".to_owned())]);
        let typed = [&0xa000_u16.to_be_bytes()[..], &short_string("text/plain"), &table].concat();
        assert_eq!(headers(&mut Values(&typed)).unwrap(), expected);
        let alone = [&0x2000_u16.to_be_bytes()[..], &table].concat();
        assert_eq!(headers(&mut Values(&alone)).unwrap(), expected);
        let none = [&0x8000_u16.to_be_bytes()[..], &short_string("text/plain")].concat();
        assert!(headers(&mut Values(&none)).unwrap().is_empty());
    }
}
