//! Going on with what stands under the final name. It stays as it is until the whole takes its place: what it holds is
//! copied into a part on this machine's disk, and not carried again.

use super::{
    begun::{Begun, WORTH_GOING_ON, Written},
    errand::Errand,
    opening::Held,
    part::Part,
    step::{At, End, Fail},
};
use crate::storage::{FinishOptions, WriteOptions};

/// Begins a part with the first `length` bytes of what stands there, where that saves anything.
pub(super) async fn take_over(errand: &Errand, held: &mut Held, length: u64) -> Result<(), Fail> {
    let worth_it = length >= WORTH_GOING_ON && errand.target_is_here();
    if held.begun.is_some() || !worth_it || !errand.target().capabilities().write_at_offset {
        return Ok(());
    }
    let (storage, to) = (errand.target(), errand.to()?);
    let mut part = Part::beside(to, errand.target.clone());
    let begun = Begun {
        from: errand.step.from.clone(),
        to: to.clone(),
        part: part.path().clone(),
        source: errand.step.source,
        written: Written::InOrder,
    };
    // It is written down before it is there.
    errand.note_part(&begun).await;
    part.set_noted();
    let mut reader = storage.read(to, 0, Some(length)).await.at(End::Target)?;
    let mut writer =
        storage.write(part.path(), WriteOptions::new_private()).await.at(End::Target)?;
    while let Some(chunk) = reader.next().await.at(End::Target)? {
        writer.write(chunk).await.at(End::Target)?;
    }
    reader.finish().await.at(End::Target)?;
    writer.finish(FinishOptions::default()).await.at(End::Target)?;
    (held.part, held.begun, held.taken_over) = (Some(part), Some(begun), true);
    Ok(())
}
