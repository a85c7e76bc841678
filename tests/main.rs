//! One test binary; modules below.
