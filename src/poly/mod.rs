//! Vocabulary: bases, components, composites, tables, targets. No search and no bounds live here.
//!
//! A *table* is a file: components with their basis, input map and coefficients. A *composite* is
//! the exact mathematical object it denotes, with coefficients as a program would hold them.

pub mod basis;
pub mod chain;
pub mod component;
pub mod composite;
pub mod cost;
pub mod evaluation;
pub mod role;
pub mod smooth;
pub mod table;

pub use crate::function::shape::{Line, Shape};
pub use crate::function::target::{Function, Target};
pub use component::{Basis, Component};
pub use composite::{Branch, Composite, Side};
pub use cost::Cost;
pub use table::{Domain, Output, Table};
