//! The settings of the test broker: one list, written as a file or as a container's environment.

use std::path::Path;

/// Where clients connect.
pub(crate) const PORT: u16 = 9092;
/// Where one listens that says of itself that it stands at [`PROXY_PORT`], for a proxy there.
pub(crate) const PROXIED_PORT: u16 = 19092;
/// Where such a proxy listens.
pub(crate) const PROXY_PORT: u16 = 19192;
/// Where clients connect that say who they are, as [`USER`].
pub(crate) const SASL_PORT: u16 = 19094;
/// The only user there is, and the password.
pub(crate) const USER: (&str, &str) = ("faults", "open-sesame");
/// Where the controller half of the node listens, for itself alone.
const CONTROLLER_PORT: u16 = 9093;

type Setting = (String, String);

/// Settings that do not depend on where the broker runs.
const COMMON: &[(&str, &str)] = &[
    ("node.id", "1"),
    ("process.roles", "broker,controller"),
    ("controller.listener.names", "CONTROLLER"),
    (
        "listener.security.protocol.map",
        "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SASL:SASL_PLAINTEXT",
    ),
    ("listener.name.sasl.sasl.enabled.mechanisms", "PLAIN"),
    ("inter.broker.listener.name", "PLAINTEXT"),
    // One node holds the only copy; the defaults of 3 would leave groups and transactions unusable.
    ("offsets.topic.replication.factor", "1"),
    ("transaction.state.log.replication.factor", "1"),
    ("transaction.state.log.min.isr", "1"),
    ("share.coordinator.state.topic.replication.factor", "1"),
    ("share.coordinator.state.topic.min.isr", "1"),
    ("default.replication.factor", "1"),
    // Fifty partitions of offsets cost start-up time and bring a single node nothing.
    ("offsets.topic.num.partitions", "8"),
    ("transaction.state.log.num.partitions", "8"),
    // A production broker waits 3 s for more members before the first assignment of a group. Tests
    // start hundreds of groups; what that wait hides (members that join one by one) they also meet.
    ("group.initial.rebalance.delay.ms", "0"),
    // Tests with dead members wait one session time-out; the default lower bound is 6 s.
    ("group.min.session.timeout.ms", "1000"),
    // A topic that nobody provisioned is a mistake the tests have to see.
    ("auto.create.topics.enable", "false"),
    ("num.partitions", "8"),
    // Disk space: tests leave topics behind, and no test reads what is a day old.
    ("log.retention.hours", "24"),
    ("log.segment.bytes", "67108864"),
];

/// For a process of this machine: every listener on loopback, data in `data`.
pub(crate) fn on_this_machine(data: &Path) -> Vec<Setting> {
    let mut settings = common();
    settings.push(setting("listeners", listeners("127.0.0.1")));
    settings.push(setting("log.dirs", data.display().to_string()));
    settings
}

/// For a container: its listeners are its own, and only the published port leaves it.
pub(crate) fn in_a_container() -> Vec<Setting> {
    let mut settings = common();
    settings.push(setting("listeners", listeners("")));
    settings
}

/// Every listener, those for clients at `host`.
fn listeners(host: &str) -> String {
    format!(
        "PLAINTEXT://{host}:{PORT},PROXIED://{host}:{PROXIED_PORT},SASL://{host}:{SASL_PORT},\
         CONTROLLER://127.0.0.1:{CONTROLLER_PORT}"
    )
}

fn common() -> Vec<Setting> {
    let mut settings: Vec<Setting> =
        COMMON.iter().map(|(key, value)| setting(key, (*value).to_owned())).collect();
    settings.push(setting(
        "advertised.listeners",
        format!(
            "PLAINTEXT://127.0.0.1:{PORT},PROXIED://127.0.0.1:{PROXY_PORT},\
             SASL://127.0.0.1:{SASL_PORT}"
        ),
    ));
    let (user, password) = USER;
    settings.push(setting(
        "listener.name.sasl.plain.sasl.jaas.config",
        format!(
            "org.apache.kafka.common.security.plain.PlainLoginModule required \
             user_{user}=\"{password}\";"
        ),
    ));
    settings.push(setting("controller.quorum.voters", format!("1@127.0.0.1:{CONTROLLER_PORT}")));
    settings
}

fn setting(key: &str, value: String) -> Setting {
    (key.to_owned(), value)
}

/// As `server.properties`.
pub(crate) fn as_file(settings: &[Setting]) -> String {
    settings.iter().map(|(key, value)| format!("{key}={value}\n")).collect()
}

/// The variable that Kafka's image reads for a setting.
pub(crate) fn as_variable(key: &str) -> String {
    format!("KAFKA_{}", key.to_uppercase().replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listener_of_a_process_names_loopback() {
        let settings = on_this_machine(Path::new("data"));
        let (_, listeners) = settings.iter().find(|(key, _)| key == "listeners").unwrap();
        assert_eq!(listeners.split(',').count(), 4);
        for listener in listeners.split(',') {
            assert!(listener.contains("://127.0.0.1:"), "{listener}");
        }
    }

    #[test]
    fn no_setting_is_made_twice() {
        for settings in [on_this_machine(Path::new("data")), in_a_container()] {
            let mut keys: Vec<&String> = settings.iter().map(|(key, _)| key).collect();
            let all = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), all);
        }
    }

    #[test]
    fn a_setting_becomes_the_variable_of_the_image() {
        assert_eq!(as_variable("log.retention.hours"), "KAFKA_LOG_RETENTION_HOURS");
    }
}
