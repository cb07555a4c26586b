//! Where jobs begin.

use std::time::Duration;

use binder::prelude::*;
use futures::stream;

use crate::job::{JOB, Job};
use crate::state::Faulty;

/// Feeds the jobs, keyed so that each key has its own order.
#[stream_emitter]
#[output("jobs")]
pub(crate) fn feed(State(faulty): State<Faulty>) -> impl Stream<Item = Out<Bytes>> {
    let arguments = faulty.0.arguments.clone();
    let payload = Bytes::from(vec![b'x'; arguments.size]);
    pace(arguments.rate.map(u32::from)).zip(stream::iter(0..arguments.jobs)).map(move |((), id)| {
        let job = Job::numbered(id, &arguments.fates);
        faulty.0.ledger.write("intent", job);
        Out::new(payload.clone()).key(job.key.to_string()).header(JOB, job.to_string())
    })
}

/// A tick for each job; several at once where a timer is too coarse for one each.
fn pace(rate: Option<u32>) -> stream::BoxStream<'static, ()> {
    const TICKS: u32 = 100;
    match rate {
        None => stream::repeat(()).boxed(),
        Some(rate) if rate <= TICKS => every(Duration::from_secs(1) / rate).boxed(),
        Some(rate) => {
            let at_once = (rate / TICKS) as usize;
            let ticks = every(Duration::from_secs(1) / TICKS);
            ticks.flat_map(move |()| stream::iter(std::iter::repeat_n((), at_once))).boxed()
        }
    }
}
