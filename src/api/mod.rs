//! The gRPC door: one file a service, each a thin layer of decode, use case, encode.
//!
//! `decode` turns messages into nouns, `encode` nouns into messages, `status` is the only maker of
//! `tonic::Status`, `entrance` lets calls in, `version` says who is old, which `client` hears
//! of its server (`hearing`). May import the use cases and the nouns. Begin with `users`;
//! [`Door`] puts the services together.
//!
//! **Invariant:** generated message types are seen in this room and in its clients only.

mod auth;
mod campaigns;
pub mod client;
mod decode;
mod deliveries;
mod door;
mod encode;
mod entrance;
mod events;
mod export;
mod hearing;
mod page_token;
mod plan;
mod preview;
mod problem;
mod seal;
mod segments;
mod status;
mod users;
pub mod version;

pub use decode::update as decode_update;
pub use door::{Door, Error};
pub use encode::user as encode_user;

/// The messages and services of `proto/recado/v1`.
#[expect(clippy::pedantic, clippy::allow_attributes, reason = "generated")]
pub mod pb {
    tonic::include_proto!("recado.v1");
}

/// The protos as the reflection service shows them.
pub const DESCRIPTORS: &[u8] = tonic::include_file_descriptor_set!("recado_descriptor");
