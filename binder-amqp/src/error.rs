//! What the client's errors mean here.

use binder_core::{Error, ErrorKind};
use lapin::protocol::{AMQPErrorKind, AMQPHardError, AMQPSoftError};

/// What failed.
pub(crate) fn kind(error: &lapin::Error) -> ErrorKind {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => match error.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED)
            | AMQPErrorKind::Hard(AMQPHardError::NOTALLOWED) => ErrorKind::Auth,
            AMQPErrorKind::Soft(
                AMQPSoftError::PRECONDITIONFAILED
                | AMQPSoftError::NOTFOUND
                | AMQPSoftError::RESOURCELOCKED,
            ) => ErrorKind::Topology,
            AMQPErrorKind::Hard(AMQPHardError::CONNECTIONFORCED) => ErrorKind::Connect,
            _ => ErrorKind::Broker,
        },
        lapin::ErrorKind::IOError(_)
        | lapin::ErrorKind::ParsingError(_)
        | lapin::ErrorKind::InvalidProtocolVersion(_)
        | lapin::ErrorKind::RuntimeShutdownError(_)
        | lapin::ErrorKind::MissingHeartbeatError
        | lapin::ErrorKind::InvalidChannelState(..)
        | lapin::ErrorKind::InvalidConnectionState(_) => ErrorKind::Connect,
        _ => ErrorKind::Broker,
    }
}

/// An error with the client's as its cause.
#[cold]
pub(crate) fn broker(what: impl Into<String>, error: lapin::Error) -> Error {
    let kind = kind(&error);
    Error::new(kind, what).with_source(error).transient(kind == ErrorKind::Connect)
}

/// Whether a declaration failed because something of that name exists with other arguments.
pub(crate) fn is_conflict(error: &lapin::Error) -> bool {
    is_soft(error, &AMQPSoftError::PRECONDITIONFAILED)
}

/// Whether a declaration failed for want of a permission.
pub(crate) fn is_forbidden(error: &lapin::Error) -> bool {
    is_soft(error, &AMQPSoftError::ACCESSREFUSED)
}

/// Whether what was looked for is not there.
pub(crate) fn is_missing(error: &lapin::Error) -> bool {
    is_soft(error, &AMQPSoftError::NOTFOUND)
}

/// Whether the broker has not got what it was asked for, and closed the connection over it.
pub(crate) fn is_not_served(error: &lapin::Error) -> bool {
    let lapin::ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Hard(AMQPHardError::NOTIMPLEMENTED))
}

fn is_soft(error: &lapin::Error, expected: &AMQPSoftError) -> bool {
    let lapin::ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Soft(found) if found == expected)
}

/// The broker's limit, from the words with which it closes the channel over a message that is
/// larger: "message size 5 larger than configured max size 4" (3.x), "message size 5 is larger
/// than configured max size 4" (4.x).
pub(crate) fn message_limit(error: &lapin::Error) -> Option<usize> {
    let lapin::ErrorKind::ProtocolError(error) = error.kind() else { return None };
    limit_in(error.get_message().as_str())
}

fn limit_in(text: &str) -> Option<usize> {
    text.contains("message size").then_some(())?;
    text.rsplit_once("max size ")?.1.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use lapin::protocol::AMQPError;

    use super::*;

    fn protocol(kind: AMQPErrorKind) -> lapin::Error {
        lapin::ErrorKind::ProtocolError(AMQPError::new(kind, "text".into())).into()
    }

    #[test]
    fn errors_are_sorted_by_what_can_help() {
        let refused = protocol(AMQPSoftError::ACCESSREFUSED.into());
        assert_eq!(kind(&refused), ErrorKind::Auth);
        assert!(!broker("x", refused).is_transient());
        assert_eq!(kind(&protocol(AMQPHardError::NOTALLOWED.into())), ErrorKind::Auth);
        let conflict = protocol(AMQPSoftError::PRECONDITIONFAILED.into());
        assert_eq!(kind(&conflict), ErrorKind::Topology);
        assert!(is_conflict(&conflict) && !is_missing(&conflict) && !is_forbidden(&conflict));
        let io = lapin::Error::from(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
        assert!(broker("x", io).is_transient());
    }

    #[test]
    fn only_what_is_not_implemented_is_not_served() {
        assert!(is_not_served(&protocol(AMQPHardError::NOTIMPLEMENTED.into())));
        // A fault of the broker's own may pass.
        assert!(!is_not_served(&protocol(AMQPHardError::INTERNALERROR.into())));
        assert!(!is_not_served(&protocol(AMQPSoftError::NOTFOUND.into())));
    }

    #[test]
    fn the_brokers_limit_is_read_from_its_words() {
        let text = "PRECONDITION_FAILED - message size 20 larger than configured max size 16";
        assert_eq!(limit_in(text), Some(16));
        assert_eq!(limit_in("PRECONDITION_FAILED - unknown delivery tag 7"), None);
    }
}
