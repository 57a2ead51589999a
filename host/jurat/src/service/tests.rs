mod calls;
mod opening;
mod pinning;
mod reloading;
mod site;
mod waiting;
