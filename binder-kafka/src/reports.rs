//! A delivery report in the contract's words.

use binder_core::{Completed, Error, ErrorKind, Receipt};

use crate::error::{Code, is_transient, kind};
use crate::native::{Persisted, Report};

/// What became of a message.
///
/// Librdkafka says itself whether the broker has it, which decides between refused and unknown.
pub(crate) fn completed(report: &Report) -> Completed {
    let receipt = Receipt {
        partition: u32::try_from(report.partition).ok(),
        offset: u64::try_from(report.offset).ok(),
    };
    match (report.error, report.persisted) {
        (None, _) | (Some(_), Persisted::Yes) => Completed::Confirmed(receipt),
        (Some(code), Persisted::Perhaps) => Completed::Unknown(failed(code).transient(true)),
        (Some(code), Persisted::No) => Completed::Refused(failed(code)),
    }
}

/// An error for a message that was not sent.
#[cold]
pub(crate) fn failed(code: Code) -> Error {
    let kind = match kind(code) {
        kind @ (ErrorKind::Auth | ErrorKind::TooLarge | ErrorKind::Topology) => kind,
        _ => ErrorKind::Publish,
    };
    Error::new(kind, "the message was not published")
        .with_source(code)
        .transient(is_transient(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(error: Option<Code>, persisted: Persisted) -> Completed {
        completed(&Report { token: 0, error, persisted, partition: 3, offset: 42 })
    }

    #[test]
    fn confirmed_with_its_position() {
        let Completed::Confirmed(receipt) = report(None, Persisted::Yes) else { panic!() };
        assert_eq!(receipt, Receipt { partition: Some(3), offset: Some(42) });
    }

    #[test]
    fn a_message_that_was_on_its_way_is_unknown_and_one_that_never_left_is_refused() {
        let timed_out = Some(Code::MessageTimedOut);
        assert!(matches!(report(timed_out, Persisted::Perhaps), Completed::Unknown(_)));
        let Completed::Refused(why) = report(timed_out, Persisted::No) else { panic!() };
        assert!(why.is_transient());
    }

    #[test]
    fn permanent_refusals_say_so() {
        for (code, kind) in [
            (Code::MessageSizeTooLarge, ErrorKind::TooLarge),
            (Code::TopicAuthorizationFailed, ErrorKind::Auth),
        ] {
            let Completed::Refused(why) = report(Some(code), Persisted::No) else { panic!() };
            assert!(!why.is_transient());
            assert_eq!(why.kind(), kind);
        }
        let Completed::Refused(why) = report(Some(Code::UnknownTopic), Persisted::No) else {
            panic!()
        };
        assert!(why.is_transient());
    }
}
