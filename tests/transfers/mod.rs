//! The engine × everything that can go wrong: in memory, with lying servers, over broken connections, on full disks.

mod crossing;
mod engine_conflicts;
mod engine_connections;
mod engine_copy;
mod engine_faults;
mod engine_find;
mod engine_inquiries;
mod engine_keep_both;
mod engine_local;
mod engine_modes;
mod engine_move_delete;
mod engine_ordering;
mod engine_panes;
mod engine_queue;
mod engine_rig;
mod engine_traits;
mod faults_content;
mod faults_further;
mod faults_lanes;
mod faults_names;
mod faults_network;
mod faults_protocol;
mod faults_system;
mod faults_within;
mod pace;
mod resuming;
