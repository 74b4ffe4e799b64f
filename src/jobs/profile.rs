//! Profiles of cost: this program's own evaluator measured, and files of other programs converted.

use crate::arith::rounding::CoefficientMode;
use crate::circuit::composite::{Output, Plan};
use crate::circuit::Circuit;
use crate::ckks::evaluate::run::run;
use crate::ckks::evaluate::Evaluator;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::parameters::Parameters;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::cipher::{Ciphertext, Plaintext};
use crate::ckks::scheme::encode::Encoder;
use crate::ckks::scheme::keys::{key_bytes, SecretKey};
use crate::error::{Error, Result};
use crate::files::read_text;
use crate::plan::profile::bootstrap;
use crate::plan::profile::circuit::estimate_ms;
use crate::plan::profile::file::MAX_BYTES;
use crate::plan::profile::fit::{round, Fit, Point, Shape};
use crate::plan::profile::forms::{self, Form};
use crate::plan::profile::{Bootstrap, Memory, Operation, Profile, Status};
use crate::poly::composite::Composite;
use crate::poly::table::Table;
use rug::Rational;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;

/// Levels that are measured; the fit fills in the others.
const LEVELS: usize = 4;
/// Rotations of the hoisted measurement: the first one is timed alone too.
const STEPS: [i64; 3] = [1, 2, 3];
/// Rounds, of which the quickest counts: others on the machine only ever slow one down.
const ROUNDS: usize = 5;
/// Least time of a round, in seconds: short operations are repeated in it.
const ROUND: f64 = 2e-3;

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Request {
    /// The name of the profile.
    pub name: String,
    /// The encryption parameters.
    pub parameters: Parameters,
    /// Whether to keep the two levels above the lowest for SlotsToCoeffs, and to model a bootstrap to the top.
    pub bootstrap: bool,
    /// Tables whose composites, as ReLU, are run and estimated by the profile.
    pub against: Vec<Table>,
}

/// What a measurement is at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Keys are made.
    Keys,
    /// Operations at a level of the chain.
    Level(usize),
    /// The composite of a table, by name.
    Composite(String),
}

/// A composite's time as it was estimated and measured.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The table's name.
    pub name: String,
    /// Products of two ciphertexts.
    pub products: usize,
    /// By the profile.
    pub estimate_ms: f64,
    /// The quickest of two runs.
    pub measure_ms: f64,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The profile.
    pub profile: Profile,
    /// The times.
    pub points: Vec<Point>,
    /// The model fitted to them.
    pub fit: Fit,
    /// *Estimate*: share of the transforms in a product at the top level, at most.
    pub estimate_transform_share: f64,
    /// Composites.
    pub compared: Vec<Compared>,
}

/// Seconds of CPU time of this thread; where the system has no such clock, of the wall.
fn clock() -> f64 {
    #[cfg(unix)]
    {
        use rustix::time::{clock_gettime, ClockId};
        let t = clock_gettime(ClockId::ThreadCPUTime);
        t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
    }
    #[cfg(not(unix))]
    {
        use std::time::SystemTime;
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0.0, |t| t.as_secs_f64())
    }
}

/// Milliseconds of one call, the least of some rounds.
fn time(mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let start = clock();
    work()?;
    let once = (clock() - start).max(1e-7);
    let calls = (ROUND / once).ceil().clamp(1.0, 10_000.0) as usize;
    let mut best = f64::INFINITY;
    for _ in 0..ROUNDS {
        let start = clock();
        for _ in 0..calls {
            work()?;
        }
        best = best.min((clock() - start) / calls as f64);
    }
    Ok(best * 1e3)
}

/// What operations are measured on.
struct Lab {
    ring: Arc<Ring>,
    evaluator: Evaluator,
    encoder: Encoder,
    secret: SecretKey,
    rng: Rng,
    values: Vec<f64>,
}

impl Lab {
    fn new(parameters: &Parameters) -> Result<Self> {
        let ring = Ring::new(parameters)?;
        let mut rng = Rng::numbered(1, 0);
        let secret = SecretKey::generate(&ring, &mut rng);
        let keys = secret.evaluation_keys(true, &STEPS, false, &mut rng);
        let slots = parameters.n() / 2;
        Ok(Self {
            evaluator: Evaluator::new(&ring, keys)?,
            encoder: Encoder::new(&ring),
            values: (0..slots).map(|i| (i as f64 * 0.1).sin()).collect(),
            ring,
            secret,
            rng,
        })
    }

    fn plain(&self, level: usize, scale: &Rational) -> Result<Plaintext> {
        let log_slots = self.ring.params().log_n() - 1;
        self.encoder
            .encode_real(&self.values, log_slots, level, scale)
    }

    fn encrypt(&mut self, level: usize, scale: &Rational) -> Result<Ciphertext> {
        let plain = self.plain(level, scale)?;
        self.secret.encrypt(&plain, &mut self.rng)
    }

    /// Every operation at a level of the chain, which is not the lowest.
    fn level(&mut self, level: usize) -> Result<Vec<Point>> {
        let scale = self.ring.params().scale();
        let a = self.encrypt(level, &scale)?;
        let b = self.encrypt(level, &scale)?;
        let plain = self.plain(level, &scale)?;
        let e = &self.evaluator;
        let product = e.mul(&a, &b)?;
        let done = |c: Result<Ciphertext>| c.map(|c| drop(black_box(c)));
        let one = time(|| done(e.rotate(&a, STEPS[0])))?;
        let all = time(|| e.rotate_many(&a, &STEPS).map(|c| drop(black_box(c))))?;
        let further = (all - one) / (STEPS.len() - 1) as f64;
        let times = [
            (Operation::Add, time(|| done(e.add(&a, &b)))?),
            (Operation::AddPlain, time(|| done(e.add_plain(&a, &plain)))?),
            (Operation::MulPlain, time(|| done(e.mul_plain(&a, &plain)))?),
            (Operation::Mul, time(|| done(e.mul(&a, &b)))?),
            (Operation::MulRescale, time(|| done(e.mul_rescale(&a, &b)))?),
            (Operation::Rotate, one),
            (Operation::RotateHoisted, further),
            (Operation::Rescale, time(|| done(e.rescale(&product)))?),
        ];
        let shape = Shape::of(self.ring.params(), level);
        let point = |(operation, measure_ms)| Point {
            operation,
            level,
            shape,
            measure_ms: round(measure_ms),
        };
        Ok(times.map(point).to_vec())
    }

    /// Milliseconds of a circuit of one input.
    fn circuit(&mut self, circuit: &Circuit) -> Result<f64> {
        let missing = || Error::domain("the circuit has no input");
        let node = circuit.input(0).ok_or_else(missing)?.clone();
        let input = self.encrypt(node.level, &node.scale)?;
        let inputs = std::slice::from_ref(&input);
        let mut best = f64::INFINITY;
        for _ in 0..2 {
            let start = clock();
            black_box(run(circuit, &self.evaluator, inputs)?);
            best = best.min(clock() - start);
        }
        Ok(best * 1e3)
    }
}

/// ReLU of a table's composite at the top level; a generous range of every stage costs the same.
fn circuit(table: &Table, parameters: &Parameters) -> Result<Circuit> {
    let composite = Composite::new(table, CoefficientMode::Exact)?;
    let missing = || Error::domain(format!("table {:?} has no composite", table.name));
    let stages = composite
        .branches
        .first()
        .ok_or_else(missing)?
        .stages
        .clone();
    let plan = Plan {
        reaches: vec![Rational::from((5, 4)); stages.len()],
        centres: vec![Rational::new(); stages.len()],
        stages,
        domain: Rational::from(1),
        scale: parameters.scale(),
    };
    let made = plan.circuit(&parameters.moduli(), parameters.max_level(), Output::Relu)?;
    Ok(made.0)
}

/// Times every operation of the evaluator at some levels, fits the cost model, and makes a profile of both.
///
/// **Cost** seconds at N = 2^15, half a minute at N = 2^16, with four switching keys in memory; one thread.
///
/// # Errors
/// A chain of fewer than four levels above those that are kept, a bootstrap in another ring than N = 2^16, tables that need
/// more levels.
pub fn measure(request: &Request, progress: &mut (dyn FnMut(Progress) + Send)) -> Result<Answer> {
    let parameters = &request.parameters;
    let reserve = if request.bootstrap {
        bootstrap::RESERVE
    } else {
        0
    };
    let top = parameters.max_level();
    if top < reserve + LEVELS {
        return Err(Error::domain(format!(
            "the chain has {top} levels: {} at least are needed",
            reserve + LEVELS
        )));
    }
    if request.bootstrap && parameters.log_n() != bootstrap::LOG_N {
        return Err(Error::domain(format!(
            "--bootstrap is modelled for N = 2^{}, and log_n is {}",
            bootstrap::LOG_N,
            parameters.log_n()
        )));
    }
    let circuits: Vec<Circuit> = (request.against.iter())
        .map(|t| circuit(t, parameters))
        .collect::<Result<_>>()?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pool = pool.map_err(|e| Error::domain(format!("no thread: {e}")))?;
    // All of it runs on the pool's only thread, whose clock is read.
    pool.install(|| {
        progress(Progress::Keys);
        let mut lab = Lab::new(parameters)?;
        let mut points = Vec::new();
        for i in 0..LEVELS {
            let lowest = reserve + 1;
            let level = lowest + (top - lowest) * i / (LEVELS - 1);
            progress(Progress::Level(level));
            points.extend(lab.level(level)?);
        }
        let fit = Fit::new(&points)?;
        let profile = profile(request, &fit, &points, reserve);
        let mut compared = Vec::new();
        for (table, circuit) in request.against.iter().zip(&circuits) {
            progress(Progress::Composite(table.name.clone()));
            compared.push(Compared {
                name: table.name.clone(),
                products: circuit.products(),
                estimate_ms: estimate_ms(&profile, circuit, reserve)?,
                measure_ms: lab.circuit(circuit)?,
            });
        }
        let product = profile.estimate_ms(Operation::MulRescale, top - reserve)?;
        let transforms = parameters.switch_transforms(top) as f64 * fit.estimate_transform_ms();
        Ok(Answer {
            estimate_transform_share: (transforms / product).min(1.0),
            profile,
            points,
            fit,
            compared,
        })
    })
}

fn profile(request: &Request, fit: &Fit, points: &[Point], reserve: usize) -> Profile {
    let parameters = &request.parameters;
    let levels = parameters.max_level() - reserve;
    let key = key_bytes(parameters).switching as f64 / 1e6;
    let boot = request.bootstrap.then(|| {
        let mut ms = vec![None; levels + 1];
        ms[levels] = Some(round(bootstrap::estimate_ms(fit, levels)));
        Bootstrap {
            status: Status::Assumed,
            from_level: 0,
            ms,
            noise: Some(bootstrap::noise()),
            note: Some(format!(
                "the cost model of a bootstrap of 2^14 real slots that is designed and not built, log2(QP) = {:.0}",
                bootstrap::log_qp(levels)
            )),
        }
    });
    let boot_mb = bootstrap::KEYS as f64 * bootstrap::estimate_key_mb(levels);
    let memory = match request.bootstrap {
        true => Memory {
            status: Status::Assumed,
            key_mb: round(key),
            other_mb: round(key + boot_mb),
            note: Some(format!(
                "by the shapes of keys: relinearisation, and {} keys of the bootstrap at the top of its chain",
                bootstrap::KEYS
            )),
        },
        false => Memory {
            status: Status::Measured,
            key_mb: round(key),
            other_mb: round(key),
            note: Some("by the shape of a key, which is what it takes; relinearisation besides".to_owned()),
        },
    };
    let q: Vec<String> = sizes(parameters.q());
    let p: Vec<String> = sizes(parameters.p());
    Profile {
        name: request.name.clone(),
        source: format!(
            "polycert {}, CPU time of one thread on {}; N = 2^{}, Q = {} bits, P = {} bits",
            env!("CARGO_PKG_VERSION"),
            machine(),
            parameters.log_n(),
            q.join(" + "),
            p.join(" + ")
        ),
        log_n: parameters.log_n(),
        level_bits: Some(f64::from(parameters.log_scale())),
        usable_levels: levels,
        operations: fit.entries(parameters, points, reserve, levels),
        bootstrap: boot,
        memory: Some(memory),
    }
}

/// Sizes in bits with repetitions: `50`, `28x45`.
fn sizes(primes: &[u64]) -> Vec<String> {
    let mut runs: Vec<(usize, u32)> = Vec::new();
    for &prime in primes {
        let bits = (prime as f64).log2().round() as u32;
        match runs.last_mut() {
            Some((count, same)) if *same == bits => *count += 1,
            _ => runs.push((1, bits)),
        }
    }
    let word = |&(count, bits): &(usize, u32)| match count {
        1 => bits.to_string(),
        n => format!("{n}x{bits}"),
    };
    runs.iter().map(word).collect()
}

/// The processor, in words.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|l| l.strip_prefix("model name")?.split_once(": "))
        .map_or(std::env::consts::ARCH, |(_, name)| name.trim());
    #[cfg(target_arch = "x86_64")]
    let wide = std::arch::is_x86_feature_detected!("avx512ifma");
    #[cfg(not(target_arch = "x86_64"))]
    let wide = false;
    let with = if wide { "with" } else { "without" };
    let model: String = model.chars().take(100).collect();
    format!("{model}, {with} AVX-512")
}

/// What became of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Converted {
    /// The form that it was in.
    pub from: Form,
    /// The text in the form asked for.
    pub text: String,
    /// What that form cannot say.
    pub lost: Vec<String>,
}

/// Costs or encryption parameters of a file, in another form.
///
/// **Inputs** the literal to pick where a file of Go has several; log2 of N where a table of latency does not state N.
///
/// # Errors
/// As [`forms::read`] and [`forms::Document::write`], naming the file.
pub fn convert(
    path: &Path,
    form: Form,
    pick: Option<&str>,
    log_n: Option<u32>,
) -> Result<Converted> {
    let text = read_text(path, MAX_BYTES)?;
    let name = path
        .file_name()
        .map_or("standard input".into(), |n| n.to_string_lossy());
    let source: String = name.chars().filter(|c| !c.is_control()).take(200).collect();
    let convert = || {
        let document = forms::read(&text, pick)?;
        let (text, lost) = document.write(form, &source, log_n)?;
        Ok(Converted {
            from: document.form(),
            text,
            lost,
        })
    };
    convert().map_err(|e: Error| e.in_file(path))
}
