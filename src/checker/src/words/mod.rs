pub(crate) mod numerals;
pub(crate) mod report;
pub(crate) mod sentences;
