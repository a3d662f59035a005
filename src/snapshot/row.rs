//! A service's entry in the answer table: how its pools stand, and what it so says to whom.

use crate::answer::{self, Answer};
use crate::steering::{self, Choice, Standing};
use crate::topology::Service;

/// What one service says, with what it was decided from.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// How each of the service's pools stands.
    pub standings: Box<[Standing]>,
    /// The choice for each of the service's orders.
    pub choices: Box<[Choice]>,
    /// The answer for each of the service's orders.
    pub answers: Box<[Answer]>,
}

impl Row {
    /// Decides and renders every order of a service. `last_good` is the pool that was live last, for the all-down ladder.
    pub fn render(service: &Service, standings: Box<[Standing]>, last_good: Option<usize>) -> Self {
        let orders = service.orders.list().iter();
        let choices: Box<[Choice]> =
            orders.map(|order| steering::choose(service, order, &standings, last_good)).collect();
        let answers = choices.iter().map(|choice| answer::render(service, choice)).collect();
        Self { standings, choices, answers }
    }
}
