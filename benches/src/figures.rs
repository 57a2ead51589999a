//! The groups of figures. Each measures its candidates alternately.

mod batch;
mod cost;
mod fuel;
mod instance;
mod instructions;
mod limits;
mod memory;
mod peers;
mod rules;
mod scaling;
mod single;

pub(crate) use batch::measure as batch;
pub(crate) use cost::measure as cost;
pub(crate) use fuel::measure as fuel;
pub(crate) use instance::measure as instance;
pub(crate) use instructions::measure as instructions;
pub(crate) use limits::measure as limits;
pub(crate) use memory::measure as memory;
pub(crate) use peers::measure as peers;
pub(crate) use rules::measure as rules;
pub(crate) use scaling::measure as scaling;
pub(crate) use single::measure as single;
