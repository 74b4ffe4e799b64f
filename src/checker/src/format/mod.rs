pub(crate) mod document;
pub(crate) mod json;
pub(crate) mod numbers;
pub(crate) mod path;
pub(crate) mod rounding;
pub(crate) mod table;
