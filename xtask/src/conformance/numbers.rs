//! The numbers of the specification and their names.

/// The name of each number, from C01 on.
const NAMES: [&str; 48] = [
    "bind_unbind_clean",
    "send_receive_payload_headers_content_type",
    "multiple_destinations_one_input",
    "topic_isolation",
    "provision_create_verify_fail_conflict",
    "anonymous_group_gets_copy_and_misses_gap",
    "required_groups_receive_before_first_consumer",
    "late_binding_broker_down_at_start",
    "new_group_start_position",
    "publish_confirm_nack_return_timeout",
    "per_key_order_and_partition_of_key",
    "publish_order_under_backpressure",
    "commit_is_contiguous_watermark",
    "unacked_gap_is_bounded",
    "backpressure_bounds_memory_and_prefetch",
    "rebalance_drains_commits_then_releases",
    "static_member_restart_and_fencing",
    "channel_or_stream_end_rebuilds",
    "graceful_shutdown_drain_flush",
    "retry_backoff_then_success",
    "eos_consume_transform_produce",
    "eos_abort_hides_output_and_rewinds",
    "eos_zombie_fenced",
    "eos_unknown_outcome_reinitialises",
    "dlq_after_retries_keeps_headers_and_cause",
    "poison_decode_never_reaches_handler",
    "invalid_config_rejected_at_start",
    "missing_binder_or_connector",
    "invalid_handler_wiring_is_compile_or_start_error",
    "handler_error_panic_timeout_cancel",
    "manual_ack_nack_requeue",
    "ack_propagates_through_pipeline",
    "fan_out_ack_needs_all_branches",
    "groups_share_and_copy",
    "concurrent_subscribe_close",
    "context_cancel_ends_stream",
    "pause_resume_binding",
    "batch_consume_partial_failure",
    "batch_publish_partial_failure",
    "pollable_source_requeue_dlq",
    "ttl_expiry_message_and_queue",
    "overflow_strategy",
    "partition_count_increase_seen",
    "topic_pattern_subscription",
    "internal_headers_not_propagated",
    "health_metrics_trace_per_binding",
    "secrets_never_printed",
    "many_bindings_isolated",
];

/// One number, written as `C07`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Number(usize);

impl Number {
    /// Every number, in order.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (1..=NAMES.len()).map(Self)
    }

    /// The number that `C07`, `c07` or `7` is.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let digits = text.strip_prefix(['C', 'c']).unwrap_or(text);
        let number = digits.parse().ok().filter(|number| (1..=NAMES.len()).contains(number));
        number.map(Self).ok_or_else(|| format!("`{text}` is not one of C01 to C{}", NAMES.len()))
    }

    /// The number of a case, which its name begins with.
    pub(crate) fn of_case(case: &str) -> Option<Self> {
        let (number, _) = case.split_once('_')?;
        number.strip_prefix('c').and_then(|digits| Self::parse(digits).ok())
    }

    /// As it is written.
    pub(crate) fn id(self) -> String {
        format!("C{:02}", self.0)
    }

    /// What the names of its cases begin with.
    pub(crate) fn prefix(self) -> String {
        format!("c{:02}_", self.0)
    }

    /// What it is about.
    pub(crate) fn name(self) -> &'static str {
        NAMES[self.0 - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        for number in Number::all() {
            assert_eq!(Number::parse(&number.id()), Ok(number));
            assert_eq!(Number::of_case(&format!("{}x", number.prefix())), Some(number));
        }
        assert_eq!(Number::parse("7").map(Number::id), Ok("C07".into()));
        assert_eq!(Number::parse("C34").map(Number::name), Ok("groups_share_and_copy"));
        for wrong in ["C00", "C49", "", "D01"] {
            assert!(Number::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Number::of_case("cxx_a"), None);
        assert_eq!(Number::of_case("r01_a"), None);
    }
}
