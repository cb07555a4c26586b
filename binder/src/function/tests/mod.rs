//! The function layer without a runtime: slots and streams are polled by hand.

mod call_functions;
mod definitions;
mod emitters;
mod rig;
mod sent;
mod stream_functions;
mod stream_tokens;
