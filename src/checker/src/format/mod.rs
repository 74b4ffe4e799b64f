pub(crate) mod document;
pub(crate) mod json;
pub(crate) mod rounding;
pub(crate) mod table;
