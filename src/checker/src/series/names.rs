//! The words of formulas: functions by their names, and what else no step of a program may be called.

/// A function of one argument, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Name {
    Exp,
    Log,
    Sqrt,
    Sin,
    Cos,
    Atan,
    Asin,
    Acos,
    Erf,
    Tanh,
    Sigmoid,
    Softplus,
    Gelu,
    GeluTanh,
    Silu,
}

/// Every name as it is written.
pub(super) const NAMES: [(Name, &str); 15] = [
    (Name::Exp, "exp"),
    (Name::Log, "log"),
    (Name::Sqrt, "sqrt"),
    (Name::Sin, "sin"),
    (Name::Cos, "cos"),
    (Name::Atan, "atan"),
    (Name::Asin, "asin"),
    (Name::Acos, "acos"),
    (Name::Erf, "erf"),
    (Name::Tanh, "tanh"),
    (Name::Sigmoid, "sigmoid"),
    (Name::Softplus, "softplus"),
    (Name::Gelu, "gelu"),
    (Name::GeluTanh, "gelu_tanh"),
    (Name::Silu, "silu"),
];

/// Whether a word means something without being bound: the language's own, and p_1, p_2, ..., as components are called.
pub(super) fn is_word(word: &str) -> bool {
    let component = word.strip_prefix("p_").unwrap_or_default();
    let is_component = !component.is_empty() && component.bytes().all(|c| c.is_ascii_digit());
    let is_name = NAMES.iter().any(|(_, name)| *name == word);
    is_component || is_name || matches!(word, "x" | "p" | "pi" | "root")
}
