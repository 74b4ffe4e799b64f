//! The page about one certificate, or about several.
//!
//! | module | what |
//! |---|---|
//! | [`document`] | the page as a whole |
//! | [`dossier`] | what a page says about one certificate |
//! | [`front`] | the comparison of several |

pub mod document;
pub mod dossier;
pub mod front;
