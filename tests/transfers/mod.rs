//! The engine × everything that can go wrong.

mod engine_conflicts;
mod engine_connections;
mod engine_copy;
mod engine_faults;
mod engine_local;
mod engine_move_delete;
mod engine_panes;
mod engine_queue;
mod engine_rig;
