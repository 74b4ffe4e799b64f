//! The library's errors as Python exceptions: `polycert.Error`, and a class for each kind.

use polycert::error::{Error, ErrorKind};
use pyo3::create_exception;
use pyo3::exceptions::PyException;
use pyo3::prelude::*;

create_exception!(
    polycert,
    PolycertError,
    PyException,
    "What went wrong, where, and which limit it broke; `path` is the file it concerns, or None."
);
macro_rules! kinds {
    ($($class:ident, $name:literal, $pattern:pat, $words:literal;)*) => {
        $(create_exception!(polycert, $class, PolycertError, $words);)*

        /// The exceptions by their names in Python.
        pub fn register(m: &Bound<'_, PyModule>) -> PyResult<()> {
            let py = m.py();
            let named = [("Error", py.get_type::<PolycertError>()), $(($name, py.get_type::<$class>()),)*];
            for (name, class) in named {
                class.setattr("__name__", name)?;
                class.setattr("__qualname__", name)?;
                m.add(name, class)?;
            }
            Ok(())
        }

        fn new(kind: &ErrorKind, words: String) -> PyErr {
            match kind {
                $($pattern => $class::new_err(words),)*
                _ => PolycertError::new_err(words),
            }
        }
    };
}
kinds! {
    Parse, "ParseError", ErrorKind::Parse { .. }, "Text or a file that cannot be read: the field or line, and what is wrong with it.";
    Domain, "DomainError", ErrorKind::Domain(_), "A domain, interval or option that makes no sense for what was asked.";
    NotConverged, "NotConvergedError", ErrorKind::NotConverged(_), "An iteration that did not reach its goal.";
    Parameters, "ParametersError", ErrorKind::Parameters(_), "Encryption parameters that cannot be used: which, and the limit.";
    Mismatch, "MismatchError", ErrorKind::Mismatch(_), "Operands that do not fit together: which property, and its two values.";
    Depth, "DepthError", ErrorKind::DepthExceeded { .. }, "A circuit that needs more levels than there are.";
    Unsupported, "UnsupportedError", ErrorKind::Unsupported(_), "A feature or size beyond what is supported: the limit and the value.";
    Digest, "DigestError", ErrorKind::Digest { .. }, "A table of another digest than the one that was named.";
    SelfCheck, "SelfCheckError", ErrorKind::SelfCheck(_), "A certificate that did not pass the independent checker.";
    Contradiction, "ContradictionError", ErrorKind::Contradiction(_), "Two proved statements that cannot both be true: an error of polycert.";
    Io, "FileError", ErrorKind::Io(_), "The operating system refused: reading, writing or renaming a file.";
}

/// The exception of an error, in the error's own words.
pub fn exception(py: Python<'_>, error: &Error) -> PyErr {
    let made = new(&error.kind, error.to_string());
    let path = error.path.as_ref().map(|p| p.display().to_string());
    // Without the attribute the words still name the file.
    let _ = made.value(py).setattr("path", path);
    made
}
