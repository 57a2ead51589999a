use super::*;

mod calls;
mod opening;
mod reloading;
mod site;
mod waiting;
