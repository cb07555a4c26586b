//! The way to the broker: connections are cut again and again.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{LIMIT, end, since_1970};
use crate::{
    brokers::{Kind, kafka},
    command,
    conformance::Binder,
    faults::{
        outcome::Run,
        proxy::{Cut, Proxy},
        row::Row,
        stage::{IN_FLIGHT, Load, Stage},
    },
};

const BETWEEN_CUTS: Duration = Duration::from_secs(3);
const CUTS: usize = 6;
/// How long work may stand still, and how long after a cut nothing may arrive.
const RECOVERY: Duration = Duration::from_secs(15);
const SETTINGS: [&str; 1] = ["--set=bindings.jobs.concurrency=16"];

/// Sixteen lanes with jobs of 4 KiB; every other time on RabbitMQ jobs of 16 MiB, which are in the
/// middle of a frame at any moment. Kafka takes none that large.
fn load(stage: &Stage, number: u32) -> (Load, usize) {
    if stage.binder == Binder::Amqp && number.is_multiple_of(2) {
        (Load { size: 16 << 20, takes: 700, ..Load::of(24) }, 4)
    } else {
        (Load { size: 4_096, takes: 80, ..Load::of(4_000) }, 100)
    }
}

/// Every connection is cut each three seconds, in turns by a reset and in good order.
pub(super) fn resets(stage: &Stage, number: u32) -> Result<Run> {
    let (load, before_the_first) = load(stage, number);
    let mut play = stage.play(Row::F08, number, load, LIMIT)?;
    play.feed()?;
    let Some(broker) = stage.binder.broker() else { anyhow::bail!("memory has no connections") };
    let proxy = before(broker)?;
    let server = format!("--set=binders.{}.servers={}", broker.name(), proxy.address());
    let mut process = play.work("work", &[&[server.as_str()], &SETTINGS[..]].concat())?;
    play.until_done(&mut process, before_the_first)?;
    let (begun, mut cut, mut recovery) = (since_1970(), 0, Duration::ZERO);
    for how in [Cut::Reset, Cut::Fin].into_iter().cycle().take(CUTS) {
        let now = Instant::now();
        cut += proxy.cut(how);
        // What was on its way at the cut may still arrive.
        play.view.look()?;
        recovery = recovery.max(play.until_more_arrive(&mut process)?);
        play.look_for(&mut process, BETWEEN_CUTS.saturating_sub(now.elapsed()))?;
    }
    play.until_all_arrived(&mut process)?;
    let accepted = proxy.accepted();
    // What was in flight at a cut comes again, and so does what was sent and not confirmed.
    let judged = end(play, process, 2 * IN_FLIGHT * CUTS as u64)?;
    let mut run = judged.run;
    let standstill = judged.ledger.standstill(begun);
    run.recovery = Some(standstill.max(recovery));
    if run.recovery > Some(RECOVERY) {
        run.faults
            .push(format!("work stood still for {standstill:.1?}, results for {recovery:.1?}"));
    }
    if cut < CUTS || accepted < cut as u64 {
        run.faults.push(format!("{accepted} connections were made and {cut} were cut"));
    }
    Ok(run)
}

/// A proxy before a broker. Kafka tells its clients where it stands, so it has a listener that
/// says the proxy's address.
fn before(broker: Kind) -> Result<Proxy> {
    let port = if broker == Kind::Kafka { kafka::PROXY_PORT } else { 0 };
    before_at(broker, port)
}

/// The same at a port, which is the only one on Kafka.
pub(super) fn before_at(broker: Kind, port: u16) -> Result<Proxy> {
    let target = match broker {
        Kind::Kafka => SocketAddr::from((Ipv4Addr::LOCALHOST, kafka::PROXIED_PORT)),
        Kind::Amqp => broker.address(),
    };
    is_there(target)?;
    let begun = Instant::now();
    loop {
        match Proxy::listen(port, target) {
            Ok(proxy) => return Ok(proxy),
            // That of the run before may not have closed yet.
            Err(error) if begun.elapsed() > Duration::from_secs(5) => {
                return Err(error).context("cannot listen before the broker");
            }
            Err(_) => command::pause(Duration::from_millis(100)),
        }
    }
}

/// A broker that runs since before it had a listener has none.
pub(super) fn is_there(listener: SocketAddr) -> Result<()> {
    TcpStream::connect(listener).map(drop).with_context(|| {
        format!(
            "Kafka does not listen on {listener}: start it again with `cargo xtask brokers down \
             kafka --wipe` and `cargo xtask brokers up kafka`"
        )
    })
}
