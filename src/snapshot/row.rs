//! A service's entry in the answer table: how its pools stand, and what it so says to whom.

use crate::answer::{self, Answer};
use crate::steering::{self, Choice, Standing};
use crate::topology::Service;

/// What one service says, with what it was decided from. Orders that come to the same choice share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// How each of the service's pools stands.
    pub standings: Box<[Standing]>,
    by_order: Box<[u32]>,
    /// The same for clients who try a pool in its canary; empty while none is in one.
    tried: Box<[u32]>,
    said: Box<[(Choice, Answer)]>,
}

impl Row {
    /// Decides and renders every order of a service. `last_good` has, for each order, the pool that its clients were sent to
    /// when one was last proven alive.
    pub fn render(service: &Service, standings: Box<[Standing]>, last_good: &[Option<usize>]) -> Self {
        let mut said: Vec<(Choice, Answer)> = Vec::new();
        let mut list = |tries| -> Box<[u32]> {
            let orders = service.orders.list().iter().zip(last_good);
            let chosen = orders.map(|(order, &last)| steering::choose(service, order, &standings, last, tries));
            // There are no more choices than twice the orders, which fit 16 bits.
            chosen.map(|choice| intern(&mut said, service, choice) as u32).collect()
        };
        let by_order = list(false);
        let tried = if standings.iter().any(|standing| standing.canary) { list(true) } else { Box::default() };
        Self { standings, by_order, tried, said: said.into() }
    }

    /// The choice for an order of the service.
    pub fn choice(&self, order: usize) -> &Choice {
        &self.said[self.by_order[order] as usize].0
    }

    /// The answer for an order of the service.
    pub fn answer(&self, order: usize) -> &Answer {
        &self.said[self.by_order[order] as usize].1
    }

    /// Whether clients of an order who try a pool in its canary are told something else than the others.
    pub fn is_tried(&self, order: usize) -> bool {
        self.tried.get(order).is_some_and(|tried| *tried != self.by_order[order])
    }

    /// The choice and the answer for clients of an order who try a pool in its canary.
    pub fn trial(&self, order: usize) -> &(Choice, Answer) {
        &self.said[*self.tried.get(order).unwrap_or(&self.by_order[order]) as usize]
    }

    /// The choices for all orders.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        (0..self.by_order.len()).map(|order| self.choice(order))
    }

    /// The choices for all orders of clients who try a pool in its canary.
    pub fn trials(&self) -> impl Iterator<Item = &Choice> {
        (0..self.by_order.len()).map(|order| &self.trial(order).0)
    }

    /// Whether all that differs is that a pool is suspect in one of the two, and the TTLs that follow from it.
    pub fn differs_in_doubt_alone(&self, other: &Self) -> bool {
        let stands = |a: &Standing, b: &Standing| *a == Standing { suspect: a.suspect, ..b.clone() };
        let same = |a: &Choice, b: &Choice| a.picks == b.picks && a.basis == b.basis;
        self.standings.len() == other.standings.len()
            && self.standings.iter().zip(&other.standings).all(|(a, b)| stands(a, b))
            && self.choices().zip(other.choices()).all(|(a, b)| same(a, b))
            && self.trials().zip(other.trials()).all(|(a, b)| same(a, b))
    }
}

/// The place of a choice among those that are said.
fn intern(said: &mut Vec<(Choice, Answer)>, service: &Service, choice: Choice) -> usize {
    said.iter().position(|(known, _)| *known == choice).unwrap_or_else(|| {
        let answer = answer::render(service, &choice);
        said.push((choice, answer));
        said.len() - 1
    })
}
