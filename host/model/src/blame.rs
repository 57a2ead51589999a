//! The party that can do something about an error.

/// The party that can do something about an error.
///
/// Exit codes, protocol codes and alerts follow from it, never from the text of an error. It is exhaustive on purpose: a new
/// variant does not compile until every protocol has an answer for it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Blame {
    /// The caller: the call itself, or a record in it, is wrong.
    Caller,
    /// The operator of this host: its settings, or what they name, are wrong.
    Settings,
    /// The author of a rule: it did something that rules may not do.
    Rule,
    /// The publisher of a release: it is signed, but cannot be used.
    Publisher,
    /// The source of a release: what it gives is not what was signed. An attack, or a broken copy.
    Source,
    /// Another machine, or the network in between. A later attempt may succeed.
    Transport,
    /// This machine or this program.
    Host,
}
