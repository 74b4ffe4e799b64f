pub(crate) mod argmax;
pub(crate) mod clip;
pub(crate) mod direct;
pub(crate) mod expand;
pub(crate) mod pool;
pub(crate) mod shape;
pub(crate) mod statement;
pub(crate) mod target;
