//! The grpcurl lines in the protos' comments, run as people would run them: parsed from the files,
//! turned into messages by reflection alone, and sent to a real server.

use std::str::FromStr;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor};
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;

use crate::stage::Stage;

const PROTOS: [&str; 4] = [
    include_str!("../../proto/recado/v1/user_service.proto"),
    include_str!("../../proto/recado/v1/segment_service.proto"),
    include_str!("../../proto/recado/v1/campaign_service.proto"),
    include_str!("../../proto/recado/v1/delivery_service.proto"),
];

/// One line of a comment: the method it calls and the JSON it sends.
struct Example {
    method: String,
    json: String,
}

/// Messages as bytes, so that one client can call every method.
#[derive(Clone, Copy)]
struct Bytes;

#[test]
fn every_grpcurl_line_in_the_protos_works() {
    Stage::new().with_shipped_campaigns().run(async |server| {
        let pool = DescriptorPool::decode(recado::api::DESCRIPTORS).unwrap();
        let channel = server.channel().await;
        let (mut fingerprint, mut send, mut called) = (String::new(), String::new(), Vec::new());
        // `DeleteUsers` stands in the first file; nothing after it needs the users it names.
        for example in PROTOS.iter().flat_map(|proto| examples(proto)) {
            let json = example
                .json
                .replace("FINGERPRINT", &fingerprint)
                .replace("SEND", &send);
            if example.method.ends_with("WatchSend") {
                server.until_finished(&send).await;
            }
            let method = method(&pool, &example.method);
            let answers = call(&channel, &method, &json)
                .await
                .unwrap_or_else(|status| {
                    panic!("{}: {} {}", example.method, status.code(), status.message())
                });
            assert!(!answers.is_empty(), "{} answered nothing", example.method);
            if let Some(found) = answers[0].pointer("/plan/fingerprint") {
                fingerprint = found.as_str().unwrap().to_owned();
            }
            if let Some(found) = answers[0].pointer("/send/id") {
                send = found.as_str().unwrap().to_owned();
            }
            called.push(example.method);
        }
        let all: Vec<String> = pool
            .services()
            .flat_map(|service| {
                service
                    .methods()
                    .map(|m| format!("{}/{}", service.full_name(), m.name()))
                    .collect::<Vec<_>>()
            })
            .collect();
        for method in all {
            assert!(
                called.contains(&method),
                "no request comment shows how to call `{method}`"
            );
        }
    });
}

/// The lines `//   grpcurl … -d 'JSON' ADDRESS METHOD` of a proto file.
fn examples(proto: &str) -> Vec<Example> {
    proto
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("//   grpcurl "))
        .map(|line| {
            let (_, rest) = line.split_once("-d '").expect("a `-d '…'` in the line");
            let (json, rest) = rest.rsplit_once('\'').expect("a closing quote in the line");
            let method = rest
                .split_whitespace()
                .last()
                .expect("a method at the end of the line");
            Example {
                method: method.to_owned(),
                json: json.to_owned(),
            }
        })
        .collect()
}

fn method(pool: &DescriptorPool, full_name: &str) -> MethodDescriptor {
    let (service, name) = full_name.split_once('/').unwrap();
    let service = pool
        .get_service_by_name(service)
        .unwrap_or_else(|| panic!("no service `{service}`"));
    service
        .methods()
        .find(|m| m.name() == name)
        .unwrap_or_else(|| panic!("no method `{full_name}`"))
}

/// Calls any method, whatever streams: grpcurl, too, reads several JSON values from one line.
async fn call(
    channel: &Channel,
    method: &MethodDescriptor,
    json: &str,
) -> Result<Vec<serde_json::Value>, tonic::Status> {
    let mut requests = Vec::new();
    for value in serde_json::Deserializer::from_str(json).into_iter::<serde_json::Value>() {
        let message = DynamicMessage::deserialize(method.input(), value.expect("JSON"))
            .expect("fields of the request");
        requests.push(message.encode_to_vec());
    }
    let path = format!("/{}/{}", method.parent_service().full_name(), method.name());
    let mut grpc = Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let request = tonic::Request::new(tokio_stream::iter(requests));
    let mut answers = grpc
        .streaming(request, PathAndQuery::from_str(&path).unwrap(), Bytes)
        .await?
        .into_inner();
    let mut found = Vec::new();
    while let Some(bytes) = answers.message().await? {
        let message =
            DynamicMessage::decode(method.output(), bytes.as_slice()).expect("the response");
        found.push(serde_json::to_value(&message).expect("JSON"));
        // This one has no end: its line has a `-max-time`.
        if method.name() == "WatchSegment" {
            break;
        }
    }
    Ok(found)
}

impl Codec for Bytes {
    type Encode = Vec<u8>;
    type Decode = Vec<u8>;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bytes {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn encode(&mut self, item: Vec<u8>, buf: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put_slice(buf, &item);
        Ok(())
    }
}

impl Decoder for Bytes {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn decode(&mut self, buf: &mut DecodeBuf<'_>) -> Result<Option<Vec<u8>>, tonic::Status> {
        let n = bytes::Buf::remaining(buf);
        Ok(Some(bytes::Buf::copy_to_bytes(buf, n).to_vec()))
    }
}
