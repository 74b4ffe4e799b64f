//! The independent checker for Python: bytes or a path in, what is proved out.
//!
//! It calls what `polycert-check` calls, and reads its JSON.

use polycert_checker::{check_paths, Request, Requirement, Streams};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use pyo3::IntoPyObjectExt;
use std::path::PathBuf;

/// A document, or where it is.
#[derive(FromPyObject)]
pub enum Given {
    /// The bytes of one document.
    Content(Vec<u8>),
    /// A certificate, a folder of them, a manifest, or the folder of a plan.
    Path(PathBuf),
}

/// What the checker says of one document or of several.
#[pyclass(frozen, module = "polycert_checker")]
pub struct Result {
    code: u8,
    documents: Py<PyList>,
}

impl Result {
    /// Whether there are documents and a field of each has a value.
    fn all<'py>(
        &self,
        py: Python<'py>,
        field: &str,
        wanted: impl IntoPyObjectExt<'py>,
    ) -> PyResult<bool> {
        let (documents, wanted) = (self.documents.bind(py), wanted.into_bound_py_any(py)?);
        for document in documents {
            if !document.get_item(field)?.eq(&wanted)? {
                return Ok(false);
            }
        }
        Ok(!documents.is_empty())
    }
}

#[pymethods]
impl Result {
    /// Exit code of polycert-check.
    #[getter]
    fn code(&self) -> u8 {
        self.code
    }

    /// What is said of each document.
    #[getter]
    fn documents(&self, py: Python<'_>) -> Py<PyList> {
        self.documents.clone_ref(py)
    }

    /// Whether every statement of every document is proved.
    #[getter]
    fn verified(&self, py: Python<'_>) -> PyResult<bool> {
        self.all(py, "outcome", "VERIFIED")
    }

    /// Whether they are verified, their stated bounds proved, and all that is required is met.
    #[getter]
    fn accepted(&self, py: Python<'_>) -> PyResult<bool> {
        Ok(self.code == 0 && self.all(py, "accepted", true)?)
    }

    fn __bool__(&self, py: Python<'_>) -> PyResult<bool> {
        self.accepted(py)
    }

    /// A line for each document: its outcome, and the statement or what is wrong.
    fn __str__(&self, py: Python<'_>) -> PyResult<String> {
        let mut lines = Vec::new();
        for document in self.documents.bind(py) {
            let document = document.cast::<PyDict>()?;
            let outcome = document.get_item("outcome")?;
            let words = match document.get_item("statement")? {
                Some(words) => Some(words),
                None => document.get_item("detail")?,
            };
            let both: Vec<String> = [outcome, words]
                .into_iter()
                .flatten()
                .map(|w| w.to_string())
                .collect();
            lines.push(both.join(" "));
        }
        Ok(lines.join("\n"))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("<Result {}>", self.__str__(py)?))
    }
}

/// Checks certificates; see the stub file for what a caller is told.
///
/// # Errors
/// A requirement that cannot be read, and options that do not go together: `ValueError`. A document that is rejected or cannot
/// be read is a result.
// As many as there are options.
#[allow(clippy::too_many_arguments)]
#[pyfunction]
#[pyo3(signature = (certificate, *, require = Vec::new(), network = None, input = None, program = None, table_sha256 = None, any_verdict = false))]
pub fn check(
    py: Python<'_>,
    certificate: Given,
    require: Vec<String>,
    network: Option<PathBuf>,
    input: Option<PathBuf>,
    program: Option<PathBuf>,
    table_sha256: Option<String>,
    any_verdict: bool,
) -> PyResult<Result> {
    let (path, content) = match certificate {
        Given::Content(content) => ("-".into(), content),
        // A file of that name; alone it would be standard input.
        Given::Path(path) if path.as_os_str() == "-" => ("./-".into(), Vec::new()),
        Given::Path(path) => (path, Vec::new()),
    };
    let required = require.iter().map(|text| Requirement::parse(text));
    let required: std::result::Result<Vec<Requirement>, String> = required.collect();
    let request = Request {
        program: "polycert_checker".to_owned(),
        paths: vec![path],
        table_sha256: table_sha256.map(|hex| hex.to_ascii_lowercase()),
        required: required.map_err(|what| PyValueError::new_err(format!("require: {what}")))?,
        network,
        input,
        encrypted_program: program,
        any_verdict,
        quiet: false,
        json: true,
    };
    if let Some(why) = request.misuse() {
        return Err(PyValueError::new_err(why));
    }
    let (code, lines) = py.detach(|| {
        let (mut out, mut notes) = (Vec::new(), std::io::sink());
        let mut streams = Streams {
            input: &mut content.as_slice(),
            out: &mut out,
            err: &mut notes,
        };
        let code = check_paths(&request, &mut streams);
        (code, String::from_utf8_lossy(&out).into_owned())
    });
    let json = py.import("json")?;
    let documents = PyList::empty(py);
    for line in lines.lines() {
        documents.append(json.call_method1("loads", (line,))?)?;
    }
    Ok(Result {
        code,
        documents: documents.unbind(),
    })
}

/// `polycert_checker._checker`.
#[pymodule]
fn _checker(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add_class::<Result>()?;
    m.add_function(wrap_pyfunction!(check, m)?)
}
