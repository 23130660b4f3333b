//! Rules over the replies to one prompt: S1 form, S7 monologue, S8 repetition, S9 length.

/// What is wrong with a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It has no usable form.
    Form,
    /// It holds neither code nor a verdict.
    Monologue,
    /// A file in it has more lines than one may have.
    Long,
    /// It was cut at the limit of tokens.
    Cut,
    /// It repeated itself and was broken off.
    Loop,
}

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The same answer again in the right form: only the reply and the rule are sent.
    Reformat,
    /// Another sample of the same prompt.
    Sample,
    /// Another sample that is kept from repeating itself.
    Unlike,
    /// The same prompt with half as much room again.
    Room,
    /// Another model takes the prompt.
    OtherModel,
    /// The line of work ends; where there is none, another sample.
    Afresh,
    /// What was asked for does not fit in one reply and must be split.
    Split,
}

/// A rule and what it wants done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ruling {
    /// "S1", "S7", "S8" or "S9".
    pub rule: &'static str,
    /// What follows.
    pub answer: Answer,
}

/// What follows the faults of one prompt's replies by one model, oldest first; None without a fault.
#[must_use]
pub fn after(faults: &[Fault]) -> Option<Ruling> {
    let last = *faults.last()?;
    let ruling = |rule, answer| Some(Ruling { rule, answer });
    let count = |fault: Fault| faults.iter().filter(|one| **one == fault).count();
    match last {
        Fault::Cut if count(Fault::Cut) == 1 => ruling("S9", Answer::Room),
        Fault::Cut => ruling("S9", Answer::Split),
        Fault::Long if count(Fault::Long) == 1 => ruling("S1", Answer::Reformat),
        Fault::Long => ruling("S9", Answer::Split),
        Fault::Loop if count(Fault::Loop) == 1 => ruling("S8", Answer::Unlike),
        Fault::Loop => ruling("S8", Answer::OtherModel),
        Fault::Form | Fault::Monologue => {
            let run = faults.iter().rev();
            let formless = |fault: &&Fault| matches!(fault, Fault::Form | Fault::Monologue);
            let run: Vec<Fault> = run.take_while(formless).copied().collect();
            match run.as_slice() {
                [_] => ruling("S1", Answer::Reformat),
                [Fault::Monologue, Fault::Monologue] => ruling("S7", Answer::Afresh),
                [_, _] => ruling("S1", Answer::Sample),
                _ => ruling("S1", Answer::OtherModel),
            }
        }
    }
}
