//! How the broker is told what it may send ahead.

use binder_core::Limit;
use lapin::options::BasicQosOptions;

use crate::error::is_not_served;
use crate::window::Counts;

/// Whose prefetch follows the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// That of the consumer of the only queue, which another one replaces.
    Consumer,
    /// That of the channel, over all its consumers, which may be changed at any time. RabbitMQ
    /// deprecates it, and it is all that is safe for queues with a single active consumer.
    Channel,
    /// None: each consumer has its share of the messages, whatever their sizes.
    Nobody,
}

impl Ahead {
    /// What a window counts.
    pub(super) fn counts(self) -> Counts {
        match self {
            Self::Consumer => Counts::Anew,
            Self::Channel | Self::Nobody => Counts::All,
        }
    }

    /// Tells the broker the window, before queues are consumed and when it has changed.
    ///
    /// # Errors
    ///
    /// When the channel is lost, or the broker serves no prefetch of a channel.
    pub(super) async fn tell(
        self,
        channel: &lapin::Channel,
        window: usize,
        limit: Limit,
    ) -> lapin::Result<()> {
        match self {
            Self::Consumer => qos(channel, window, false).await,
            // None at all where each consumer's share is enough: a limited channel is slower.
            Self::Channel if window >= limit.messages => qos(channel, 0, true).await,
            Self::Channel => qos(channel, window, true).await,
            Self::Nobody => Ok(()),
        }
    }

    /// Tells the broker what each of so many consumers may be sent, where that never changes.
    ///
    /// # Errors
    ///
    /// When the channel is lost.
    pub(super) async fn share(
        self,
        channel: &lapin::Channel,
        queues: usize,
        limit: Limit,
    ) -> lapin::Result<()> {
        match self {
            Self::Consumer => Ok(()),
            Self::Channel | Self::Nobody => {
                qos(channel, (limit.messages / queues.max(1)).max(1), false).await
            }
        }
    }

    /// Whether a failure says that this broker, or one of these queues, has no prefetch of a
    /// channel: quorum queues have none.
    pub(super) fn is_refused(self, why: &lapin::Error) -> bool {
        self == Self::Channel && is_not_served(why)
    }
}

async fn qos(channel: &lapin::Channel, messages: usize, global: bool) -> lapin::Result<()> {
    let messages = u16::try_from(messages).unwrap_or(u16::MAX);
    channel.basic_qos(messages, BasicQosOptions { global }).await
}
