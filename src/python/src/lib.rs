//! polycert for Python: the verbs of `polycert::jobs`, with dictionaries of options as requests and JSON as answers.
//!
//! | file | what |
//! |---|---|
//! | `error` | the library's errors as exceptions |
//! | `options` | a dictionary of options, read as the command line reads them |
//! | `work` | a job on its own thread: other Python threads run meanwhile, and Ctrl-C ends it |
//! | `tables` | certify, search, values |
//! | `networks` | a network's file, audit, deviate, ranges |
//! | `plans` | plan |
//!
//! This is the private module `polycert._polycert`; what users call is the Python beside it, `src/python/polycert`. Exact
//! numbers come in as text (`0x1.8p-3`, `1/3`), and an option that is `None` is left out.

mod error;
mod networks;
mod options;
mod plans;
mod tables;
mod work;

use pyo3::prelude::*;

/// `polycert._polycert`.
#[pymodule]
fn _polycert(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    error::register(m)?;
    m.add_class::<_checker::Result>()?;
    m.add_function(wrap_pyfunction!(_checker::check, m)?)?;
    m.add_function(wrap_pyfunction!(tables::table, m)?)?;
    m.add_function(wrap_pyfunction!(tables::table_file, m)?)?;
    m.add_function(wrap_pyfunction!(tables::certify, m)?)?;
    m.add_function(wrap_pyfunction!(tables::search, m)?)?;
    m.add_function(wrap_pyfunction!(tables::search_smooth, m)?)?;
    m.add_function(wrap_pyfunction!(tables::values, m)?)?;
    m.add_function(wrap_pyfunction!(networks::network, m)?)?;
    m.add_function(wrap_pyfunction!(networks::audit, m)?)?;
    m.add_function(wrap_pyfunction!(networks::audit_samples, m)?)?;
    m.add_function(wrap_pyfunction!(networks::audit_shard, m)?)?;
    m.add_function(wrap_pyfunction!(networks::audit_merge, m)?)?;
    m.add_function(wrap_pyfunction!(networks::deviate, m)?)?;
    m.add_function(wrap_pyfunction!(networks::ranges, m)?)?;
    m.add_function(wrap_pyfunction!(plans::plan, m)?)
}
