//! A network compiled for ciphertexts, with its polynomials and its encryption parameters.

use crate::ckks::bootstrap::literal::Literal as Bootstrapping;
use crate::ckks::parameters::security::Waiver;
use crate::ckks::parameters::{Literal, Parameters};
use crate::ckks::ring::Ring;
use crate::encrypted::activation::{bends, computed, Bend};
use crate::encrypted::binding::Binding;
use crate::encrypted::client::Client;
use crate::encrypted::compile::compile;
use crate::encrypted::program::Program;
use crate::encrypted::schedule::Schedule;
use crate::encrypted::scheme::Scheme;
use crate::error::{Error, Result};
use crate::jobs::network::model::Model;
use crate::jobs::network::twin::Polynomials;
use crate::network::forward::twin::{Activation, Twin};
use crate::network::read::load::Loaded;
use std::sync::Arc;

/// Encryption parameters, before the network's number of slots is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    /// A set with bootstrapping, by its name.
    Preset {
        /// The name: R57.
        name: String,
        /// log2 of another ring degree, which nothing is claimed of.
        log_n: Option<u32>,
        /// Go on without any claim of security.
        insecure: bool,
    },
    /// A chain without bootstrapping.
    Chain(Literal),
}

/// Slots of the smallest packing of a bootstrapping.
const LEAST_LOG_VALUES: u32 = 4;

impl Chosen {
    /// log2 of the slots that a ciphertext has at most.
    ///
    /// # Errors
    /// A set that there is not.
    fn log_slots(&self) -> Result<u32> {
        Ok(self.scheme(1)?.encryption().log_n.saturating_sub(1))
    }

    /// The parameters for values of a period.
    fn scheme(&self, period: usize) -> Result<Scheme> {
        match self {
            Self::Chain(literal) => Ok(Scheme::Levelled(literal.clone())),
            Self::Preset {
                name,
                log_n,
                insecure,
            } => {
                let log_values = period.trailing_zeros().max(LEAST_LOG_VALUES);
                let literal = Bootstrapping::preset(name, log_values);
                let mut literal = literal.ok_or_else(|| {
                    Error::domain(format!("there is no set {name:?} with bootstrapping: R57"))
                })?;
                if let Some(log_n) = log_n {
                    literal.encryption.log_n = *log_n;
                }
                if *insecure {
                    literal.encryption.waiver = Waiver::Insecure;
                }
                Ok(Scheme::Refreshed(literal))
            }
        }
    }
}

/// A network compiled.
#[derive(Debug, Clone)]
pub struct Compiled {
    /// The network.
    pub loaded: Loaded,
    /// Its polynomials.
    pub twin: Twin,
    /// Its steps.
    pub program: Arc<Program>,
    /// The encryption parameters.
    pub scheme: Scheme,
    /// The same, checked.
    pub parameters: Parameters,
    /// What a run takes.
    pub schedule: Schedule,
    /// What may stand at each activation, by its number.
    pub bends: Vec<Arc<Bend>>,
    /// The polynomials that are computed: the sine stands in front of those that are refreshed.
    pub computed: Vec<Activation>,
}

impl Compiled {
    /// Reads and compiles.
    ///
    /// # Errors
    /// Files that cannot be read, what a run does not know, what does not fit the parameters.
    pub fn new(model: &Model, polynomials: &Polynomials, chosen: &Chosen) -> Result<Self> {
        let loaded = model.load()?;
        let twin = polynomials.load(&loaded.network)?;
        let slots = 1 << chosen.log_slots()?.min(usize::BITS - 2);
        let program = compile(&loaded.network, slots).map_err(|e| e.in_file(&model.network))?;
        let scheme = chosen.scheme(program.period())?;
        let parameters = Parameters::new(scheme.encryption())?;
        let ring = Ring::new(&parameters)?;
        let bends = bends(&twin, &parameters, scheme.bootstrapping())?;
        let schedule = Schedule::new(&program, &bends, &ring, scheme.bootstrapping())?;
        let refreshed = schedule.levels.activations(&program, bends.len());
        let computed = computed(&twin, &bends, &refreshed)?;
        Ok(Self {
            loaded,
            twin,
            program: Arc::new(program),
            scheme,
            parameters,
            schedule,
            bends,
            computed,
        })
    }

    /// The digests that the files of a run carry.
    #[must_use]
    pub fn binding(&self) -> Binding {
        Binding::new(
            (&self.loaded.sha256, &self.twin.settings),
            (&self.program, &self.schedule.levels),
            (&self.scheme, &self.parameters),
        )
    }

    /// The packing, for who has the secret key.
    ///
    /// # Errors
    /// A program that a ciphertext does not hold.
    pub fn client(&self) -> Result<Client> {
        let ring = Ring::new(&self.parameters)?;
        Client::new(
            self.program.clone(),
            &self.schedule.levels,
            &self.scheme,
            &ring,
        )
    }
}
