//! Tables in the forms of other programs: read and written, exactly or with every lost digit told.
//!
//! | format | what | basis | numbers |
//! |---|---|---|---|
//! | `json` | `{"components": [["0", "3*2^-1"], ...]}`; also `[[0, 1.5], ...]` on reading | either | exact |
//! | `csv` | a line for every coefficient; also a line for every component on reading | either | exact |
//! | `c`, `cpp`, `go` | array literals of doubles | either | f64 |
//! | `lattigo` | `[][]string` for `minimax.NewPolynomial` | Chebyshev on [-1, 1] | decimals |
//! | `openfhe` | `std::vector<double>` for `EvalChebyshevSeries(ct, c, a, b)`, c_0 doubled | Chebyshev on [a, b] | f64 |
//! | `heir` | `float_polynomial`, `chebyshev_polynomial` | either | f64 |
//! | `python` | lists, dictionaries of lists, `np.array([...])`; read only | either | decimals |
//! | `npy` | numpy arrays of one dimension, or a component a row; read only | either | as the array |
//!
//! **Nothing is guessed in silence.** Several arrays are no composite until the user names them; one number a
//! line asks for the degrees; what neither file nor option says (target, basis, order, domain) is told as
//! assumed, and kept in the table's provenance with the file's name and digest. Numbers may be constant
//! expressions (`expression.rs`); a number that multiplies an array is never passed over.
//!
//! **Programs.** A list is read as it is written. What encloses it must keep its numbers (an allow-list,
//! `around.rs`); a certain, direct change of it (`changes.rs`) is refused until `--arrays` says that the list as
//! written is meant, and so is a condition of the preprocessor (`program.rs`). What the rest of the program does
//! with it is not followed: the import says so, with the lines that mention it (`mentions.rs`). Calls that say
//! basis, order and interval are honoured (`uses.rs`); where it is not certain of which list, `--basis` and
//! `--order` are asked. So are the fields of JSON beside coefficients (`beside.rs`).
//!
//! **Lattigo.** `NewPolynomial` takes decimal strings in the Chebyshev basis on [-1, 1] and evaluates the
//! components one after the other without any scaling of its own. Its generator divides every component but
//! the last by the upper end of the next one's interval, and fits that next one over [-1, 1] accordingly;
//! so the scaling between stages is inside the coefficients. A table is read as it stands; on writing, the
//! input map s x + o of a stage is made by the stage before it, which is the same composite and, where maps
//! take each stage's range to [-1, 1] as those of `generate` do, Lattigo's convention. `CoeffsSignX2Cheby` and
//! `CoeffsSignX4Cheby` may stand for their lists. **Source** tuneinsight/lattigo,
//! circuits/ckks/minimax/minimax_composite_polynomial.go, circuits/ckks/comparison/comparison.go (a9f43f0).
//!
//! **OpenFHE.** `EvalChebyshevSeries` maps x to -1 + 2 (x - a)/(b - a) and adds *half* of the first
//! coefficient, as `EvalChebyshevCoefficients` returns them: the list has 2 c_0, c_1, c_2, ...
//! **Source** openfheorg/openfhe-development, src/pke/lib/scheme/ckksrns/ckksrns-advancedshe.cpp (02a8e9c),
//! src/core/lib/math/chebyshev.cpp (148255e).
//!
//! **HEIR.** See `heir.rs`.
//!
//! An exported file says in one comment line what its numbers do not: the domain, the bases, of a smooth table function,
//! value and segments, and the digest of the table that it holds, which reading confirms.

mod around;
mod arrange;
mod arrays;
mod beside;
mod changes;
pub mod claims;
mod conditional;
mod csv;
mod detect;
mod ends;
mod export;
mod expression;
mod facts;
pub mod format;
mod header;
mod heir;
mod hints;
mod honour;
mod lexer;
mod literal;
mod meaning;
mod mentions;
mod object;
mod program;
mod prose;
pub mod published;
mod read;
mod remarks;
mod scan;
mod smooth;
mod source;
pub mod spell;
mod stated;
mod tokens;
mod uses;
mod wrappers;

pub use arrays::MAX_NESTING;
pub use export::{export, Change, Export};
pub use facts::ASSUMPTIONS;
pub use format::Format;
pub use hints::{Hints, Imported, Layout, Order};
pub use read::{list_bytes, read, read_bytes};
pub use spell::Spelling;
