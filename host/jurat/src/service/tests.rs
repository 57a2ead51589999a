mod calls;
mod observing;
mod opening;
mod pinning;
mod reloading;
mod site;
mod waiting;
