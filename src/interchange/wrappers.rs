//! Calls, methods and types that keep a list's numbers, by name; an allow-list.

/// Calls that keep the list that is their first argument.
pub(super) const WRAPPERS: [&str; 20] = [
    "array",
    "asarray",
    "asfarray",
    "ascontiguousarray",
    "tuple",
    "list",
    "vector",
    "valarray",
    "initializer_list",
    "double",
    "float64",
    "tensor",
    "as_tensor",
    "Tensor",
    "DoubleTensor",
    "Parameter",
    "constant",
    "OrderedDict",
    "dict",
    "NewPolynomial",
];
/// Calls that carry lists at any place, by name or beside others.
pub(super) const CARRIERS: [&str; 2] = ["dict", "register_buffer"];
/// Constructors of polynomials and evaluations, which `uses.rs` reads.
pub(super) const USES: [&str; 13] = [
    "Polynomial",
    "Chebyshev",
    "poly1d",
    "polyval",
    "chebval",
    "NewPolynomial",
    "EvalChebyshevSeries",
    "EvalChebyshevSeriesLinear",
    "EvalChebyshevSeriesPS",
    "EvalPoly",
    "EvalPolyLinear",
    "EvalPolyPS",
    "EvalPolyWithPrecomp",
];
/// Wrappers that hold numbers as binary32 where no type is said; numpy's `array` is none, jax's is.
pub(super) const NARROW: [&str; 4] = ["tensor", "as_tensor", "Tensor", "constant"];
/// Modules whose arrays are binary32 where no type is said.
pub(super) const NARROW_MODULES: [&str; 2] = ["jnp", "jax"];
/// Methods that keep the numbers.
pub(super) const METHODS: [&str; 9] = [
    "tolist", "copy", "clone", "detach", "double", "cpu", "cuda", "numpy", "astype",
];
/// Types that hold any number, and those that hold it as binary32.
pub(super) const FLOATS: [&str; 14] = [
    "float",
    "float64",
    "double",
    "float_",
    "longdouble",
    "float128",
    "complex",
    "complex128",
    "cdouble",
    "object",
    "d",
    "f8",
    "<f8",
    "None",
];
pub(super) const SINGLES: [&str; 5] = ["float32", "single", "f4", "<f4", "complex64"];
/// Arguments after a list that do not touch its numbers.
pub(super) const HARMLESS: [&str; 8] = [
    "device",
    "requires_grad",
    "copy",
    "order",
    "subok",
    "ndmin",
    "name",
    "trainable",
];

/// A call within a list: whether it keeps the numbers of the list that is its first argument.
pub(super) fn keeps(name: &str) -> bool {
    WRAPPERS.contains(&name)
}

/// A call of Python that makes a copy of a list with the same numbers.
pub(super) fn copies(name: &str) -> bool {
    matches!(
        name,
        "array" | "asarray" | "ascontiguousarray" | "list" | "tuple"
    )
}

/// Whether a type may stand for a list within a list.
pub(super) fn holds(name: &str) -> bool {
    FLOATS.contains(&name) || SINGLES.contains(&name)
}
