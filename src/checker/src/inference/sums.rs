//! Sums of linear maps of values and a constant: what stands between two activations, one layer after the other.

use crate::core::fault::Checked;
use crate::inference::layers::{layer, places};
use crate::inference::rows::{sum, Rows};
use crate::network::model::layers::NetworkNode;
use std::collections::BTreeMap;
use std::rc::Rc;

/// A sum of linear maps of values and a constant.
#[derive(Debug, Clone)]
pub(super) struct Sum {
    /// The map of each value; none is the identity.
    pub(super) terms: BTreeMap<usize, Option<Rc<Rows>>>,
    /// Sizes of the constant.
    pub(super) bias: Vec<u64>,
    /// Places and products that its layer took.
    pub(super) work: usize,
}

impl Sum {
    /// A value itself.
    pub(super) fn value(value: usize, size: usize) -> Self {
        Self {
            terms: BTreeMap::from([(value, None)]),
            bias: vec![0; size],
            work: size,
        }
    }

    /// Factors of its maps, those of an identity apart.
    pub(super) fn entries(&self) -> usize {
        self.terms
            .values()
            .flatten()
            .map(|rows| rows.entries())
            .sum()
    }

    /// The value that it is itself.
    pub(super) fn alone(&self) -> Option<usize> {
        let mut terms = self.terms.iter();
        match (terms.next(), terms.next()) {
            (Some((&value, None)), None) if self.bias.iter().all(|b| *b == 0) => Some(value),
            _ => None,
        }
    }

    /// Its maps written out; `sizes` are those of the values.
    pub(super) fn maps(&self, sizes: &[usize]) -> Checked<Vec<(usize, Rc<Rows>)>> {
        let one = |(&value, rows): (&usize, &Option<Rc<Rows>>)| {
            let rows = match rows {
                Some(rows) => rows.clone(),
                None => Rc::new(Rows::identity(sizes.get(value).copied().unwrap_or(0))?),
            };
            Ok((value, rows))
        };
        self.terms.iter().map(one).collect()
    }

    /// What a layer makes of its inputs, of these shapes.
    pub(super) fn layer(
        node: &NetworkNode,
        from: &[(&Self, [usize; 3])],
        sizes: &[usize],
    ) -> Checked<Self> {
        let shapes: Vec<[usize; 3]> = from.iter().map(|f| f.1).collect();
        let places = places(node, &shapes)?;
        let (maps, bias) = layer(node, &shapes)?;
        let n = node.shape.iter().product();
        let mut out = Self {
            terms: BTreeMap::new(),
            bias: bias.unwrap_or_else(|| vec![0; n]),
            work: places,
        };
        for (map, (x, _)) in maps.into_iter().zip(from) {
            let map = map.map(Rc::new);
            let moved = match &map {
                Some(map) => map.of(&x.bias)?,
                None => x.bias.clone(),
            };
            for (b, m) in out.bias.iter_mut().zip(moved) {
                *b = sum(*b, m)?;
            }
            for (&value, before) in &x.terms {
                let columns = sizes.get(value).copied().unwrap_or(0);
                let made = match (&map, before) {
                    (None, before) => before.clone(),
                    (Some(map), None) => Some(map.clone()),
                    (Some(map), Some(before)) => {
                        out.work = out
                            .work
                            .saturating_add(map.products(before))
                            .saturating_add(columns);
                        Some(Rc::new(map.after(before, columns)?))
                    }
                };
                let made = match out.terms.remove(&value) {
                    None => made,
                    Some(there) => {
                        let rows = |m: Option<Rc<Rows>>| match m {
                            Some(rows) => Ok(rows),
                            None => Rows::identity(n).map(Rc::new),
                        };
                        Some(Rc::new(rows(there)?.plus(&*rows(made)?)?))
                    }
                };
                out.terms.insert(value, made);
            }
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inference::rows::BITS;
    use crate::network::model::read::network;
    use num_bigint::BigInt;
    use num_traits::Signed;

    /// A convolution, a norm of its channels and a shortcut around both are one map.
    #[test]
    fn layers_are_composed() {
        let text = "polycert-exact-network/1\ninput 1 2 2\nconv 0 2 1 2 1 1 1 1 1 1 0 0 0\nweights 1 2 3 4\nbias 1 0\n\
                    batch_norm 1\ngamma -3 1\nbeta 1 1\nmean 2 0\nvariance 3 3\nepsilon 1\npad 0 0 1 0 0 0 0\nadd 2 3\noutput 4\n";
        let network = network(text.as_bytes()).unwrap();
        let mut sums = vec![Sum::value(0, 4)];
        let mut shapes = vec![network.input];
        for node in &network.nodes {
            let from: Vec<_> = node.inputs.iter().map(|&i| (&sums[i], shapes[i])).collect();
            let sum = Sum::layer(node, &from, &[4]).unwrap();
            sums.push(sum);
            shapes.push(node.shape);
        }
        let last = sums.last().unwrap();
        let maps = last.maps(&[4]).unwrap();
        let (value, rows) = &maps[0];
        assert_eq!((*value, rows.len(), maps.len()), (0, 8, 1));
        let near = |have: u64, want: u64| have >= want << 40 && have - (want << 40) < 16;
        // 3/2 times a bottom weight of 2, and the shortcut.
        let first = rows.row(0);
        assert!(first.len() == 1 && near(first[0].1, 4), "{first:?}");
        // Row 1 of channel 1: 1/2 (3 above, 4 below), no shortcut.
        let last_row = rows.row(6);
        let found: Vec<u32> = last_row.iter().map(|e| e.0).collect();
        assert_eq!(found, [0, 2]);
        assert!(near(2 * last_row[0].1, 3) && near(2 * last_row[1].1, 4));
        assert!(near(2 * rows.norm().unwrap(), 11));
        assert_eq!(rows.largest() >> 40, 4);
        // |1 - 2 3/2| is counted as 1 + 3, after 3/2 1.
        assert!(near(2 * last.bias[0], 2 * 4 + 3), "{:?}", last.bias);
        assert!(last.alone().is_none() && sums[0].alone() == Some(0));
    }

    /// A generator of small numbers, for networks that nobody chose.
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: usize) -> usize {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            ((self.0 >> 33) as usize) % n
        }

        fn list(&mut self, name: &str, n: usize, least: i64) -> String {
            let one = |_| format!(" {}", self.below(9) as i64 + least);
            format!("{name}{}\n", (0..n).map(one).collect::<String>())
        }
    }

    /// A network of linear layers, each of one or two nodes before it.
    fn network_of(dice: &mut Dice) -> String {
        let input = [1 + dice.below(3), 1 + dice.below(4), 1 + dice.below(4)];
        let [c, h, w] = input;
        let mut text = format!("polycert-exact-network/1\ninput {c} {h} {w}\n");
        let mut count = 1;
        for _ in 0..7 {
            let read =
                |text: &str, last: usize| network(format!("{text}output {last}\n").as_bytes());
            let net = read(&text, count - 1).unwrap();
            let i = count - 1 - dice.below(count.min(3));
            let [c, h, w] = if i == 0 {
                input
            } else {
                net.nodes[i - 1].shape
            };
            let line = match dice.below(10) {
                0 | 1 => {
                    let groups = if c % 2 == 0 && dice.below(2) == 0 {
                        2
                    } else {
                        1
                    };
                    let out = groups * (1 + dice.below(2));
                    let [kh, kw, sh, sw] = [
                        1 + dice.below(3),
                        1 + dice.below(3),
                        1 + dice.below(2),
                        1 + dice.below(2),
                    ];
                    let [dh, dw, a, b, d, e] = [
                        1 + dice.below(2),
                        1,
                        dice.below(3),
                        dice.below(3),
                        dice.below(3),
                        dice.below(3),
                    ];
                    format!(
                        "conv {i} {out} {groups} {kh} {kw} {sh} {sw} {dh} {dw} {a} {b} {d} {e}\n"
                    ) + &dice.list("weights", out * c / groups * kh * kw, -4)
                        + &dice.list("bias", out, -4)
                }
                2 if c * h * w < 60 => {
                    format!("dense {i} 3\n")
                        + &dice.list("weights", 3 * c * h * w, -4)
                        + &dice.list("bias", 3, -4)
                }
                3 => {
                    format!("batch_norm {i}\n")
                        + &dice.list("gamma", c, -4)
                        + &dice.list("beta", c, -4)
                        + &dice.list("mean", c, -4)
                        + &dice.list("variance", c, 0)
                        + "epsilon 1\n"
                }
                4 => {
                    format!("affine {i}\n")
                        + &dice.list("scale", c, -4)
                        + &dice.list("shift", c, -4)
                }
                5 => {
                    let [kh, kw] = [1 + dice.below(3), 1 + dice.below(3)];
                    let [a, b, d, e] = [
                        dice.below(kh),
                        dice.below(kw),
                        dice.below(kh),
                        dice.below(kw),
                    ];
                    format!(
                        "avg_pool {i} {kh} {kw} {} {} {a} {b} {d} {e} {}\n",
                        1 + dice.below(2),
                        1 + dice.below(2),
                        dice.below(2)
                    )
                }
                6 => format!(
                    "subsample {i} {} {}\n",
                    1 + dice.below(2),
                    1 + dice.below(3)
                ),
                7 => format!(
                    "pad {i} {} {} {} {} {} {}\n",
                    dice.below(2),
                    dice.below(2),
                    dice.below(2),
                    dice.below(2),
                    dice.below(2),
                    dice.below(2)
                ),
                8 => {
                    let same: Vec<usize> = (0..count)
                        .filter(|&j| {
                            (if j == 0 {
                                input
                            } else {
                                net.nodes[j - 1].shape
                            }) == [c, h, w]
                        })
                        .collect();
                    format!("add {i} {}\n", same[dice.below(same.len())])
                }
                9 if dice.below(2) == 0 => format!("reshape {i} {} {} {}\n", h, w, c),
                _ => format!("concat {i} {i}\n"),
            };
            let longer = format!("{text}{line}");
            if read(&longer, count)
                .is_ok_and(|n| n.nodes[count - 1].shape.iter().product::<usize>() < 400)
            {
                text = longer;
                count += 1;
            }
        }
        format!("{text}output {}\n", count - 1)
    }

    /// The rows of networks are those that the evaluation has: found by the images of 0 and of every unit vector.
    #[test]
    fn rows_are_those_of_the_evaluation() {
        use crate::network::balls::Balls;
        use crate::network::forward::evaluate;
        const PRECISION: u64 = 160;
        let (mut dice, mut equal, mut met, mut nodes) = (Dice(7), 0, 0, 0);
        for _ in 0..100 {
            let text = network_of(&mut dice);
            let Ok(mut network) = network(text.as_bytes()) else {
                panic!("{text}")
            };
            if network.nodes.is_empty() {
                continue;
            }
            let size: usize = network.input.iter().product();
            let mut sums = vec![Sum::value(0, size)];
            let mut shapes = vec![network.input];
            for node in &network.nodes {
                let from: Vec<_> = node.inputs.iter().map(|&i| (&sums[i], shapes[i])).collect();
                let sum =
                    Sum::layer(node, &from, &[size]).unwrap_or_else(|e| panic!("{e:?} {text}"));
                sums.push(sum);
                shapes.push(node.shape);
            }
            for (output, sum) in sums.iter().enumerate().skip(1) {
                network.output = output;
                let image = |unit: Option<usize>| {
                    let mut mid = vec![BigInt::from(0); size];
                    if let Some(j) = unit {
                        mid[j] = BigInt::from(1) << PRECISION;
                    }
                    let x = Balls {
                        mid,
                        radius: BigInt::from(0),
                    };
                    evaluate(&network, &x, None, PRECISION, &mut |_| {}).unwrap()
                };
                nodes += 1;
                let zero = image(None);
                let maps = sum.maps(&[size]).unwrap();
                let slack = |have: u64, want: &BigInt, off: &BigInt| {
                    let have = BigInt::from(have) << (PRECISION - BITS);
                    assert!(
                        have.clone() + off >= want.abs(),
                        "{output}: {have} {want}\n{text}"
                    );
                    have - want.abs()
                };
                assert_eq!(sum.bias.len(), zero.mid.len());
                for (bias, zero_mid) in sum.bias.iter().zip(&zero.mid) {
                    slack(*bias, zero_mid, &zero.radius);
                }
                for j in 0..size {
                    let one = image(Some(j));
                    let off = &one.radius + &zero.radius;
                    for (i, (a, b)) in one.mid.iter().zip(&zero.mid).enumerate() {
                        let entry = maps
                            .iter()
                            .flat_map(|(_, m)| m.row(i))
                            .find(|e| e.0 as usize == j);
                        let have = entry.map_or(0, |e| e.1);
                        let left = slack(have, &(a - b), &off);
                        if have > 0 {
                            met += 1;
                            equal += usize::from(left < BigInt::from(1) << (PRECISION - BITS + 16));
                        }
                    }
                }
            }
        }
        // Sums that cancel are counted by their sizes; most do not.
        println!("{nodes} nodes, {equal} of {met} factors as large as they are");
        assert!(nodes > 400 && 2 * equal > met);
    }
}
