//! What turns teach: how a model counts, how fast it writes, how much of it lies on the GPU, how long reviews are.

use crate::domain::event::Turn;
use crate::domain::factory::Factory;
use crate::domain::phase::Role;
use crate::text::tokens;

/// Learns from one more turn.
pub(super) fn from(factory: &mut Factory, turn: &Turn) {
    counted(factory, turn);
    timed(factory, turn);
    placed(factory, turn);
    reviewed(factory, turn);
}

/// What a server counted teaches the estimate of its model. A turn that failed may have been cut.
fn counted(factory: &mut Factory, turn: &Turn) {
    let (Some(estimated), Some(counted)) = (turn.estimated, turn.input_tokens) else {
        return;
    };
    if turn.ok && !turn.scripted && !turn.uncounted {
        let factor = factory.factors.entry(turn.model.clone());
        let factor = factor.or_insert(tokens::AS_ESTIMATED);
        *factor = tokens::learn(*factor, estimated, counted);
    }
}

/// How much of a model usually lies on the GPU of its host: a quarter of the way towards each turn.
fn placed(factory: &mut Factory, turn: &Turn) {
    let Some(share) = turn.gpu.filter(|_| turn.ok) else {
        return;
    };
    let usual = factory.shares.entry(turn.place()).or_insert(share);
    let next = (u16::from(*usual) * 3 + u16::from(share)) / 4;
    *usual = u8::try_from(next).unwrap_or(share);
}

/// How long the Supervisor's calls are.
fn reviewed(factory: &mut Factory, turn: &Turn) {
    let counted = turn.input_tokens.zip(turn.output_tokens);
    if let Some((read, written)) = counted.filter(|_| turn.ok && !turn.scripted && !turn.uncounted)
        && turn.role == Role::Supervisor
    {
        factory.reviews.learn(read, written);
    }
}

/// How fast a model usually writes on its host: a quarter of the way towards each turn.
fn timed(factory: &mut Factory, turn: &Turn) {
    let Some(speed) = turn.speed.filter(|_| turn.ok && turn.tells_speed()) else {
        return;
    };
    let tenths = (speed.clamp(0.0, 1e6) * 10.0).round() as u32;
    let usual = factory.speeds.entry(turn.place());
    let usual = usual.or_insert(tenths);
    *usual = (*usual * 3 + tenths) / 4;
}
