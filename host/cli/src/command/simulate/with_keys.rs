//! Attacks with stolen keys, on a copy of the repository whose keys are known.

mod online;
mod root;
mod stale;
mod steps;
mod tenant;

use super::drill::Drill;

/// The attacks, in the order of what the attacker controls.
pub(super) fn drills() -> impl Iterator<Item = &'static Drill> {
    [stale::DRILLS, online::DRILLS, tenant::DRILLS, root::DRILLS].into_iter().flatten()
}
