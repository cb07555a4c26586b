//! Ways in which a binder can be broken.

use binder_core::{Headers, Message};

/// What is wrong with a loopback binder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Sound,
    LeaksATask,
    LosesHeaders,
    LosesContentType,
    CutsPayloads,
    EmptiesNull,
    LosesId,
    SortsHeaders,
    MixesDestinations,
    StartsAtEarliest,
    StartsAtLatest,
    SharesAnonymous,
    ForgetsRequiredGroups,
    ForgetsGroups,
    DropsEverySeventh,
    DoublesEverySeventh,
    DropsCompletions,
    NeverReports,
    DropsUnroutable,
    RefusesUnroutable,
    Reorders,
    ScattersKeys,
    OnePartition,
    AcksAllBelow,
    RecordsNoAcks,
    TakesLateSettlements,
    HasNoLimit,
    Stops,
    ForgetsUnsettled,
    IgnoresRoom,
    IgnoresBytes,
    ClosingAcks,
    ReleaseAcks,
    CopiesToMembers,
    FeedsOneMember,
    StealsFromGroups,
    RefusesCrowds,
    KeepsTheDropped,
    ProvisionEmpties,
    GrowsInSilence,
    GrowsInName,
    ReadsNoNewPartitions,
    MissesTheBeginning,
    HangsUnreached,
    BindsUnreached,
    TakesAnySize,
    HasNoByteLimit,
    TakesAtOnce,
    DiesWithItsConnection,
    ForgetsUnsettledWithItsConnection,
    StoreHasNoEnd,
    LookingMakesAStore,
    LookingSettles,
    ReachesNobody,
    NeverCloses,
    BlocksItsThread,
    Panics,
    Boasts,
}

impl Fault {
    /// What this fault does to a message on its way.
    pub(crate) fn garble(self, message: &mut Message) {
        match self {
            Self::LosesHeaders => message.headers = Headers::new(),
            Self::LosesContentType => message.content_type = None,
            Self::CutsPayloads => {
                message.payload.iter_mut().for_each(|payload| payload.truncate(65_535));
            }
            Self::EmptiesNull => {
                message.payload.get_or_insert_default();
            }
            Self::LosesId => message.id = None,
            Self::SortsHeaders => {
                let mut headers: Vec<_> = message
                    .headers
                    .iter()
                    .map(|(name, value)| (name.clone(), value.cloned()))
                    .collect();
                headers.sort();
                message.headers = Headers::new();
                headers.into_iter().for_each(|(name, value)| message.headers.push(name, value));
            }
            _ => {}
        }
    }
}
