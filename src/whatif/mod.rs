//! What would be otherwise: two worlds laid beside each other, service by service, before either is lived in.
//!
//! Here: worlds that are supposed (`suppose`), who is sent elsewhere in one than in the other (`compare`), and
//! how long it takes until they come (`estimate`). Not here: how that is
//! shown (`admin`), and where worlds come from (`app`, `control`). Pure: the same two snapshots always compare the same. It costs
//! one pass over all ranges of client addresses and, for each service, one look for each crowd of clients.

mod compare;
mod estimate;
mod suppose;

pub use compare::{Clients, Comparison, Fate, Move, Objection, ServiceMoves, compare};
pub use estimate::{Estimate, Fault, PeerEstimate, Span, estimates};
pub use suppose::{all_up, without};

#[cfg(test)]
mod tests;
