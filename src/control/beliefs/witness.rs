//! Whether what is seen may be believed: who fails together, and whether third parties answer.
//!
//! Here: the evidence for a doubt of ourselves (`health::Doubt`), kept by pool. What always holds: one observation costs a look at the
//! pools of its target, and where it changes something one at every pool. Pure.
//!
//! | references | suspicious where |
//! |---|---|
//! | none configured | at least `DOUBT_POOLS_MIN` pools, and more than half of those that lived, were struck within `DOUBT_WINDOW` |
//! | one answers, or is not asked yet | never: what fails is theirs |
//! | none answers | at least half of the pools that lived were struck within `DOUBT_WINDOW`, or at least half of the targets that were heard since then fell |
//!
//! A pool is struck when the last of its targets fails that was believed alive. While we doubt, those that were struck before count for
//! as long as they fail. Fewer pools than `DOUBT_POOLS_MIN` say nothing without references: two that fail together are an outage,
//! for which the `all_down` ladder keeps answers as they were anyway.

use crate::health::{Doubt, Outcome, Suspicion};
use crate::ids::TargetId;
use crate::limits::{DOUBT_POOLS_MIN, DOUBT_WINDOW};
use crate::topology::{Endpoint, TargetSpec, Topology};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// What one target did last.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Trial {
    /// Nothing that counts: it was not asked, or fails and was not believed alive.
    Nothing,
    /// It answered.
    Passed,
    /// It was believed alive, and fails since then.
    Fell(Instant),
}

/// The targets of one pool together.
#[derive(Clone, Debug, Default)]
struct Tally {
    passed: usize,
    fell: usize,
    /// When the last of its targets fell.
    struck: Option<Instant>,
}

impl Tally {
    fn count(&mut self, trial: Trial) -> Option<&mut usize> {
        match trial {
            Trial::Nothing => None,
            Trial::Passed => Some(&mut self.passed),
            Trial::Fell(_) => Some(&mut self.fell),
        }
    }

    fn change(&mut self, old: Trial, new: Trial) {
        self.count(old).into_iter().for_each(|count| *count -= 1);
        self.count(new).into_iter().for_each(|count| *count += 1);
        let is_struck = self.passed == 0 && self.fell > 0;
        self.struck = match (self.struck.filter(|_| is_struck), new) {
            (None, Trial::Fell(at)) if is_struck => Some(at),
            (same, _) => same,
        };
    }
}

/// Looks at everything that is seen and says whether it is credible.
#[derive(Debug)]
pub(super) struct Witness {
    doubt: Doubt,
    trials: Vec<Trial>,
    pools: Vec<Tally>,
    /// The pools of each target.
    of_target: Vec<Vec<usize>>,
    /// Whether each reference answered last; `None` before it was asked.
    references: HashMap<Arc<TargetSpec>, Option<bool>>,
    /// What was heard since no reference answers; `None` while one does. A pool with many checks is struck only by the last of
    /// them, and by then others are believed dead.
    heard: Option<Heard>,
}

/// Targets that were heard lately, and whether they passed. Who fails and was not believed alive is not heard.
#[derive(Clone, Debug, Default)]
struct Heard {
    passed: HashMap<TargetId, bool>,
    fell: usize,
}

impl Heard {
    fn hear(&mut self, target: TargetId, passed: bool) -> bool {
        let old = self.passed.insert(target, passed);
        self.fell += usize::from(!passed);
        self.fell -= usize::from(old == Some(false));
        old != Some(passed)
    }

    /// Whether at least half of them fell.
    fn is_suspicious(&self) -> bool {
        self.fell > 0 && self.fell * 2 >= self.passed.len()
    }
}

impl Witness {
    pub(super) fn new(topology: &Topology) -> Self {
        let mut of_target = vec![Vec::new(); topology.targets.len()];
        for pool in topology.services.iter().flat_map(|service| &service.pools) {
            for target in pool.endpoints.iter().flat_map(Endpoint::targets) {
                let pools: &mut Vec<usize> = &mut of_target[target.index()];
                if !pools.contains(&pool.pool.index()) {
                    pools.push(pool.pool.index());
                }
            }
        }
        Self {
            doubt: Doubt::default(),
            trials: vec![Trial::Nothing; topology.targets.len()],
            pools: vec![Tally::default(); topology.pools.len()],
            of_target,
            references: topology.references.iter().map(|spec| (spec.clone(), None)).collect(),
            heard: None,
        }
    }

    /// Takes over what an older one knew of the same addresses and references; pairs are what a target was and is.
    pub(super) fn take_over(&mut self, old: &Self, targets: impl IntoIterator<Item = (TargetId, TargetId)>) {
        self.doubt = old.doubt;
        let mut heard = Heard::default();
        for (was, is) in targets {
            self.set(is, old.trials[was.index()]);
            let passed = old.heard.as_ref().and_then(|heard| heard.passed.get(&was));
            if let Some(&passed) = passed {
                heard.hear(is, passed);
            }
        }
        self.heard = old.heard.is_some().then_some(heard);
        for (spec, answered) in &mut self.references {
            *answered = old.references.get(spec).copied().flatten();
        }
    }

    /// Whether we doubt ourselves.
    pub(super) fn doubt(&self) -> Doubt {
        self.doubt
    }

    /// Takes what a reference did; whether it is one.
    pub(super) fn refer(&mut self, spec: &Arc<TargetSpec>, outcome: &Outcome, now: Instant) {
        let Some(answered) = self.references.get_mut(spec).filter(|_| outcome.is_evidence()) else { return };
        if *answered != Some(outcome.passed()) {
            *answered = Some(outcome.passed());
            if !self.is_cut_off() {
                self.heard = None;
            } else if self.heard.is_none() {
                self.heard = Some(self.fallen(now));
            }
            self.weigh(now);
        }
    }

    /// Takes what a target did that was `believed_alive` before.
    pub(super) fn see(&mut self, target: TargetId, outcome: &Outcome, believed_alive: bool, now: Instant) {
        let trial = match (outcome, self.trials[target.index()]) {
            (outcome, _) if outcome.passed() => Trial::Passed,
            (outcome, same) if !outcome.is_evidence() => same,
            (Outcome::Stale(_), _) => Trial::Nothing,
            (_, fallen @ Trial::Fell(_)) => fallen,
            _ if believed_alive => Trial::Fell(now),
            _ => Trial::Nothing,
        };
        let is_told = outcome.is_evidence() && trial != Trial::Nothing;
        let heard = self.heard.as_mut().filter(|_| is_told);
        let is_news = heard.is_some_and(|heard| heard.hear(target, trial == Trial::Passed));
        if self.set(target, trial) || is_news {
            self.weigh(now);
        }
    }

    /// Whether references are configured and none answers.
    fn is_cut_off(&self) -> bool {
        !self.references.is_empty() && self.references.values().all(|answered| *answered == Some(false))
    }

    /// Who fell lately: what cuts us off is as old as the first that it silences.
    fn fallen(&self, now: Instant) -> Heard {
        let mut heard = Heard::default();
        for (i, trial) in self.trials.iter().enumerate() {
            if matches!(trial, Trial::Fell(at) if now.saturating_duration_since(*at) <= DOUBT_WINDOW) {
                heard.hear(TargetId::at(i), false);
            }
        }
        heard
    }

    /// Weighs all that is known at `now`, as when time has passed.
    pub(super) fn weigh(&mut self, now: Instant) {
        let horizon = self.doubt.since().unwrap_or(now).checked_sub(DOUBT_WINDOW);
        let is_within = |at: &Instant| horizon.is_none_or(|horizon| *at >= horizon);
        let struck = self.pools.iter().filter(|pool| pool.struck.as_ref().is_some_and(is_within)).count();
        let lived = struck + self.pools.iter().filter(|pool| pool.passed > 0).count();
        let suspicion = if self.references.is_empty() {
            (struck >= DOUBT_POOLS_MIN && struck * 2 > lived).then_some(Suspicion::Alike)
        } else {
            let most = struck > 0 && struck * 2 >= lived;
            let heard = self.heard.as_ref().is_some_and(Heard::is_suspicious);
            (self.is_cut_off() && (most || heard)).then_some(Suspicion::References)
        };
        let is = self.doubt.step(suspicion, now);
        let was = std::mem::replace(&mut self.doubt, is);
        if was.why().is_some() && self.doubt == Doubt::Clear {
            self.forget_falls();
        }
    }

    /// Who fell before a doubt that is over, or in it, falls anew if it still fails: so another doubt may follow at once.
    fn forget_falls(&mut self) {
        for target in (0..self.trials.len()).map(TargetId::at) {
            if matches!(self.trials[target.index()], Trial::Fell(_)) {
                self.set(target, Trial::Nothing);
            }
        }
    }

    fn set(&mut self, target: TargetId, trial: Trial) -> bool {
        let old = std::mem::replace(&mut self.trials[target.index()], trial);
        if old == trial {
            return false;
        }
        self.of_target[target.index()].iter().for_each(|&pool| self.pools[pool].change(old, trial));
        true
    }
}

#[cfg(test)]
mod tests;
