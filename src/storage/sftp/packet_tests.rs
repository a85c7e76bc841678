//! Properties of the codec: round trips, and any bytes in without a panic.

use proptest::{collection::vec, option, prelude::*};

use super::*;

/// A request as a server reads it; written here a second time, from the draft and not from the encoder.
#[derive(Debug, PartialEq)]
struct Seen {
    kind: u8,
    id: u32,
    rest: Bytes,
}

fn seen(packet: Bytes, following: usize) -> Seen {
    let mut fields = Fields(packet);
    let announced = fields.word().unwrap() as usize;
    assert_eq!(announced, fields.0.len() + following, "the length word is the length");
    let kind = fields.byte().unwrap();
    Seen { kind, id: fields.word().unwrap(), rest: fields.0 }
}

fn attributes() -> impl Strategy<Value = WireAttributes> {
    (
        option::of(any::<u64>()),
        option::of(any::<(u32, u32)>()),
        option::of(any::<u32>()),
        option::of(any::<(u32, u32)>()),
    )
        .prop_map(|(size, owner, permissions, times)| WireAttributes {
            size,
            owner,
            permissions,
            times,
        })
}

fn reply() -> impl Strategy<Value = Reply> {
    let bytes = || vec(any::<u8>(), 0..200).prop_map(Bytes::from);
    let row = (bytes(), bytes(), attributes()).prop_map(|(name, long_name, attributes)| NameRow {
        name,
        long_name,
        attributes,
    });
    prop_oneof![
        (any::<u32>(), bytes()).prop_map(|(code, message)| Reply::Status { code, message }),
        vec(any::<u8>(), 1..=LONGEST_HANDLE).prop_map(|bytes| Reply::Handle(bytes.into())),
        bytes().prop_map(Reply::Data),
        vec(row, 0..20).prop_map(Reply::Names),
        attributes().prop_map(Reply::Attributes),
        bytes().prop_map(Reply::Extended),
    ]
}

/// What a server would send.
fn encode_reply(id: u32, reply: &Reply) -> Bytes {
    let mut out = BytesMut::new();
    match reply {
        Reply::Status { code, message } => {
            head(&mut out, REPLY_STATUS, id);
            out.put_u32(*code);
            put_string(&mut out, message);
            put_string(&mut out, b"en");
        }
        Reply::Handle(handle) => one_string(&mut out, REPLY_HANDLE, id, handle),
        Reply::Data(data) => one_string(&mut out, REPLY_DATA, id, data),
        Reply::Names(rows) => {
            head(&mut out, REPLY_NAME, id);
            out.put_u32(rows.len() as u32);
            for row in rows {
                put_string(&mut out, &row.name);
                put_string(&mut out, &row.long_name);
                put_attributes(&mut out, &row.attributes);
            }
        }
        Reply::Attributes(attributes) => {
            head(&mut out, REPLY_ATTRS, id);
            put_attributes(&mut out, attributes);
        }
        Reply::Extended(content) => {
            head(&mut out, REPLY_EXTENDED, id);
            out.put_slice(content);
        }
    }
    out.freeze()
}

#[test]
fn requests_are_the_bytes_the_draft_says() {
    let read = Request::Read { handle: b"h1", offset: 1 << 40, length: 32768 }.encode(7);
    assert_eq!(
        read.as_ref(),
        [0, 0, 0, 23, 5, 0, 0, 0, 7, 0, 0, 0, 2, b'h', b'1', 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 128, 0]
    );
    let write = seen(Request::Write { handle: b"h", offset: 3, length: 1000 }.encode(8), 1000);
    assert_eq!((write.kind, write.id), (6, 8));
    let link = seen(Request::Symlink { target: b"t", link: b"l" }.encode(9), 0);
    assert_eq!(link.rest.as_ref(), [0, 0, 0, 1, b't', 0, 0, 0, 1, b'l'], "OpenSSH's order");
    assert_eq!(encode_init().as_ref(), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
}

#[test]
fn a_count_of_rows_reserves_nothing() {
    let mut packet = BytesMut::new();
    head(&mut packet, REPLY_NAME, 1);
    packet.put_u32(u32::MAX);
    assert_eq!(decode(packet.freeze()), Err(Malformed::Short));
    let mut packet = BytesMut::new();
    head(&mut packet, REPLY_ATTRS, 1);
    packet.put_u32(ATTR_EXTENDED);
    packet.put_u32(u32::MAX);
    assert_eq!(decode(packet.freeze()), Err(Malformed::Short));
}

#[test]
fn handles_have_a_bound_and_old_statuses_have_no_message() {
    let mut packet = BytesMut::new();
    one_string(&mut packet, REPLY_HANDLE, 1, &[b'h'; LONGEST_HANDLE + 1]);
    assert_eq!(decode(packet.freeze()), Err(Malformed::Handle));
    let mut packet = BytesMut::new();
    head(&mut packet, REPLY_STATUS, 1);
    packet.put_u32(2);
    let (_, reply) = decode(packet.freeze()).unwrap();
    assert_eq!(reply, Reply::Status { code: 2, message: Bytes::new() });
}

proptest! {
    #[test]
    fn replies_come_out_as_they_went_in(id in any::<u32>(), reply in reply()) {
        prop_assert_eq!(decode(encode_reply(id, &reply)), Ok((id, reply)));
    }

    #[test]
    fn a_reply_cut_short_is_an_error_or_a_shorter_reply(id in any::<u32>(), reply in reply(), keep in 0.0..1.0) {
        let whole = encode_reply(id, &reply);
        let cut = whole.slice(..(whole.len() as f64 * keep) as usize);
        if let Ok((_, short)) = decode(cut) {
            prop_assert!(matches!(short, Reply::Status { .. } | Reply::Extended(_)), "{short:?}");
        }
    }

    #[test]
    fn any_bytes_are_a_reply_or_an_error(bytes in vec(any::<u8>(), 0..600)) {
        let _ = decode(Bytes::from(bytes.clone()));
        let _ = decode_greeting(Bytes::from(bytes));
    }

    #[test]
    fn paths_and_attributes_arrive_as_they_were_given(
        id in any::<u32>(), path in vec(any::<u8>(), 0..300), given in attributes(), flags in any::<u32>(),
    ) {
        let mut open = seen(Request::Open { path: &path, flags, attributes: given }.encode(id), 0);
        prop_assert_eq!((open.kind, open.id), (3, id));
        let mut fields = Fields(std::mem::take(&mut open.rest));
        prop_assert_eq!(fields.string().unwrap(), path);
        prop_assert_eq!(fields.word().unwrap(), flags);
        prop_assert_eq!(fields.attributes().unwrap(), given);
        prop_assert!(fields.0.is_empty());
    }
}
