//! What a file or an option says of a table besides its numbers: domain, target, last stage, slope, digest.

use crate::arith::number;
use crate::error::{Error, ErrorKind, Result};
use crate::function::shape::Shape;
use crate::function::target::Function;
use crate::interchange::beside;
use crate::interchange::facts::Facts;
use crate::interchange::hints::Hints;
use crate::interchange::source::Group;
use crate::poly::role::Role;
use crate::poly::smooth::Smooth;
use crate::poly::table::{Output, Table};
use rug::Rational;

/// The domain that options or the file state.
///
/// # Errors
/// A lower end without an upper one.
pub(super) fn domain(
    hints: &Hints,
    file: Option<(Rational, Rational)>,
    facts: &mut Facts,
) -> Result<(Rational, Rational)> {
    let show =
        |(lo, hi): &(Rational, Rational)| format!("[{}, {}]", number::write(lo), number::write(hi));
    let (ends, stated) = match (&hints.lo, &hints.hi, &file) {
        (Some(lo), Some(hi), _) => ((lo.clone(), hi.clone()), true),
        (None, Some(hi), _) => ((Rational::from(-hi), hi.clone()), true),
        (Some(lo), None, Some((_, hi))) => ((lo.clone(), hi.clone()), true),
        (Some(_), None, None) => return Err(Error::domain("--lo needs --hi")),
        (None, None, Some(ends)) => (ends.clone(), true),
        (None, None, None) => ((Rational::from(-1), Rational::from(1)), false),
    };
    facts.say(stated, format!("domain {}", show(&ends)), "--lo, --hi");
    if let Some(file) = file.filter(|f| *f != ends) {
        facts.say(
            true,
            format!("the file's own domain {} is overruled", show(&file)),
            "",
        );
    }
    Ok(ends)
}

/// A list whose name names a basis is not taken for powers in silence.
///
/// # Errors
/// The first such name.
pub(super) fn no_basis_by_name(groups: &[&Group]) -> Result<()> {
    let name = groups.iter().map(|g| g.name.as_str());
    let mut named = name.filter(|n| beside::names_a_basis(&n.to_ascii_lowercase()));
    match named.next() {
        Some(name) => Err(Error::parse(
            name,
            "its name names a basis: say by --basis power or chebyshev",
        )),
        None => Ok(()),
    }
}

/// The target, which says what the polynomial itself approximates.
pub(super) fn target(hints: &Hints, file: Option<Function>, facts: &mut Facts) -> Function {
    let target = hints.target().or(file).unwrap_or(Function::Relu);
    let how = match target {
        Function::Direct(_) | Function::Smooth => "the polynomial itself",
        _ => "the polynomial stands for sign",
    };
    let stated = hints.target().is_some() || file.is_some();
    facts.say(stated, format!("target {target}, {how}"), "--target");
    target
}

/// What the last stage gives, where a composite stands for sign.
///
/// # Errors
/// An option that says so of a polynomial that stands for itself.
pub(super) fn last_stage(
    table: &mut Table,
    stated: Option<Output>,
    hints: &Hints,
    facts: &mut Facts,
) -> Result<()> {
    if table.role() != Role::Sign {
        if hints.output.is_some() {
            return Err(Error::domain(format!(
                "--last-stage is for composites that stand for sign, not for target {}",
                table.target
            )));
        }
        if stated == Some(Output::Step) {
            let what = "the file's own output step is overruled with its target";
            facts.say(true, what.to_owned(), "");
        }
        table.output = Output::default();
        return Ok(());
    }
    let recognised = || match table.estimate_is_step() {
        true => Output::Step,
        false => Output::Sign,
    };
    let output = hints.output.or(stated).unwrap_or_else(recognised);
    if output == Output::Step && hints.output.or(stated).is_none() && !is_half_plus_odd(table) {
        return Err(Error::domain(
            "the values at the ends of the domain are about 0 and 1, but the last polynomial is not 1/2 and odd terms: \
             say --last-stage step if it gives 0 and 1, --last-stage sign if it does not, or by --target \
             (such as direct_relu) that the polynomial stands for itself",
        ));
    }
    let what = match output {
        Output::Sign => "the last stage gives -1 or 1",
        Output::Step => "the last stage gives 0 or 1, so 2 p - 1 is the sign",
    };
    let stated = hints.output.or(stated).is_some();
    facts.say(stated, what.to_owned(), "--last-stage");
    table.output = output;
    Ok(())
}

/// Whether the last stage is 1/2 and odd terms, to a millionth: then 0 and 1 are what sign gives, halved and
/// shifted. A polynomial near ReLU itself, which is 0 and 1 at -1 and 1 too, has even terms.
fn is_half_plus_odd(table: &Table) -> bool {
    let Some(last) = table.components.last() else {
        return false;
    };
    let small = |x: &Rational| x.clone().abs() < Rational::from((1, 1_000_000));
    let half = Rational::from((1, 2));
    let even = last.coefficients.iter().step_by(2).enumerate();
    let mut apart = even.map(|(i, x)| match i {
        0 => Rational::from(x - &half),
        _ => x.clone(),
    });
    last.offset.is_zero() && apart.all(|x| small(&x))
}

/// From which |x| on the polynomial is meant.
///
/// # Errors
/// An option that says so of a polynomial that stands for a function without a jump.
pub(super) fn eps(
    hints: &Hints,
    file: Option<Rational>,
    target: Function,
    facts: &mut Facts,
) -> Result<Option<Rational>> {
    let useless = target.is_itself() && !target.needs_eps();
    if useless && hints.eps.is_some() {
        return Err(Error::domain(format!(
            "--eps is for composites that stand for sign and for functions that jump, not for target {target}"
        )));
    }
    match file {
        Some(own) if useless && hints.target().is_some() => {
            let own = number::write(&own);
            let what = format!("the file's own eps {own} is overruled with its target");
            facts.say(true, what, "");
            Ok(None)
        }
        own => Ok(hints.eps.clone().or(own)),
    }
}

/// The ends of a clip that the polynomial is itself.
///
/// # Errors
/// Options that say so of another target; one end without the other.
pub(super) fn ends(
    table: &mut Table,
    stated: Option<(Rational, Rational)>,
    hints: &Hints,
    facts: &mut Facts,
) -> Result<()> {
    if table.target != Function::Direct(Shape::Clip) {
        if hints.lower.is_some() || hints.upper.is_some() {
            return Err(Error::domain(format!(
                "--lower and --upper are for --target direct_clip, not for target {}",
                table.target
            )));
        }
        if stated.is_some() {
            let what = "the file's own ends of a clip are overruled with its target";
            facts.say(true, what.to_owned(), "");
        }
        table.ends = None;
        return Ok(());
    }
    let (lower, upper) = stated.unzip();
    let lower = hints.lower.clone().or(lower);
    let upper = hints.upper.clone().or(upper);
    if lower.is_some() != upper.is_some() {
        let detail = "--lower and --upper go together, where the file states no end of the clip";
        return Err(Error::domain(detail));
    }
    table.ends = lower.zip(upper);
    let (known, what) = match &table.ends {
        Some((l, u)) => (
            true,
            format!("clip to [{}, {}]", number::write(l), number::write(u)),
        ),
        None => (
            false,
            "no ends of the clip, for which certify takes -1 and 1".to_owned(),
        ),
    };
    facts.say(known, what, "--lower, --upper");
    Ok(())
}

/// The slope of a leaky ReLU that the polynomial is itself.
///
/// # Errors
/// An option that says so of another target.
pub(super) fn slope(
    table: &mut Table,
    stated: Option<Rational>,
    hints: &Hints,
    facts: &mut Facts,
) -> Result<()> {
    if table.target != Function::Direct(Shape::LeakyRelu) {
        if hints.slope.is_some() {
            return Err(Error::domain(format!(
                "--slope is for --target direct_leaky_relu, not for target {}",
                table.target
            )));
        }
        if let Some(own) = stated {
            let own = number::write(&own);
            facts.say(
                true,
                format!("the file's own slope {own} is overruled with its target"),
                "",
            );
        }
        table.slope = None;
        return Ok(());
    }
    table.slope = hints.slope.clone().or(stated);
    let what = table.slope.as_ref().map(|s| {
        let s = number::write(s);
        format!("slope {s} for x < 0")
    });
    let none = || "no slope for x < 0, which a network asks for".to_owned();
    facts.say(what.is_some(), what.unwrap_or_else(none), "--slope");
    Ok(())
}

/// What a file itself says that its digest covers, whatever options made of it.
#[derive(Debug, Default)]
pub(super) struct Own {
    pub output: Output,
    pub eps: Option<Rational>,
    pub slope: Option<Rational>,
    pub ends: Option<(Rational, Rational)>,
    pub smooth: Option<Smooth>,
}

/// A digest that the file states, unless an option says otherwise than the file.
pub(super) fn confirm(table: &Table, own: Own, stated: Option<&str>, hints: &Hints) -> Result<()> {
    let mut table = table.clone();
    table.domain.eps = own.eps;
    (table.output, table.slope, table.ends) = (own.output, own.slope, own.ends);
    table.smooth = own.smooth;
    let overruled = hints.basis.is_some()
        || hints.lo.is_some()
        || hints.hi.is_some()
        || hints.interval.is_some();
    match stated {
        Some(stated) if !overruled && stated != table.sha256() => Err(ErrorKind::Digest {
            stated: stated.to_owned(),
            computed: table.sha256(),
        }
        .into()),
        _ => Ok(()),
    }
}
