//! The broker cannot be reached at the start, or knows nobody of that name.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

use super::{LIMIT, end, network};
use crate::{
    brokers::{self, Kind, kafka, rabbitmq},
    faults::{
        outcome::Run,
        proxy::Proxy,
        row::Row,
        stage::{IN_FLIGHT, Load, Play, Stage},
    },
    weblog::process::Process,
};

/// A try lasts ten seconds; the process needs some to start and to end.
const AT_MOST: Duration = Duration::from_secs(12);
/// How long after the broker can be used the first result may take.
const RECOVERY: Duration = Duration::from_secs(20);
/// How long an application may go on whose credentials are refused: the input stops after some
/// seconds, and what was not confirmed has its grace of twenty.
const STOPS: Duration = Duration::from_secs(45);
/// A password that nobody has, and that nothing may print.
const CANARY: &str = "canary-8c1f";

const LOAD: Load = Load { takes: 5, ..Load::of(500) };

/// A closed port, a server that never answers, a name that nobody has: each is refused in time by
/// an error that says where. With `connect = "wait"` the application waits for the broker.
pub(super) fn unreachable(stage: &Stage, number: u32) -> Result<Run> {
    let Some(broker) = stage.binder.broker() else { anyhow::bail!("memory has no broker") };
    let mut play = stage.play(Row::F04, number, LOAD, LIMIT)?;
    play.feed()?;
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    let servers = [
        closed()?.to_string(),
        silent.local_addr()?.to_string(),
        "no-such-host.invalid:9092".into(),
    ];
    let mut faults = Vec::new();
    let mut tries = Vec::new();
    for (number, server) in servers.iter().enumerate() {
        let setting = format!("--set=binders.{}.servers={server}", broker.name());
        tries.push(play.work(&format!("refused-{number}"), &[&setting])?);
    }
    let begun = Instant::now();
    for (mut process, server) in tries.into_iter().zip(&servers) {
        faults.extend(is_refused(&mut process, begun, broker, server)?);
    }
    let (proxy, waited, recovery) = waits(&mut play, broker)?;
    let mut run = end(play, waited, 0)?.run;
    // A process ends in good order only while it reaches the broker.
    drop(proxy);
    run.faults.extend(faults);
    judge(&mut run, recovery);
    Ok(run)
}

fn closed() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen")?;
    Ok(listener.local_addr()?)
}

/// What is wrong about how it was refused.
fn is_refused(
    process: &mut Process,
    begun: Instant,
    broker: Kind,
    server: &str,
) -> Result<Option<String>> {
    let status = process.wait(begun + 2 * AT_MOST)?;
    let (took, log) = (begun.elapsed(), process.log_so_far());
    let complaint = if status.code() != Some(2) || took > AT_MOST {
        format!("with {server} it ended with {status} after {took:.1?}")
    } else if let Some(complaint) = unclear(&log, broker.name(), server) {
        complaint
    } else {
        return Ok(None);
    };
    Ok(Some(complaint + &process.last_words()))
}

/// One error, which names binder and server.
fn unclear(log: &str, binder: &str, server: &str) -> Option<String> {
    let errors: Vec<&str> = log.lines().filter(|line| line.starts_with("faults: ")).collect();
    let [error] = errors[..] else {
        return Some(format!("{} errors instead of one", errors.len()));
    };
    let named = error.contains(&format!("binder `{binder}`")) && error.contains(server);
    if log.contains(CANARY) {
        return Some("a password was printed".to_owned());
    }
    (!named).then(|| format!("the error does not name binder and {server}: {error}"))
}

/// Start before the broker can be reached, which is three seconds later.
fn waits(play: &mut Play, broker: Kind) -> Result<(Proxy, Process, Duration)> {
    let port = if broker == Kind::Kafka { kafka::PROXY_PORT } else { closed()?.port() };
    let settings = [
        format!("--set=binders.{}.servers=127.0.0.1:{port}", broker.name()),
        format!("--set=binders.{}.connect=wait", broker.name()),
    ];
    let mut process = play.work("waits", &settings.each_ref().map(String::as_str))?;
    play.look_for(&mut process, Duration::from_secs(3))?;
    ensure!(!process.log_so_far().contains("ready"), "it was ready without a broker");
    let proxy = network::before_at(broker, port)?;
    let recovery = play.until_more_arrive(&mut process)?;
    play.until_all_arrived(&mut process)?;
    Ok((proxy, process, recovery))
}

fn judge(run: &mut Run, recovery: Duration) {
    run.recovery = Some(recovery);
    if recovery > RECOVERY {
        run.faults.push(format!("results came after {recovery:.1?}"));
    }
}

/// A wrong password is refused in time and never printed. On RabbitMQ it is also changed while the
/// application works, and changed back.
pub(super) fn credentials(stage: &Stage, number: u32) -> Result<Run> {
    let Some(broker) = stage.binder.broker() else { anyhow::bail!("memory has no broker") };
    let mut play = stage.play(Row::F23, number, LOAD, LIMIT)?;
    play.feed()?;
    let (server, user) = match broker {
        Kind::Kafka => {
            let listener = SocketAddr::from((Ipv4Addr::LOCALHOST, kafka::SASL_PORT));
            network::is_there(listener)?;
            (listener, kafka::USER.0)
        }
        Kind::Amqp => (broker.address(), "guest"),
    };
    let before = refusals(broker);
    let wrong = as_user(broker, server, user, CANARY);
    let begun = Instant::now();
    let mut process = play.work("wrong", &wrong.each_ref().map(String::as_str))?;
    let mut faults: Vec<String> =
        is_refused(&mut process, begun, broker, &server.to_string())?.into_iter().collect();
    let tries = since(before, refusals(broker));
    faults.extend(storm(tries, 1, 5));
    let mut run = match broker {
        Kind::Kafka => known(&mut play, server)?.finish(play)?,
        Kind::Amqp => revoked(&mut play, server)?.finish(play)?,
    };
    run.faults.extend(faults);
    Ok(run)
}

/// Settings of the binder: who connects, and where.
fn as_user(broker: Kind, server: SocketAddr, user: &str, password: &str) -> [String; 3] {
    let binder = broker.name();
    [
        format!("--set=binders.{binder}.servers={server}"),
        format!("--set=binders.{binder}.username={user}"),
        format!("--set=binders.{binder}.password={password}"),
    ]
}

/// How often the broker has refused somebody by now, where its log can be read.
fn refusals(broker: Kind) -> Option<usize> {
    let text = match broker {
        Kind::Kafka => "Failed authentication",
        Kind::Amqp => "login refused",
    };
    Some(brokers::log(broker)?.matches(text).count())
}

/// How many more there are now; none where that is not known, or the log has begun anew.
fn since(before: Option<usize>, after: Option<usize>) -> Option<usize> {
    after?.checked_sub(before?)
}

/// Too many tries, or none: then the broker was never asked. Where its log says nothing, nobody
/// knows.
fn storm(tries: Option<usize>, least: usize, most: usize) -> Option<String> {
    let Some(tries) = tries else {
        return Some("the broker's log does not say how many logins were refused".to_owned());
    };
    let sound = (least..=most).contains(&tries);
    (!sound).then(|| format!("{tries} logins were refused, {least} to {most} were expected"))
}

/// A process that has done all jobs, and what was wrong on the way.
struct Worked {
    process: Process,
    recovery: Option<Duration>,
    faults: Vec<String>,
}

impl Worked {
    fn finish(self, play: Play) -> Result<Run> {
        let printed = self.process.log_so_far();
        let mut run = end(play, self.process, 2 * IN_FLIGHT)?.run;
        run.recovery = self.recovery;
        run.faults.extend(self.faults);
        if printed.contains(CANARY) {
            run.faults.push("a password was printed".to_owned());
        }
        Ok(run)
    }
}

/// The right password is taken, so it was the password that was refused.
fn known(play: &mut Play, server: SocketAddr) -> Result<Worked> {
    let (user, password) = kafka::USER;
    let settings = as_user(Kind::Kafka, server, user, password);
    let mut process = play.work("right", &settings.each_ref().map(String::as_str))?;
    play.until_all_arrived(&mut process)?;
    Ok(Worked { process, recovery: None, faults: Vec::new() })
}

/// The password is changed and every connection closed. The input stops, which ends the application,
/// and with the password as it was another process goes on.
fn revoked(play: &mut Play, server: SocketAddr) -> Result<Worked> {
    let user = format!("{}.user", play.names.jobs);
    rabbitmq::tell(&["add_user", &user, CANARY])?;
    let worked = revoke(play, server, &user);
    rabbitmq::tell(&["delete_user", &user])?;
    worked
}

fn revoke(play: &mut Play, server: SocketAddr, user: &str) -> Result<Worked> {
    rabbitmq::tell(&["set_permissions", user, ".*", ".*", ".*"])?;
    let settings = as_user(Kind::Amqp, server, user, CANARY);
    play.load.takes = 20;
    let mut process = play.work("right", &settings.each_ref().map(String::as_str))?;
    play.until_done(&mut process, 100)?;
    let before = refusals(Kind::Amqp);
    rabbitmq::tell(&["change_password", user, "another"])?;
    rabbitmq::tell(&["close_all_user_connections", user, "revoked"])?;
    let revoked = Instant::now();
    let status = process.wait(revoked + STOPS)?;
    let tries = since(before, refusals(Kind::Amqp));
    rabbitmq::tell(&["change_password", user, CANARY])?;
    // Two connections, each with a back-off that begins with a fifth of a second and doubles.
    let mut faults: Vec<String> = storm(tries, 1, 20).into_iter().collect();
    let log = process.log_so_far();
    let named = |line: &str| line.contains("ERROR") && line.contains("binding `jobs`");
    // The inputs have stopped, and perhaps the grace was exceeded.
    let stopped = matches!(status.code(), Some(3 | 4));
    if !stopped || !log.lines().any(named) || log.contains(CANARY) {
        faults.push(format!("revoked, it ended with {status}{}", process.last_words()));
    }
    let mut next = play.work("next", &settings.each_ref().map(String::as_str))?;
    let begun = Instant::now();
    let recovery = play.until_more_arrive(&mut next).map(|_| begun.elapsed())?;
    play.until_all_arrived(&mut next)?;
    Ok(Worked { process: next, recovery: Some(recovery), faults })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_binder_and_server_and_no_password() {
        let good = "WARN refused\nfaults: binder `b`: cannot reach h:7\n";
        assert_eq!(unclear(good, "b", "h:7"), None);
        for bad in [
            String::new(),
            good.replace("h:7", "it"),
            good.replace("`b`", "b"),
            good.repeat(2),
            good.replace("refused", CANARY),
        ] {
            assert!(unclear(&bad, "b", "h:7").is_some(), "{bad}");
        }
    }

    #[test]
    fn a_storm_of_logins_is_seen() {
        assert!(storm(Some(6), 1, 5).is_some() && storm(Some(0), 1, 5).is_some());
        assert!(storm(Some(5), 1, 5).is_none() && storm(Some(1), 1, 5).is_none());
        assert!(storm(None, 1, 5).is_some(), "a log that cannot be read proves nothing");
        assert_eq!(since(Some(3), Some(7)), Some(4));
        assert_eq!(
            [since(Some(7), Some(3)), since(None, Some(3)), since(Some(3), None)],
            [None; 3]
        );
    }
}
