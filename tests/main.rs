//! One test binary; modules below.

mod servers;
mod support;
