//! Keys: the secret key of a client and the evaluation keys of whoever runs the network, to files.

use crate::ckks::bootstrap::refresh::RefreshKeys;
use crate::ckks::parameters::rng::Rng;
use crate::ckks::ring::Ring;
use crate::ckks::scheme::keys::SecretKey;
use crate::encrypted::resources::need_disk;
use crate::encrypted::store::{Content, Header};
use crate::error::{Error, Result};
use crate::files::{folder_of, hexadecimal, refuse_overwriting, Rights};
use crate::jobs::network::compiled::{Chosen, Compiled};
use crate::jobs::network::model::Model;
use crate::jobs::network::twin::Polynomials;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A network, how it is run, and where its keys go.
#[derive(Debug, Clone)]
pub struct Request {
    /// The network's file.
    pub model: Model,
    /// The polynomials.
    pub polynomials: Polynomials,
    /// The encryption parameters.
    pub parameters: Chosen,
    /// The file of the secret key, which must not be there yet.
    pub secret: PathBuf,
    /// The file of the evaluation keys.
    pub output: PathBuf,
    /// Keys that repeat, for measurements and never for secrets; from the system if none.
    pub seed: Option<u64>,
}

/// Keys that were made.
#[derive(Debug)]
pub struct Answer {
    /// The network compiled.
    pub compiled: Compiled,
    /// The name of the secret key, which all that is made under it carries.
    pub key: String,
    /// SHA-256 of the evaluation keys.
    pub keys_sha256: String,
    /// Bytes of the evaluation keys: the bodies of all keys.
    pub file_bytes: u64,
}

/// Makes the keys of a network. Evaluation keys are made and written one after the other.
///
/// **Guarantee** The secret key's file is for its owner alone to read, and is never written over; neither file has its name
/// before both are whole.
///
/// # Errors
/// What [`schedule`](fn@crate::jobs::network::schedule::schedule) refuses; a secret key that is there already; too little disk,
/// before keys are made.
pub fn keys(request: &Request, progress: &mut dyn FnMut(&Compiled)) -> Result<Answer> {
    let inputs: Vec<PathBuf> = request.inputs();
    let outputs = [&request.secret, &request.output].map(PathBuf::as_path);
    refuse_overwriting(outputs, inputs.iter().map(PathBuf::as_path))?;
    if request.secret.symlink_metadata().is_ok() {
        let detail = "is there already: a secret key is never written over; name another file";
        return Err(Error::domain(detail).in_file(&request.secret));
    }
    let compiled = Compiled::new(&request.model, &request.polynomials, &request.parameters)?;
    progress(&compiled);
    let (parameters, schedule) = (&compiled.parameters, &compiled.schedule);
    let literal = compiled.scheme.bootstrapping().filter(|_| schedule.raises);
    let raise = literal.map_or(0, |_| RefreshKeys::stream_bytes(parameters));
    let file_bytes = schedule.keys.stream_bytes(parameters) + raise;
    let disk =
        |file: &Path, what: &str, bytes: u64| need_disk(folder_of(file), what, (bytes, bytes));
    disk(&request.output, "the file of evaluation keys", file_bytes)?;
    disk(&request.secret, "the secret key", parameters.n() as u64)?;

    let ring = Ring::new(parameters)?;
    let mut rng = match request.seed {
        Some(seed) => Rng::numbered(seed, 0),
        None => Rng::from_system()?,
    };
    let secret = SecretKey::generate(&ring, &mut rng);
    let key = hexadecimal(&secret.id());
    let binding = compiled.binding();
    let content = Content::EvaluationKeys {
        keys: schedule.keys.clone(),
        bootstrapping: literal.is_some(),
    };
    let header = Header::new(&binding, &key, content, file_bytes);
    let (evaluation, keys_sha256) = header.prepare(&request.output, Rights::Usual, |out| {
        secret.write_keys(&schedule.keys, &mut rng, out)?;
        let raise = literal.map(|literal| RefreshKeys::generate(&secret, literal, &mut rng));
        raise.map_or(Ok(()), |keys| keys.write(out))
    })?;
    let body = secret.to_bytes();
    let header = Header::new(&binding, &key, Content::SecretKey, body.len() as u64);
    let (own, _) = header.prepare(&request.secret, Rights::Private, |out: &mut dyn Write| {
        (out.write_all(&body)).map_err(|e| Error::io(&request.secret, &e))
    })?;
    own.publish_new()?;
    evaluation.publish()?;
    Ok(Answer {
        compiled,
        key,
        keys_sha256,
        file_bytes,
    })
}

impl Request {
    fn inputs(&self) -> Vec<PathBuf> {
        let mut all = self.model.files();
        all.extend(self.polynomials.tables.clone());
        all
    }
}
