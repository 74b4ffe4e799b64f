//! From lists of numbers to components: where one ends, which coefficient is first, what it is multiplied by.

use crate::error::{Error, Result};
use crate::interchange::hints::{Hints, Layout, Order};
use crate::interchange::source::{Form, Item};
use crate::poly::component::{Basis, Component, MAX_COEFFICIENTS};
use rug::Rational;

/// The components of lists, in their order.
///
/// # Errors
/// Degrees that the lists cannot have; a list that is too long; factors that are not one for all or one for
/// each.
pub(super) fn components(items: Vec<Item>, basis: Basis, hints: &Hints) -> Result<Vec<Component>> {
    let items = match &hints.degrees {
        Some(degrees) => split(items, degrees)?,
        None => items,
    };
    for (i, item) in items.iter().enumerate() {
        if item.count > MAX_COEFFICIENTS {
            let detail = format!(
                "{} numbers: more than {MAX_COEFFICIENTS} coefficients in one component (several in one list: --degrees)",
                item.count
            );
            return Err(Error::parse(format!("components[{i}]"), detail));
        }
    }
    let mut components: Vec<Component> = items.into_iter().map(|i| component(i, basis)).collect();
    reorder(&mut components, hints.order);
    multiply(&mut components, hints)?;
    Ok(components)
}

fn component(item: Item, basis: Basis) -> Component {
    let form = item.form.unwrap_or(Form {
        basis,
        scale: Rational::from(1),
        offset: Rational::new(),
        domain: None,
    });
    Component {
        basis: form.basis,
        scale: form.scale,
        offset: form.offset,
        coefficients: item.values,
    }
}

/// Turns the coefficients around where the highest stands first.
pub(super) fn reorder(components: &mut [Component], order: Option<Order>) {
    if order == Some(Order::Highest) {
        for c in components {
            c.coefficients.reverse();
        }
    }
}

/// The degree that a file states of its one polynomial.
///
/// # Errors
/// Another number of coefficients than that degree has: the odd ones alone, say.
pub(super) fn of_degree(components: &[Component], degree: Option<Rational>) -> Result<()> {
    let (Some(degree), [only]) = (degree, components) else {
        return Ok(());
    };
    let zeros = only.coefficients.iter().rev().take_while(|x| x.is_zero());
    let n = only.coefficients.len();
    let fits = |count: usize| degree == count.saturating_sub(1);
    if fits(n) || fits(n - zeros.count()) {
        return Ok(());
    }
    let detail = format!(
        "{degree} is stated, and {n} numbers are there: say by --degrees which coefficients they are, or write them all"
    );
    Err(Error::parse("degree", detail))
}

/// A Chebyshev series whose domain the file states is over that interval, mapped to [-1, 1].
///
/// # Errors
/// Several stages: the domain is the first one's, and nothing says how the others are mapped.
pub(super) fn mapped(
    components: &mut [Component],
    domain: Option<&(Rational, Rational)>,
) -> Result<()> {
    let Some((lo, hi)) = domain.filter(|(lo, hi)| *lo != -1i32 || *hi != 1u32) else {
        return Ok(());
    };
    match components {
        [c] if c.basis == Basis::Chebyshev => {
            (c.scale, c.offset) = crate::poly::basis::interval_map(lo, hi);
            Ok(())
        }
        list if list.iter().any(|c| c.basis == Basis::Chebyshev) => Err(Error::parse(
            "domain",
            "Chebyshev series of several stages over another interval than [-1, 1]: nothing says how each is mapped; \
             write them as csv with a scale and an offset each",
        )),
        _ => Ok(()),
    }
}

/// A polynomial of degrees and coefficients, where an option says so: lists that each hold a degree and its
/// coefficient, or a list of degrees and one of as many coefficients.
///
/// # Errors
/// Lists that can be read either way and no option; degrees that are none, or twice there.
pub(super) fn pairs(items: Vec<Item>, hints: &Hints) -> Result<Vec<Item>> {
    let (columns, rows) = (by_columns(&items), by_rows(&items));
    match hints.layout {
        None if columns.is_some() || short(&items, hints) || rows.is_some() => Err(Error::parse(
            "",
            match rows.is_some() && columns.is_none() {
                true => "two lists of one length, the first of increasing whole numbers: say by --layout degrees that \
                         they are degrees and their coefficients, or by --layout stages that each is a polynomial"
                    .to_owned(),
                false if are_pairs(&items) => format!(
                    "{} lists of two numbers: say by --layout degrees that each is a degree and its coefficient, or by \
                     --layout stages that each is a polynomial of degree 1",
                    items.len()
                ),
                false => "a list of one number is a constant as a stage: write the coefficients of a polynomial in one \
                          list, or say by --layout stages that each list is a polynomial"
                    .to_owned(),
            },
        )),
        Some(Layout::Degrees) => {
            let found = match (columns, rows) {
                (Some(_), Some(_)) => {
                    return Err(Error::parse(
                        "--layout degrees",
                        "the degrees may be the first list or the first number of each: write a degree and its coefficient a line",
                    ))
                }
                (columns, rows) => columns.or(rows),
            };
            let Some(found) = found.filter(|_| hints.order.is_none() && hints.degrees.is_none())
            else {
                return Err(Error::parse(
                    "--layout degrees",
                    "is for lists of two numbers, the first of them a degree that stands once, or for a list of \
                     increasing degrees and one of as many coefficients; without --order and --degrees",
                ));
            };
            let top = found.iter().map(|(d, _)| *d).max().unwrap_or(0);
            let mut values = vec![Rational::new(); top + 1];
            for (d, value) in found {
                values[d] = value;
            }
            Ok(vec![Item::new(values)])
        }
        _ => Ok(items),
    }
}

fn degree(x: &Rational) -> Option<usize> {
    let n = x.numer().to_usize().filter(|_| *x.denom() == 1u32);
    n.filter(|n| *n < MAX_COEFFICIENTS)
}

/// Degrees and coefficients of lists of two numbers, if every degree stands once.
fn by_columns(items: &[Item]) -> Option<Vec<(usize, Rational)>> {
    let are_pairs = are_pairs(items);
    let found = items.iter().filter(|_| are_pairs);
    let found = found.map(|i| Some((degree(&i.values[0])?, i.values[1].clone())));
    let found = found.collect::<Option<Vec<_>>>()?;
    let mut degrees: Vec<usize> = found.iter().map(|(d, _)| *d).collect();
    degrees.sort_unstable();
    degrees.dedup();
    (are_pairs && degrees.len() == items.len()).then_some(found)
}

/// Rows of two numbers; a list alone is a polynomial.
fn are_pairs(items: &[Item]) -> bool {
    let rows = items.len() > 1 || items.iter().all(|i| i.row);
    rows && !items.is_empty() && items.iter().all(|i| i.count == 2 && i.form.is_none())
}

/// Lists that are rather degrees, columns or parts of complex numbers than stages: all of two numbers, where no degree
/// says otherwise; or one of a single number, which as a stage would make the composite a constant.
fn short(items: &[Item], hints: &Hints) -> bool {
    let constant = |i: &Item| i.count == 1 && i.form.is_none();
    items.len() > 1 && hints.degrees.is_none() && (are_pairs(items) || items.iter().any(constant))
}

/// Degrees and coefficients of a list of increasing degrees and one of coefficients.
fn by_rows(items: &[Item]) -> Option<Vec<(usize, Rational)>> {
    let [first, second] = items else { return None };
    let alike = first.count == second.count && first.count == first.values.len();
    if !alike || first.form.is_some() || second.form.is_some() {
        return None;
    }
    let degrees = first.values.iter().map(degree);
    let degrees = degrees.collect::<Option<Vec<usize>>>()?;
    let increasing = degrees.windows(2).all(|w| w[0] < w[1]);
    increasing.then(|| {
        degrees
            .into_iter()
            .zip(second.values.iter().cloned())
            .collect()
    })
}

/// # Errors
/// As many factors as there are components, or one, and none of them zero.
pub(super) fn multiply(components: &mut [Component], hints: &Hints) -> Result<()> {
    let Some(factors) = &hints.factors else {
        return Ok(());
    };
    let n = components.len();
    if factors.len() != 1 && factors.len() != n || factors.iter().any(Rational::is_zero) {
        let detail = format!(
            "{} numbers for {n} components: one for all of them or one for each, none of them 0",
            factors.len()
        );
        return Err(Error::parse("--factor", detail));
    }
    for (c, factor) in components.iter_mut().zip(factors.iter().cycle()) {
        for x in &mut c.coefficients {
            *x *= factor;
        }
    }
    Ok(())
}

/// Lists of all coefficients or of the odd ones only, of these degrees; one list may hold them all.
fn split(items: Vec<Item>, degrees: &[usize]) -> Result<Vec<Item>> {
    let bad = |detail: String| Error::parse("--degrees", detail);
    if degrees.iter().any(|d| *d >= MAX_COEFFICIENTS) {
        let most = MAX_COEFFICIENTS - 1;
        return Err(bad(format!("degrees up to {most} are accepted")));
    }
    let odd = degrees.iter().all(|d| d % 2 == 1);
    let whole: usize = degrees.iter().map(|d| d + 1).sum();
    if let [only] = items.as_slice() {
        let half = if odd { whole / 2 } else { whole };
        if only.count != whole && only.count != half {
            let detail = format!(
                "{} numbers are there; these degrees have {whole}{}",
                only.count,
                if odd {
                    format!(", or {half} if only odd ones are written")
                } else {
                    String::new()
                }
            );
            return Err(bad(detail));
        }
        let mut rest = only.values.as_slice();
        let mut parts = Vec::new();
        for d in degrees {
            let n = if only.count == whole {
                d + 1
            } else {
                d.div_ceil(2)
            };
            let (part, after) = rest
                .split_at_checked(n)
                .ok_or_else(|| bad("fewer numbers than these degrees need".to_owned()))?;
            rest = after;
            parts.push(Item {
                form: only.form.clone(),
                ..Item::new(part.to_vec())
            });
        }
        return spread(parts, degrees);
    }
    if items.len() != degrees.len() {
        let detail = format!("{} degrees for {} lists", degrees.len(), items.len());
        return Err(bad(detail));
    }
    spread(items, degrees)
}

/// Zeros between odd coefficients, where only these are written.
fn spread(items: Vec<Item>, degrees: &[usize]) -> Result<Vec<Item>> {
    let each = items.into_iter().zip(degrees).enumerate();
    each.map(|(i, (item, &d))| {
        if item.count == d + 1 {
            return Ok(item);
        }
        if d % 2 == 0 || item.count != d.div_ceil(2) {
            let detail = format!(
                "component {} has {} numbers; degree {d} has {}{}",
                i + 1,
                item.count,
                d + 1,
                if d % 2 == 1 {
                    format!(", or {} odd ones", d.div_ceil(2))
                } else {
                    String::new()
                }
            );
            return Err(Error::parse("--degrees", detail));
        }
        let values = item.values.iter();
        let values = values.flat_map(|x| [Rational::new(), x.clone()]).collect();
        Ok(Item {
            form: item.form,
            ..Item::new(values)
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(n: i32) -> Item {
        Item::new((0..n).map(Rational::from).collect())
    }

    fn arranged(
        items: Vec<Item>,
        degrees: &[usize],
        order: Option<Order>,
    ) -> Result<Vec<Vec<i32>>> {
        let hints = Hints {
            degrees: (!degrees.is_empty()).then(|| degrees.to_vec()),
            order,
            ..Hints::default()
        };
        let found = components(items, Basis::Power, &hints)?;
        let list = |c: &Component| c.coefficients.iter().map(|x| x.to_f64() as i32).collect();
        Ok(found.iter().map(list).collect())
    }

    #[test]
    fn lists_are_split_by_degrees() {
        let got = arranged(vec![item(6)], &[1, 3], None).unwrap();
        assert_eq!(got, [vec![0, 1], vec![2, 3, 4, 5]]);
        // Odd ones only.
        let got = arranged(vec![item(3)], &[1, 3], None).unwrap();
        assert_eq!(got, [vec![0, 0], vec![0, 1, 0, 2]]);
        let got = arranged(vec![item(2), item(3)], &[3, 2], None).unwrap();
        assert_eq!(got, [vec![0, 0, 0, 1], vec![0, 1, 2]]);
        let got = arranged(vec![item(6)], &[1, 3], Some(Order::Highest)).unwrap();
        assert_eq!(got, [vec![1, 0], vec![5, 4, 3, 2]]);
        for (items, degrees, part) in [
            (
                vec![item(5)],
                vec![1, 3],
                "5 numbers are there; these degrees have 6, or 3",
            ),
            (vec![item(3)], vec![2, 3], "have 7"),
            (vec![item(2), item(2)], vec![1], "1 degrees for 2 lists"),
            (vec![item(2), item(3)], vec![1, 3], "component 2 has 3"),
            (vec![item(257)], vec![], "257 numbers"),
            (vec![item(257)], vec![256], "up to 255"),
        ] {
            let error = arranged(items, &degrees, None).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn factors_are_one_for_all_or_one_for_each() {
        let mut hints = Hints::default();
        let mut run = |factors: &[i32]| {
            hints.factors = Some(factors.iter().map(|f| Rational::from(*f)).collect());
            let list = components(vec![item(2), item(2)], Basis::Power, &hints)?;
            Ok::<_, Error>(
                list.iter()
                    .map(|c| c.coefficients[1].to_f64())
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(run(&[10]).unwrap(), [10.0, 10.0]);
        assert_eq!(run(&[10, 3]).unwrap(), [10.0, 3.0]);
        for wrong in [&[1, 2, 3][..], &[0], &[]] {
            assert!(run(wrong).is_err());
        }
    }
}
