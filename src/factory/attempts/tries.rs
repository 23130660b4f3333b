//! How often a turn is taken again, and with what change, before its fault is the host's or the model's.

use crate::factory::ports::model::{Fault, ModelError, Remedy};
use std::time::Duration;

/// Waits before a turn is taken again whose host failed in the midst of it, in first waits.
const WAITS: [u32; 4] = [1, 5, 15, 45];
/// Longest wait a server may ask for before its host is left alone.
const LONGEST: Duration = Duration::from_secs(60);
/// Samples of a model that writes what cannot be used: as asked, with another seed, and without thinking.
const SAMPLES: u32 = 3;

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The turn again, after this wait.
    Again(Duration),
    /// The host has less room than the prompt was made for: one that fits may be made.
    Smaller,
    /// The prompt does not fit.
    TooLarge,
    /// The prompt ended its model twice: where the model speaks otherwise, it is too much for it.
    Poison,
    /// The model does not bring it about, and there is no other.
    Stuck,
    /// The host is left alone.
    Host,
    /// The factory itself is wrong.
    Broken,
}

/// What was tried for one turn.
#[derive(Clone, Copy, Debug)]
pub struct Tries {
    /// The first wait, from the host's settings.
    first: Duration,
    waits: usize,
    samples: u32,
    /// The model died of it the last time.
    died: bool,
}

impl Tries {
    /// Nothing tried yet at a host with this first wait.
    pub fn new(first: Duration) -> Self {
        Self {
            first,
            waits: 0,
            samples: 0,
            died: false,
        }
    }

    /// What to do about a fault. `smaller`: the host takes a smaller window now than it was asked for; `others`: another model
    /// could take over.
    pub fn next(&mut self, error: &ModelError, smaller: bool, others: bool) -> Next {
        let dies = error.fault == Fault::Runner;
        let again = std::mem::replace(&mut self.died, dies) && dies;
        match error.remedy() {
            _ if error.fault == Fault::NoScript => Next::Broken,
            _ if again && others => Next::Host,
            _ if again => Next::Poison,
            Remedy::Retry if dies => {
                // It must be loaded anew.
                self.waits = self.waits.max(1);
                self.patience(None)
            }
            // Each time costs as long as a limit of time allows: once more, and the host is sick.
            Remedy::Retry if error.fault == Fault::Hung && self.waits > 0 => Next::Host,
            Remedy::Retry => self.patience(None),
            Remedy::OtherSample | Remedy::Reask => {
                if error.fault == Fault::TooLong {
                    // It took all the time there is: what thinks on and on gets one try without.
                    self.samples = self.samples.max(SAMPLES - 2);
                }
                self.samples += 1;
                match (self.samples < SAMPLES, others) {
                    (true, _) => Next::Again(Duration::ZERO),
                    (false, true) => Next::Host,
                    (false, false) => Next::Stuck,
                }
            }
            Remedy::Shrink if smaller => Next::Smaller,
            Remedy::Shrink if error.fault == Fault::Memory => Next::Host,
            Remedy::Shrink => Next::TooLarge,
            // A queue that is full or a model being loaded: worth a minute before all that was done is left.
            Remedy::Wait if error.fault == Fault::Busy => self.patience(error.retry_after),
            Remedy::Wait | Remedy::OtherModel | Remedy::Ask => Next::Host,
        }
    }

    /// The next wait, longer where the server asks for it; a host that asks for more than a minute is left alone.
    fn patience(&mut self, asked: Option<u64>) -> Next {
        let wait = WAITS.get(self.waits).map(|times| self.first * *times);
        self.waits += 1;
        let asked = Duration::from_secs(asked.unwrap_or(0));
        match wait {
            Some(wait) if asked <= LONGEST => Next::Again(wait.max(asked)),
            _ => Next::Host,
        }
    }

    /// The last sample is taken without thinking.
    pub fn may_think(&self) -> bool {
        self.samples + 1 < SAMPLES
    }

    /// What to add to the seed.
    pub fn seed(&self) -> u64 {
        self.waits as u64 + u64::from(self.samples)
    }

    /// Samples taken in vain.
    pub fn samples(&self) -> u32 {
        self.samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn fate(faults: &[Fault], others: bool) -> Next {
        let mut tries = Tries::new(SECOND);
        let of = |fault| ModelError::new("gpu", fault, "");
        let ends = faults
            .iter()
            .map(|fault| tries.next(&of(*fault), false, others));
        ends.last().unwrap_or(Next::Host)
    }

    #[test]
    fn hosts_get_four_more_chances_and_models_two() {
        assert_eq!(fate(&[Fault::Broken], false), Next::Again(SECOND));
        assert_eq!(fate(&[Fault::Broken; 4], false), Next::Again(SECOND * 45));
        assert_eq!(fate(&[Fault::Server; 5], false), Next::Host);
        assert_eq!(
            fate(&[Fault::Garbled; 2], false),
            Next::Again(Duration::ZERO)
        );
        assert_eq!(fate(&[Fault::Looping; 3], false), Next::Stuck);
        assert_eq!(fate(&[Fault::Unfinished; 3], true), Next::Host);
    }

    #[test]
    fn a_prompt_that_ends_its_model_twice_in_a_row_is_not_sent_again() {
        let (dies, breaks) = (Fault::Runner, Fault::Broken);
        assert_eq!(fate(&[dies], false), Next::Again(SECOND * 5));
        assert_eq!(fate(&[dies, dies], false), Next::Poison);
        assert_eq!(fate(&[dies, dies], true), Next::Host);
        let between = fate(&[dies, breaks, dies], false);
        assert_eq!(between, Next::Again(SECOND * 45));
    }

    #[test]
    fn what_takes_a_limit_of_time_is_tried_once_more_and_no_oftener() {
        assert_eq!(fate(&[Fault::Hung], false), Next::Again(SECOND));
        assert_eq!(fate(&[Fault::Hung; 2], false), Next::Host);
        assert_eq!(fate(&[Fault::TooLong; 2], false), Next::Stuck);
        let mut tries = Tries::new(SECOND);
        let endless = ModelError::new("gpu", Fault::TooLong, "");
        assert_eq!(
            tries.next(&endless, false, false),
            Next::Again(Duration::ZERO)
        );
        assert!(!tries.may_think());
    }

    #[test]
    fn a_busy_host_is_waited_for_as_long_as_it_asks() {
        let busy = |retry_after| ModelError {
            retry_after,
            ..ModelError::new("gpu", Fault::Busy, "")
        };
        let of = |error: &ModelError| Tries::new(SECOND).next(error, false, true);
        assert_eq!(of(&busy(None)), Next::Again(SECOND));
        assert_eq!(of(&busy(Some(30))), Next::Again(Duration::from_secs(30)));
        assert_eq!(of(&busy(Some(61))), Next::Host);
        assert_eq!(fate(&[Fault::Busy; 5], true), Next::Host);
    }

    #[test]
    fn nothing_is_tried_again_in_vain() {
        for fault in [
            Fault::Refused,
            Fault::SpendLimit,
            Fault::Missing,
            Fault::Truncated,
        ] {
            assert_eq!(fate(&[fault], false), Next::Host, "{fault}");
        }
        assert_eq!(fate(&[Fault::Overflow], true), Next::TooLarge);
        assert_eq!(fate(&[Fault::Memory], false), Next::Host);
        let memory = ModelError::new("gpu", Fault::Memory, "");
        let smaller = Tries::new(SECOND).next(&memory, true, false);
        assert_eq!(smaller, Next::Smaller);
        assert_eq!(fate(&[Fault::NoScript], false), Next::Broken);
    }

    #[test]
    fn the_last_sample_does_not_think() {
        let mut tries = Tries::new(SECOND);
        for thinks in [true, true, false] {
            assert_eq!(tries.may_think(), thinks);
            tries.next(&ModelError::new("gpu", Fault::Garbled, ""), false, false);
        }
    }
}
