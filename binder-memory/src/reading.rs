//! Which messages a member gets next.

use binder_core::{Delivery, Room, Tag};

use crate::cursor::Cursor;
use crate::log::Log;
use crate::member::Member;

/// Adds what a member may read to `batch`: a fair share of each partition first, then the rest.
pub(crate) fn fill(
    member: &mut Member,
    cursors: &mut [Cursor],
    logs: &[Log],
    mut room: Room,
    batch: &mut Vec<Delivery>,
) {
    member.blocked = false;
    let partitions = member.owned.len();
    let before = batch.len();
    let free = room.messages.min(member.free());
    let share = free.checked_div(partitions).unwrap_or(0).max(1);
    for share in [share, usize::MAX] {
        for step in 0..partitions {
            let turn = (member.turn + step) % partitions;
            let index = member.owned[turn] as usize;
            let cursor = &mut cursors[index];
            if cursor.drain_until.is_some() {
                continue;
            }
            for (message, size) in logs[index].read(cursor.next()).take(share) {
                let taken = batch.len() - before;
                if !member.takes(size, room, taken) {
                    // Whoever did not fit is first next time, so that it cannot starve.
                    member.turn = turn;
                    member.blocked = taken == 0;
                    return;
                }
                let sequence = cursor.deliver();
                let tag = Tag { epoch: cursor.epoch, partition: index as u32, sequence };
                batch.push(Delivery { message: message.clone(), tag, earlier_attempts: 0 });
                member.pick_up(size);
                room.messages -= 1;
                room.bytes = room.bytes.saturating_sub(size);
            }
        }
    }
}
