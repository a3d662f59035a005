//! A service's entry in the answer table: how its pools stand, and what it so says to whom.

use crate::answer::{self, Answer};
use crate::steering::{self, Choice, Standing};
use crate::topology::Service;

/// What one service says, with what it was decided from. Orders that come to the same choice share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// How each of the service's pools stands.
    pub standings: Box<[Standing]>,
    by_order: Box<[u16]>,
    said: Box<[(Choice, Answer)]>,
}

impl Row {
    /// Decides and renders every order of a service. `last_good` has, for each order, the pool that its clients were sent to
    /// when one was last proven alive.
    pub fn render(service: &Service, standings: Box<[Standing]>, last_good: &[Option<usize>]) -> Self {
        let mut said: Vec<(Choice, Answer)> = Vec::new();
        let orders = service.orders.list().iter().zip(last_good);
        let by_order = orders
            .map(|(order, &last_good)| {
                let choice = steering::choose(service, order, &standings, last_good);
                let known = said.iter().position(|(known, _)| *known == choice);
                // There are no more choices than orders, and an order's index fits 16 bits.
                known.unwrap_or_else(|| {
                    let answer = answer::render(service, &choice);
                    said.push((choice, answer));
                    said.len() - 1
                }) as u16
            })
            .collect();
        Self { standings, by_order, said: said.into() }
    }

    /// The choice for an order of the service.
    pub fn choice(&self, order: usize) -> &Choice {
        &self.said[usize::from(self.by_order[order])].0
    }

    /// The answer for an order of the service.
    pub fn answer(&self, order: usize) -> &Answer {
        &self.said[usize::from(self.by_order[order])].1
    }

    /// Whether all that differs is that a pool is suspect in one of the two, and the TTLs that follow from it.
    pub fn differs_in_doubt_alone(&self, other: &Self) -> bool {
        let stands = |a: &Standing, b: &Standing| *a == Standing { suspect: a.suspect, ..b.clone() };
        let same = |a: &Choice, b: &Choice| a.picks == b.picks && a.basis == b.basis;
        self.standings.len() == other.standings.len()
            && self.standings.iter().zip(&other.standings).all(|(a, b)| stands(a, b))
            && self.choices().zip(other.choices()).all(|(a, b)| same(a, b))
    }

    /// The choices for all orders.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        (0..self.by_order.len()).map(|order| self.choice(order))
    }
}
