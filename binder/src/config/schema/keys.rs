//! The table of keys.

use crate::config::value::Kind;

/// A key, its type, and what the reference says of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// The parts of the key, joined by dots; `NAME` and `KIND` stand for a name of the user's.
    pub(crate) path: &'static str,
    pub(crate) side: Side,
    pub(crate) kind: Kind,
    pub(crate) default: &'static str,
    pub(crate) doc: &'static str,
}

/// Which side of a binding a key is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// It is not a binding's key.
    Neither,
    Input,
    Output,
    /// It is, or may be, different for input and output.
    Both,
}

impl Side {
    /// The tables below a binding that may override the key.
    pub(crate) fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Neither => &[],
            Self::Input => &["input"],
            Self::Output => &["output"],
            Self::Both => &["input", "output"],
        }
    }
}

const fn key(
    path: &'static str,
    side: Side,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
) -> Key {
    Key { path, side, kind, default, doc }
}

const START: Kind = Kind::Choice(&["earliest", "latest"]);
const ORDER: Kind = Kind::Choice(&["partition", "key", "none"]);
const ON_EXHAUSTED: Kind = Kind::Choice(&["stop", "drop"]);
const UNROUTED: Kind = Kind::Choice(&["fail", "drop"]);
const PLACE: Kind = Kind::Choice(&["process", "broker"]);
const ATTEMPTS: Kind = Kind::Whole(1, u32::MAX as u64);
const MESSAGES: Kind = Kind::Whole(1, 1_000_000);
const INSTANCES: Kind = Kind::Whole(1, 10_000);
const FACTOR: Kind = Kind::Number(1.0, 1000.0);

/// All keys, in the order of the reference.
pub(crate) const KEYS: &[Key] = &{
    use Kind::*;
    use Side::*;
    [
        key(
            "app.name",
            Neither,
            Group,
            "the package's name",
            "The application's name, part of default group names.",
        ),
        key(
            "app.instance.index",
            Neither,
            Whole(0, 9_999),
            "`0`",
            "Which of the instances this process is, below `count`. On amqp it reads the partitions with this remainder; kafka and memory assign partitions themselves.",
        ),
        key(
            "app.instance.count",
            Neither,
            INSTANCES,
            "`1`",
            "How many instances there are; at most as many as partitions where an input on amqp has them.",
        ),
        key("grace", Neither, Duration, "`\"20s\"`", "How long a stop waits for work in flight."),
        key(
            "default_binder",
            Neither,
            Name,
            "the only broker compiled in, else `memory`",
            "The binder of every binding that names none: a table under `binders`, or a kind.",
        ),
        key(
            "binders.NAME.kind",
            Neither,
            Name,
            "the table's name",
            "The messaging system: `memory`, `kafka` or `amqp` (also `rabbitmq`).",
        ),
        key(
            "binders.NAME.servers",
            Neither,
            Servers,
            "kafka `[\"127.0.0.1:9092\"]`, amqp `[\"127.0.0.1:5672\"]`",
            "Where to connect, as HOST:PORT; a list, or one text with commas. Not for memory.",
        ),
        key(
            "binders.NAME.username",
            Neither,
            Text,
            "amqp `\"guest\"`, kafka none",
            "Who connects. Not for memory.",
        ),
        key(
            "binders.NAME.password",
            Neither,
            Secret,
            "amqp `\"guest\"`, kafka none",
            "The password; never printed. Not for memory.",
        ),
        key("binders.NAME.vhost", Neither, Text, "`\"/\"`", "The virtual host. For amqp only."),
        key(
            "binders.NAME.connect",
            Neither,
            Connect,
            "`\"10s\"`",
            "How long reaching the broker, authentication and topology may take before the start fails; `\"wait\"` tries again until the broker is there.",
        ),
        key(
            "binders.NAME.native",
            Neither,
            Native,
            "empty",
            "Options handed to the client; nested tables are joined by dots.",
        ),
        key(
            "retry.NAME.max_attempts",
            Neither,
            ATTEMPTS,
            "`3`",
            "How often a message is tried, the first time included.",
        ),
        key(
            "retry.NAME.backoff.initial",
            Neither,
            Duration,
            "`\"1s\"`",
            "The wait after the first failure.",
        ),
        key(
            "retry.NAME.backoff.factor",
            Neither,
            FACTOR,
            "`2.0`",
            "What each further failure multiplies the wait by.",
        ),
        key(
            "retry.NAME.backoff.max",
            Neither,
            Duration,
            "`\"10s\"`",
            "The longest wait; not below `initial`.",
        ),
        key(
            "retry.NAME.backoff.jitter",
            Neither,
            Flag,
            "`true`",
            "Whether waits are shortened at random, by up to a half.",
        ),
        key(
            "retry.NAME.where",
            Neither,
            PLACE,
            "`\"process\"`",
            "Where a message waits to be tried again: in the process, or at the broker, where it outlives the process; the latter needs `order = \"none\"`.",
        ),
        key(
            "bindings.NAME.destination",
            Both,
            Destinations,
            "the binding's name",
            "The topic, exchange or route; an input may have a list of them.",
        ),
        key(
            "bindings.NAME.binder",
            Both,
            Name,
            "`default_binder`",
            "The binder: a table under `binders`, or a kind.",
        ),
        key(
            "bindings.NAME.partition_count",
            Both,
            Whole(1, 10_000),
            "the binder's own",
            "How many partitions the destination is created with; all bindings of one destination agree.",
        ),
        key(
            "bindings.NAME.grow",
            Both,
            Flag,
            "`false`",
            "Whether a destination that exists with fewer partitions than `partition_count` is given more; without it that is refused. A key may move to another partition.",
        ),
        key(
            "bindings.NAME.copy_headers",
            Both,
            Flag,
            "`true`",
            "Whether application headers are copied from input to output; both sides must say so.",
        ),
        key(
            "bindings.NAME.on_exhausted",
            Both,
            ON_EXHAUSTED,
            "`\"stop\"`",
            "What follows when a message of an input has failed for the last time and has no dead letter, or an emitter's output is refused for good: the binding stops, or the message is dropped and counted.",
        ),
        key(
            "bindings.NAME.native.KIND",
            Both,
            Native,
            "empty",
            "Options handed to the client of that kind of binder; other kinds do not read them.",
        ),
        key(
            "bindings.NAME.group",
            Input,
            Group,
            "`<app>.<function>`",
            "Processes of one group share the messages. Not where several functions read the binding.",
        ),
        key(
            "bindings.NAME.anonymous",
            Input,
            Flag,
            "`false`",
            "A private copy of the messages from the latest on: not durable, no group, no dead letters.",
        ),
        key(
            "bindings.NAME.start",
            Input,
            START,
            "`\"earliest\"`, anonymous `\"latest\"`",
            "Where a group that has never read begins.",
        ),
        key(
            "bindings.NAME.concurrency",
            Input,
            Whole(1, 1024),
            "`1`",
            "How many messages are handled at once, never two of one lane.",
        ),
        key(
            "bindings.NAME.order",
            Input,
            ORDER,
            "`\"partition\"`",
            "Which messages are handled one after another: those of a partition, of a key, or none.",
        ),
        key(
            "bindings.NAME.max_in_flight",
            Input,
            MESSAGES,
            "kafka `65536`, else `1024`",
            "How many messages may be delivered and not yet settled (kafka: committed); amqp at most 65535.",
        ),
        key(
            "bindings.NAME.max_in_flight_bytes",
            Input,
            Size,
            "`\"64MiB\"`",
            "The same in bytes of payload, key and headers; whichever is reached first.",
        ),
        key(
            "bindings.NAME.deadline",
            Input,
            Deadline,
            "`\"5m\"`",
            "How long one attempt may take, or `\"off\"`.",
        ),
        key(
            "bindings.NAME.retry",
            Input,
            Retry,
            "the defaults of `retry.NAME`",
            "A policy by name, or a table with the keys of `retry.NAME`. A later layer replaces a name by a table and a table by a name.",
        ),
        key("bindings.NAME.retry.max_attempts", Input, ATTEMPTS, "`3`", "As in `retry.NAME`."),
        key(
            "bindings.NAME.retry.backoff.initial",
            Input,
            Duration,
            "`\"1s\"`",
            "As in `retry.NAME`.",
        ),
        key("bindings.NAME.retry.backoff.factor", Input, FACTOR, "`2.0`", "As in `retry.NAME`."),
        key("bindings.NAME.retry.backoff.max", Input, Duration, "`\"10s\"`", "As in `retry.NAME`."),
        key("bindings.NAME.retry.backoff.jitter", Input, Flag, "`true`", "As in `retry.NAME`."),
        key("bindings.NAME.retry.where", Input, PLACE, "`\"process\"`", "As in `retry.NAME`."),
        key(
            "bindings.NAME.dead_letter",
            Input,
            DeadLetter,
            "`false`",
            "Where a message goes that has failed for the last time; `true` is `<destination>.<group>.dlq`.",
        ),
        key(
            "bindings.NAME.required_groups",
            Output,
            Groups,
            "empty",
            "Groups that must exist before the first message is sent.",
        ),
        key(
            "bindings.NAME.unrouted",
            Output,
            UNROUTED,
            "`\"fail\"` with required groups or where the application reads the destination itself, else `\"drop\"`",
            "What follows when nobody can receive a message and the binder keeps nothing for later readers.",
        ),
    ]
};
