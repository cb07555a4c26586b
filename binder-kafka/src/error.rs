//! What librdkafka's error codes mean here.

use binder_core::{Error, ErrorKind};

/// Librdkafka's error codes.
pub(crate) type Code = rdkafka::error::RDKafkaErrorCode;

/// What failed.
pub(crate) fn kind(code: Code) -> ErrorKind {
    match code {
        Code::Authentication
        | Code::SaslAuthenticationFailed
        | Code::UnsupportedSASLMechanism
        | Code::IllegalSASLState
        | Code::TopicAuthorizationFailed
        | Code::GroupAuthorizationFailed
        | Code::ClusterAuthorizationFailed
        | Code::TransactionalIdAuthorizationFailed => ErrorKind::Auth,
        Code::BrokerTransportFailure
        | Code::Resolve
        | Code::AllBrokersDown
        | Code::OperationTimedOut
        | Code::RequestTimedOut
        | Code::NetworkException
        | Code::BrokerNotAvailable
        | Code::SSL => ErrorKind::Connect,
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge | Code::InvalidMessageSize => {
            ErrorKind::TooLarge
        }
        Code::UnknownTopic
        | Code::UnknownTopicOrPartition
        | Code::UnknownPartition
        | Code::InvalidTopic
        | Code::InvalidPartitions
        | Code::InvalidReplicationFactor
        | Code::PolicyViolation => ErrorKind::Topology,
        _ => ErrorKind::Broker,
    }
}

/// Whether the same may succeed later without anybody changing the message or a permission.
pub(crate) fn is_transient(code: Code) -> bool {
    match kind(code) {
        ErrorKind::Auth | ErrorKind::TooLarge => false,
        ErrorKind::Topology => {
            matches!(code, Code::UnknownTopic | Code::UnknownTopicOrPartition)
        }
        _ => !matches!(
            code,
            Code::InvalidMessage
                | Code::BadMessage
                | Code::InvalidRecord
                | Code::InvalidTimestamp
                | Code::UnsupportedForMessageFormat
        ),
    }
}

/// An error with that code as its cause.
pub(crate) fn broker(what: &str, code: Code) -> Error {
    Error::new(kind(code), what).with_source(code).transient(is_transient(code))
}

/// Trouble that the client repairs itself.
pub(crate) fn is_repaired_by_the_client(code: Code) -> bool {
    match kind(code) {
        ErrorKind::Connect => true,
        ErrorKind::Auth | ErrorKind::Topology | ErrorKind::TooLarge => false,
        _ => !matches!(code, Code::Fatal | Code::FencedInstanceId | Code::InvalidGroupId),
    }
}

/// Whether the same commit may succeed a moment later. Not where the member has lost its place: what
/// it held is another's then.
pub(crate) fn is_over_soon(code: Code) -> bool {
    kind(code) == ErrorKind::Connect
        || matches!(
            code,
            Code::RebalanceInProgress
                | Code::WaitingForCoordinator
                | Code::CoordinatorNotAvailable
                | Code::CoordinatorLoadInProgress
                | Code::NotCoordinator
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_by_what_can_help() {
        assert_eq!(kind(Code::TopicAuthorizationFailed), ErrorKind::Auth);
        assert_eq!(kind(Code::MessageSizeTooLarge), ErrorKind::TooLarge);
        assert!(!is_transient(Code::TopicAuthorizationFailed));
        assert!(!is_transient(Code::MessageSizeTooLarge));
        assert!(!is_transient(Code::InvalidRecord));
        assert!(is_transient(Code::MessageTimedOut));
        assert!(is_transient(Code::UnknownTopicOrPartition));
        assert!(is_repaired_by_the_client(Code::AllBrokersDown));
        assert!(is_repaired_by_the_client(Code::PollExceeded));
        assert!(!is_repaired_by_the_client(Code::FencedInstanceId));
        assert!(!is_repaired_by_the_client(Code::UnknownTopicOrPartition));
        for code in [Code::RebalanceInProgress, Code::WaitingForCoordinator, Code::AllBrokersDown] {
            assert!(is_over_soon(code), "{code}");
        }
        for code in [Code::IllegalGeneration, Code::UnknownMemberId, Code::FencedInstanceId] {
            assert!(!is_over_soon(code), "{code}");
        }
    }
}
