//! One verb a file: request in, answer out. What a library, another language and the command line call.

pub mod cache;
pub mod catalogue;
pub mod certify;
pub mod evaluate;
pub mod families;
pub mod generate;
pub mod network;
pub mod noise;
pub mod report;
pub mod search;
