//! What is asked of a trajectory under noise, and what is answered.

/// log2 of the probability that a high-probability bound fails.
pub const FAILURE_LOG2: i32 = -32;
/// Deviations beyond this are vacuous.
pub const VACUOUS: f64 = 1e6;

/// Noise at an activation's output, in units of the activation's B.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Noise {
    /// |e| is at most this, surely.
    pub worst: f64,
    /// Besides, sub-Gaussian noise with this proxy.
    pub sigma: f64,
    /// (tau, zone): |e| <= tau |z| wherever |z| >= zone (z and e in units of B), `worst` elsewhere.
    pub envelope: Option<(f64, f64)>,
}

/// One level of noise.
#[derive(Debug, Clone, PartialEq)]
pub enum NoiseLevel {
    /// The same at every activation, each in units of its own B.
    Everywhere(Noise),
    /// One for each activation, in order.
    Layers(Vec<Noise>),
}

impl From<Noise> for NoiseLevel {
    fn from(noise: Noise) -> Self {
        Self::Everywhere(noise)
    }
}

impl NoiseLevel {
    /// The noise of an activation; none where the list does not reach.
    pub fn at(&self, activation: usize) -> Noise {
        match self {
            Self::Everywhere(noise) => *noise,
            Self::Layers(list) => list.get(activation).copied().unwrap_or_default(),
        }
    }

    /// What is listed.
    pub fn listed(&self) -> &[Noise] {
        match self {
            Self::Everywhere(noise) => std::slice::from_ref(noise),
            Self::Layers(list) => list,
        }
    }

    /// For activations that come from others: activation k has the noise of `origins[k]`.
    #[must_use]
    pub fn spread(&self, origins: &[usize]) -> Self {
        match self {
            Self::Everywhere(noise) => Self::Everywhere(*noise),
            Self::Layers(_) => Self::Layers(origins.iter().map(|&o| self.at(o)).collect()),
        }
    }
}

/// What bounds of one target at one noise level are made of.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Bound {
    /// Upper bound of |deviation|; infinite where it is vacuous.
    pub bound_deviation: f64,
    /// The same without remainders: what the noise does to first order (an estimate of the whole).
    pub estimate_first_order: f64,
}

/// The result: a bound for each target and noise level.
#[derive(Debug, Clone)]
pub struct Deviation {
    /// `[target][level]`.
    pub targets: Vec<Vec<Bound>>,
    /// For each activation and level the largest bound of a pre-activation's |deviation|.
    pub bound_layers: Vec<Vec<f64>>,
    /// Rows computed.
    pub rows: usize,
}

/// Linear functions of the result: one coefficient for each of its elements.
pub type Functional = Vec<f32>;

/// How the failure probability is shared out among the events, which fixes kappa.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tails {
    /// The union bound as it stands: kappa^2 = 2 ln(events) + 2 ln 2 times 32.
    Sharp,
    /// As network certificates count (`certificates/NETWORK.md`, N9): log2 of the events rounded up to their length
    /// in bits, so that a checker without logarithms has the same kappa. Never below [`Tails::Sharp`].
    Counted,
}

/// What is asked of a trajectory.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The levels of noise.
    pub noise: &'a [NoiseLevel],
    /// The functions of the result.
    pub targets: &'a [Functional],
    /// How probability is shared out.
    pub tails: Tails,
}

impl<'a> Asked<'a> {
    /// By the union bound as it stands.
    pub fn sharp(noise: &'a [NoiseLevel], targets: &'a [Functional]) -> Self {
        Self {
            noise,
            targets,
            tails: Tails::Sharp,
        }
    }
}
