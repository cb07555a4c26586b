//! One confirm channel, from the first message to the last.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use binder_core::publish::Reports;
use binder_core::{Completed, Error, ErrorKind, Outgoing, Result};
use lapin::options::ConfirmSelectOptions;
use lapin::types::ShortString;
use tokio::time::{Instant, sleep, timeout};

use crate::connection::Live;
use crate::error::{broker, message_limit};
use crate::flight::{Flight, Frame, Landed, Ticket};
use crate::properties::outbound;
use crate::returns::{Confirmed, Returns};
use crate::sender::verdict::{Said, Verdict};
use crate::sender::{GRACE, Sender};

/// Messages that are sent and not confirmed.
const WINDOW: usize = 1_000;
/// And their bytes; one message of any size alone.
const WINDOW_BYTES: usize = 32 * 1024 * 1024;
/// How often an idle channel is looked at.
const IDLE: Duration = Duration::from_secs(1);
/// How long a lost channel may take to tell each message so.
const AFTERMATH: Duration = Duration::from_secs(1);

/// A confirm channel.
pub(crate) struct Session {
    channel: lapin::Channel,
    exchange: ShortString,
    frame_max: usize,
    /// Bytes on their way.
    flying: usize,
    /// The connection lives as long as its channels.
    _live: Arc<Live>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

/// Why a session ended.
pub(crate) enum Ended {
    /// Nobody publishes any more, and everything is reported.
    Closed,
    /// The channel was lost with nothing on its way.
    Idle,
    /// The channel was lost with messages on their way, which are reported.
    Lost(String),
}

impl Session {
    /// Opens a channel that confirms.
    ///
    /// # Errors
    ///
    /// When the connection is lost.
    pub(crate) async fn open(live: Arc<Live>, exchange: ShortString) -> Result<Self> {
        let channel = live.channel().await?;
        channel
            .confirm_select(ConfirmSelectOptions::default())
            .await
            .map_err(|why| broker("the channel does not confirm", why))?;
        let frame_max = live.frame_max();
        Ok(Self { channel, exchange, frame_max, flying: 0, _live: live })
    }

    /// Sends what is left in the outlet and reports what becomes of it.
    pub(super) async fn serve(&mut self, sender: &mut Sender) -> Ended {
        let mut flight = Flight::new();
        let mut returns = Returns::new();
        let (mut taken, mut landed) = (Vec::new(), Vec::new());
        let outlet = sender.outlet.clone();
        let mut until = None;
        loop {
            if flight.len() == 0 && !self.channel.status().connected() {
                return Ended::Idle;
            }
            let room = flight.len() < WINDOW && self.flying < WINDOW_BYTES;
            if room {
                outlet.take(WINDOW - flight.len(), WINDOW_BYTES - self.flying, &mut taken);
                for (frame, ticket) in self.prepare(sender, &mut taken) {
                    flight.push(frame.publish(ticket));
                }
            }
            if outlet.is_closed() {
                if outlet.is_empty() && flight.len() == 0 {
                    break;
                }
                if *until.get_or_insert_with(|| Instant::now() + GRACE) <= Instant::now() {
                    break;
                }
            }
            let idle = flight.len() == 0;
            tokio::select! {
                biased;
                () = flight.land(&mut landed), if !idle => {}
                () = outlet.changed(), if room => {}
                () = sleep(IDLE) => {}
            }
            if let Some(lost) = self.report(sender, &mut returns, &mut landed, flight.len()) {
                self.aftermath(sender, flight, returns).await;
                return Ended::Lost(lost);
            }
        }
        outlet.reported(flight.len());
        // Dropped with its flight, what is unconfirmed after the grace is unknown.
        drop(flight);
        drop(timeout(GRACE, self.channel.close(200, "OK".into())).await);
        Ended::Closed
    }

    /// Turns messages into frames; refuses those that can never be sent.
    fn prepare(&mut self, sender: &mut Sender, taken: &mut Vec<Outgoing>) -> Vec<(Frame, Ticket)> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
        let (mut reports, mut refused) = (Reports::new(), 0);
        let mut frames = Vec::with_capacity(taken.len());
        for Outgoing { message, completion } in taken.drain(..) {
            match self.frame(sender, &message, now) {
                Ok((frame, id, partition)) => {
                    let (size, body) = (message.size(), message.payload.map_or(0, |p| p.len()));
                    self.flying += size;
                    frames.push((frame, Ticket { completion, id, partition, size, body }));
                }
                Err(why) => {
                    let why = why.at_destination(sender.plan.destination.as_str());
                    completion.report_into(Completed::Refused(why), &mut reports);
                    refused += 1;
                }
            }
        }
        reports.deliver();
        sender.outlet.reported(refused);
        frames
    }

    fn frame(
        &self,
        sender: &mut Sender,
        message: &binder_core::Message,
        now: u64,
    ) -> Result<(Frame, ShortString, Option<u32>)> {
        let size = message.payload.as_ref().map_or(0, bytes::Bytes::len);
        let limit = sender.plan.max_message_size;
        if size > limit {
            return Err(too_large(size, limit));
        }
        let sent = outbound(message, || sender.ids.next(), now, self.frame_max)?;
        let (partition, routing_key) = sender.plan.routes.of(message.key.as_deref())?;
        let frame = Frame {
            channel: self.channel.clone(),
            exchange: self.exchange.clone(),
            routing_key,
            properties: sent.properties,
            payload: message.payload.clone(),
        };
        Ok((frame, sent.id, partition))
    }

    /// Reports what has landed; says why the channel is lost, if it is.
    fn report(
        &mut self,
        sender: &mut Sender,
        returns: &mut Returns<Said>,
        landed: &mut Vec<Landed>,
        outstanding: usize,
    ) -> Option<String> {
        let (mut reports, mut count, mut lost) = (Reports::new(), 0, None);
        let mut confirmed = Vec::with_capacity(landed.len());
        for (ticket, said) in landed.drain(..) {
            self.flying = self.flying.saturating_sub(ticket.size);
            match said {
                Ok(said) => confirmed.push(said_of(ticket, said)),
                Err(why) => {
                    let verdict = sender.lost(&ticket, &why);
                    lost.get_or_insert_with(|| why.to_string());
                    sender.judge(ticket.completion, ticket.partition, verdict, &mut reports);
                    count += 1;
                }
            }
        }
        returns.take(confirmed, outstanding, |said: Said, returned| {
            let verdict = said.verdict(returned);
            sender.judge(said.completion, said.partition, verdict, &mut reports);
            count += 1;
        });
        reports.deliver();
        sender.outlet.reported(count);
        lost
    }

    /// Hears of the rest of a lost channel's messages, and gives up those it does not hear of.
    async fn aftermath<F: Future<Output = Landed>>(
        &mut self,
        sender: &mut Sender,
        mut flight: Flight<F>,
        mut returns: Returns<Said>,
    ) {
        let mut landed = Vec::new();
        let hearing = async {
            while flight.len() > 0 {
                flight.land(&mut landed).await;
                // Its reason is known.
                drop(self.report(sender, &mut returns, &mut landed, flight.len()));
            }
        };
        drop(timeout(AFTERMATH, hearing).await);
        let mut reports = Reports::new();
        let mut count = flight.len();
        for said in returns.abandon() {
            sender.judge(said.completion, said.partition, Verdict::Unknown(None), &mut reports);
            count += 1;
        }
        reports.deliver();
        // Dropped, what was not heard of is unknown.
        drop(flight);
        sender.outlet.reported(count);
    }
}

impl Sender {
    /// What a message of a lost channel is, and what is learnt from it.
    fn lost(&mut self, ticket: &Ticket, why: &lapin::Error) -> Verdict {
        match message_limit(why) {
            Some(limit) if ticket.body > limit => {
                self.plan.max_message_size = self.plan.max_message_size.min(limit);
                Verdict::TooLarge(too_large(ticket.body, limit))
            }
            _ => Verdict::Unknown(Some(why.clone())),
        }
    }
}

fn too_large(size: usize, limit: usize) -> Error {
    let text = format!("a payload of {size} bytes is larger than {limit}");
    Error::new(ErrorKind::TooLarge, text).with_hint(
        "native option `max_message_size` and the broker's setting of that name limit it",
    )
}

fn said_of(ticket: Ticket, said: lapin::Confirmation) -> Confirmed<Said> {
    let refused = said.is_nack();
    let attached = said.take_message().map(|message| {
        let id = message.delivery.properties.message_id();
        id.as_ref().map_or_else(String::new, ToString::to_string)
    });
    let Ticket { completion, id, partition, .. } = ticket;
    Confirmed { id: id.into(), item: Said { completion, partition, refused }, attached }
}
