//! The engine against what goes wrong: lying servers, broken connections, full disks.

mod crossing;
mod faults_content;
mod faults_names;
mod faults_network;
mod faults_protocol;
mod faults_system;
