//! A service's entry in the answer table: how its pools stand, and what it so says to whom.

use crate::answer::{self, Answer};
use crate::steering::{self, Choice, Standing};
use crate::topology::Service;
use std::collections::BTreeSet;

/// What one service says, with what it was decided from. Orders that come to the same choice share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// How each of the service's pools stands.
    pub standings: Box<[Standing]>,
    by_order: Box<[u32]>,
    /// The same for clients who try a pool in its canary; empty where all of them are told what the others are.
    tried: Box<[u32]>,
    said: Box<[(Choice, Answer)]>,
    /// The orders whose clients, those who try a pool in its canary or the others, are told of the pools of an earlier row, though the standings
    /// speak for others.
    kept: Box<[(usize, bool)]>,
}

impl Row {
    /// Decides and renders every order of a service. `last_good` has, for each order, the pool that its clients were sent to
    /// when one was last proven alive.
    pub fn render(service: &Service, standings: Box<[Standing]>, last_good: &[Option<usize>]) -> Self {
        let mut said: Vec<(Choice, Answer)> = Vec::new();
        let mut list = |tries| -> Box<[u32]> {
            let orders = service.orders.list().iter().zip(last_good);
            let chosen = orders.map(|(order, &last)| steering::choose(service, order, &standings, last, tries));
            chosen.map(|choice| intern(&mut said, &choice, || answer::render(service, &choice))).collect()
        };
        let by_order = list(false);
        let tried = if standings.iter().any(|standing| standing.canary) { list(true) } else { Box::default() };
        Self::of(standings, by_order, tried, said, Box::default())
    }

    /// This row, but that all clients of whom `stays` is true, given what `old` and this one choose for them, are told of the pools that `old`
    /// tells them of, as these are now. Both are of one service of one topology.
    pub fn keeping(&self, service: &Service, old: &Self, stays: impl Fn(&Choice, &Choice) -> bool) -> Self {
        let mut said: Vec<(Choice, Answer)> = Vec::new();
        let mut kept = BTreeSet::new();
        let mut list = |tries: bool| -> Box<[u32]> {
            let each = (0..self.by_order.len()).map(|order| {
                let (was, is) = (old.choice_of(order, tries), self.choice_of(order, tries));
                let stays = stays(was, is);
                kept.extend(stays.then_some((order, tries)));
                let choice = if stays { steering::renew(was, &self.standings) } else { is.clone() };
                intern(&mut said, &choice, || answer::render(service, &choice))
            });
            each.collect()
        };
        let (by_order, tried) = (list(false), list(true));
        Self::of(self.standings.clone(), by_order, tried, said, kept.into_iter().collect())
    }

    /// Equal rows say the same.
    fn of(
        standings: Box<[Standing]>,
        by_order: Box<[u32]>,
        tried: Box<[u32]>,
        said: Vec<(Choice, Answer)>,
        kept: Box<[(usize, bool)]>,
    ) -> Self {
        let tried = if tried == by_order { Box::default() } else { tried };
        Self { standings, by_order, tried, said: said.into(), kept }
    }

    /// Where in `said` an order's clients find what they are told, those who try a pool in its canary or the others.
    fn place(&self, order: usize, tries: bool) -> usize {
        let tried = if tries { self.tried.get(order) } else { None };
        *tried.unwrap_or(&self.by_order[order]) as usize
    }

    /// Whether clients of an order, those who try a pool in its canary or the others, are told of the pools of an earlier row, though the
    /// standings speak for others.
    pub fn is_kept(&self, order: usize, tries: bool) -> bool {
        self.kept.contains(&(order, tries))
    }

    /// Whether clients who try no pool in its canary are kept at a pool, a place in the service.
    pub fn keeps(&self, pool: usize) -> bool {
        let orders = self.kept.iter().filter(|(_, tries)| !tries).map(|(order, _)| self.choice(*order));
        orders.flat_map(|choice| &choice.picks).any(|pick| pick.pool == pool)
    }

    /// The choice for clients of an order of the service, those who try a pool in its canary or the others.
    pub fn choice_of(&self, order: usize, tries: bool) -> &Choice {
        &self.said[self.place(order, tries)].0
    }

    /// The choice for an order of the service.
    pub fn choice(&self, order: usize) -> &Choice {
        self.choice_of(order, false)
    }

    /// The answer for an order of the service.
    pub fn answer(&self, order: usize) -> &Answer {
        &self.said[self.place(order, false)].1
    }

    /// Whether clients of an order who try a pool in its canary are told something else than the others.
    pub fn is_tried(&self, order: usize) -> bool {
        self.place(order, true) != self.place(order, false)
    }

    /// The choice and the answer for clients of an order who try a pool in its canary.
    pub fn trial(&self, order: usize) -> &(Choice, Answer) {
        &self.said[self.place(order, true)]
    }

    /// The choices for all orders.
    pub fn choices(&self) -> impl Iterator<Item = &Choice> {
        (0..self.by_order.len()).map(|order| self.choice(order))
    }

    /// The choices for all orders of clients who try a pool in its canary.
    pub fn trials(&self) -> impl Iterator<Item = &Choice> {
        (0..self.by_order.len()).map(|order| self.choice_of(order, true))
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
fn intern(said: &mut Vec<(Choice, Answer)>, choice: &Choice, answer: impl FnOnce() -> Answer) -> u32 {
    let place = said.iter().position(|(known, _)| known == choice).unwrap_or_else(|| {
        said.push((choice.clone(), answer()));
        said.len() - 1
    });
    // There are no more choices than twice the orders, which fit 16 bits.
    place as u32
}

#[cfg(test)]
mod tests;
