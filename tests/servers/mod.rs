//! The servers Wharf is tried with.

pub(crate) mod embedded;
