//! polycert
