//! Rules B3 and B4: how far t is off after slots to coefficients, the raise, the trace and coefficients to slots.
//!
//! Everything is followed as a part of the one coefficient, then of the one slot, that it ends in (EVALUATION.md, B4): noise
//! before slots to coefficients by rows of the inverse transform, noise of the raise as coefficients, later noise by rows of
//! what is still to come.

use crate::core::fault::{Checked, Fault, Rule};
use crate::core::number::Rational;
use crate::evaluation::parameters::Parameters;
use crate::evaluation::refresh::document::Refresh;
use crate::evaluation::refresh::row::{Added, Row};
use crate::evaluation::refresh::shape::{shapes, Direction, Shape};
use crate::evaluation::refresh::upper::Upper;
use num_bigint::BigInt;

/// What is known of t before EvalMod.
#[derive(Debug)]
pub(crate) struct Before {
    /// How far t is off, in units of q_0.
    pub(crate) t: Upper,
    /// The part of it that is there before the modulus is raised.
    pub(crate) raised: Upper,
    /// The scale that t has.
    pub(crate) scale: Rational,
}

/// Products of baby steps, giant steps, key switches and rescales that share the failure probability.
pub(crate) fn operations(refresh: &Refresh, log_n: u64) -> Checked<u64> {
    let (down, up) = both(refresh)?;
    let maps = down.iter().chain(&up);
    let linear = maps.fold(0u64, |sum, map| sum + 2 * map.count + 1);
    // Two conjugations, two switches at the raise, fewer steps of the trace than log N.
    Ok(linear + 4 + log_n)
}

fn both(refresh: &Refresh) -> Checked<(Vec<Shape<'_>>, Vec<Shape<'_>>)> {
    let h = refresh.log_values - 1;
    let down = shapes(&refresh.to_coefficients, Direction::ToCoefficients, h)?;
    let up = shapes(&refresh.to_slots, Direction::ToSlots, h)?;
    Ok((down, up))
}

/// A chain of maps as it goes.
struct Going<'a> {
    added: &'a Added<'a>,
    parameters: &'a Parameters,
    level: usize,
    scale: Rational,
    /// How far a slot may be off what is meant.
    off: Upper,
    /// log2 of the stages' product so far.
    done: u64,
    /// What keys and roundings, and what encoded diagonals come to in the end.
    noise: Upper,
    encoding: Upper,
}

impl Going<'_> {
    fn added_primes(&self) -> Rational {
        Rational::integer(Parameters::product(self.parameters.added(self.level)))
    }

    /// What keys and roundings of a map come to by the row of what is added before the division, and that of the rescale.
    fn own(&self, map: &Shape, inner: &Row, outer: &Row) -> Upper {
        let product = self.scale.times(map.scale);
        let after = product.over(&self.added_primes());
        let babies = self.added.switched(self.level, inner);
        let babies = babies.times(&map.most()).scaled(map.babies);
        let giants = self.added.key_switch(self.level, inner).scaled(map.giants);
        let rescale = self.added.rescaled(outer);
        babies
            .over(&self.scale)
            .plus(&giants.over(&product))
            .plus(&rescale.over(&after))
    }

    fn map(&mut self, map: &Shape, (inner, outer): (&Row, &Row), (mean, sup): (Upper, Upper)) {
        let own = self.own(map, inner, outer);
        self.noise = self.noise.plus(&own);
        self.encoding = self.encoding.plus(&mean);
        let slot = Row::slot();
        self.off = map
            .row()
            .times(&self.off)
            .plus(&self.own(map, &slot, &slot))
            .plus(&sup);
        self.scale = self
            .scale
            .times(map.scale)
            .over(&self.added_primes())
            .reduced();
        self.level = self.level.saturating_sub(1);
        self.done += map.stages;
    }
}

/// Bounds how far t is off.
///
/// **Inputs** `most`: |u| <= most in every slot, in units of the largest message.
pub(crate) fn before(
    parameters: &Parameters,
    refresh: &Refresh,
    added: &Added,
    most: &Rational,
) -> Checked<Before> {
    let (down, up) = both(refresh)?;
    let q0 = Rational::integer(parameters.first());
    let ratio = refresh.ratio_log2;
    let most = Upper::of(most);
    let lowered = to_coefficients(parameters, refresh, added, (&down, &most))?;
    let raised = lowered.halved(ratio);

    let first = Rational::integer(parameters.p.first().copied().unwrap_or(1));
    let to_sparse = added.switched_coefficient(&first);
    let to_sparse = to_sparse.plus(&added.divided_coefficient(refresh.weight).over(&q0));
    let special = Rational::integer(Parameters::product(&parameters.p));
    let weight = parameters.largest_weight();
    let from_sparse = added.switched_coefficient(&special);
    let from_sparse = from_sparse.plus(&added.divided_coefficient(weight).over(&q0));

    // T steps of the trace: the one with `later` to come ends in 2^later slots of each of n.
    let h = refresh.log_values - 1;
    let steps = parameters.log_n - 1 - h;
    let scale = q0.times(&Rational::integer(BigInt::from(1u32) << steps));
    let top = parameters.top();
    let (mut trace, mut off) = (Upper::zero(), Upper::zero());
    for later in 0..steps {
        let row = Row::equal(h + later, h);
        trace = trace.plus(&added.key_switch(top, &row).over(&scale));
        let slot = added.key_switch(top, &Row::slot());
        off = off.plus(&slot.scaled(1 << later).over(&scale));
    }

    let known = raised.plus(&to_sparse).plus(&from_sparse);
    let reach = Upper::ratio(refresh.overflow, 1)
        .plus(&most.halved(ratio))
        .plus(&known);
    let spread = added.spread(refresh.weight, refresh.log_values, &from_sparse);
    let going = Going {
        added,
        parameters,
        level: top,
        scale,
        off,
        done: 0,
        noise: Upper::zero(),
        encoding: Upper::zero(),
    };
    let (slots, scale) = to_slots(going, h, &up, (&reach, &spread));
    Ok(Before {
        t: known.plus(&trace).plus(&slots),
        raised,
        // 2n values.
        scale: scale
            .times(&Rational::integer(BigInt::from(2u32) << h))
            .reduced(),
    })
}

/// What conjugation and slots to coefficients add to a coefficient, in units of the largest message.
fn to_coefficients(
    parameters: &Parameters,
    refresh: &Refresh,
    added: &Added,
    (maps, most): (&[Shape], &Upper),
) -> Checked<Upper> {
    let h = refresh.log_values - 1;
    let slots = parameters.log_n - 1;
    // Of 2n values.
    let copies = slots - refresh.log_values;
    let twice = Rational::integer(2 * refresh.gain).times(&refresh.scale);
    let level = maps.len();
    let both = Row::equal(1 + copies, copies);
    let conjugation = added.key_switch(level, &both).over(&twice);
    let off = added.key_switch(level, &Row::slot()).over(&twice);
    let mut going = Going {
        added,
        parameters,
        level,
        scale: twice,
        off,
        done: 0,
        noise: conjugation,
        encoding: Upper::zero(),
    };
    for (i, map) in maps.iter().enumerate() {
        let all = map.off().scaled(map.count);
        let width = Upper::power(going.done);
        let sup = all.times(&most.times(&width).plus(&going.off));
        if i + 1 == maps.len() {
            let row = Row::equal(slots, slots);
            let rms = most.times(&width.root()).plus(&going.off);
            let mean = all
                .times(&rms)
                .times(&Upper::power(0).halved(map.log_period).root());
            going.map(map, (&row, &row), (mean, sup));
        } else {
            let block = going.done + map.stages;
            let row = Row::equal(1 + block + copies, block + copies);
            let mean = sup.scaled(2).times(&Upper::power(0).halved(block).root());
            going.map(map, (&row, &row), (mean, sup));
        }
    }
    let q0 = Rational::integer(parameters.first());
    let ratio = Rational::integer(BigInt::from(1u32) << refresh.ratio_log2);
    if h != going.done || going.scale != q0.over(&ratio) {
        let text = "slots to coefficients do not end at the scale q_0/ratio";
        return Err(Fault::rejected(Rule::Own("B3 raise"), text));
    }
    Ok(going.noise.plus(&going.encoding))
}

/// What coefficients to slots adds to t, and the scale that they end at.
fn to_slots(
    mut going: Going,
    h: u64,
    maps: &[Shape],
    (most, spread): (&Upper, &Upper),
) -> (Upper, Rational) {
    for (i, map) in maps.iter().enumerate() {
        let left = h - going.done - map.stages;
        let row = Row::equal(left, h);
        // The norm of y at the places that are hit: sqrt(2 or 6) n T, or but for the probability sqrt(n 2^m') times the spread.
        let blocks = if i == 0 { 2 } else { 6 };
        let meant = Upper::ratio(blocks, 1)
            .root()
            .times(&Upper::power(h))
            .times(most);
        let likely = Upper::power(h + going.done).root().times(spread);
        let places = Upper::ratio(map.count, 1);
        let noise = |places: &Upper| going.off.times(&places.root());
        let each = map.off().times(&map.root());
        let hit = meant.clone().min(likely);
        let mean = each.times(&hit.plus(&noise(&places.times(&Upper::power(left)))));
        let mean = mean.halved(h);
        let sup = each.times(&meant.plus(&noise(&places)));
        let mut outer = row.clone();
        if i + 1 == maps.len() {
            // The sum with the conjugate is one giant step more, and is divided by 2n.
            let product = going.scale.times(map.scale);
            outer = Row::equal(0, h + 1);
            let conjugate = going.added.key_switch(going.level, &outer).over(&product);
            going.noise = going.noise.plus(&conjugate);
        }
        going.map(map, (&row, &outer), (mean, sup));
    }
    (going.noise.plus(&going.encoding), going.scale)
}
