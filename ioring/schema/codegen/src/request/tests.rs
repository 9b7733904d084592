//! Requests as the compiler would write them, with what is used here and what is not.

use super::*;
use capnp::message::{Builder, HeapAllocator};

const FILE: u64 = 0xf;
const NODE: u64 = 0xa;

/// A request for one file with one declaration, which `fill` completes.
fn request(fill: impl FnOnce(node::Builder<'_>)) -> Vec<u8> {
    let mut message = Builder::new(HeapAllocator::new());
    let mut request = message.init_root::<code_generator_request::Builder<'_>>();
    let mut file = request.reborrow().init_requested_files(1).get(0);
    file.set_id(FILE);
    file.set_filename("a.capnp");
    let mut nodes = request.reborrow().init_nodes(2);
    let mut file = nodes.reborrow().get(0);
    file.set_id(FILE);
    file.set_display_name("a.capnp");
    file.reborrow().set_file(());
    let mut nested = file.init_nested_nodes(1).get(0);
    nested.set_id(NODE);
    nested.set_name("A");
    let mut node = nodes.get(1);
    node.set_id(NODE);
    node.set_scope_id(FILE);
    node.set_display_name("a.capnp:A");
    fill(node);
    serialize::write_message_to_words(&message)
}

/// A struct with one field, of the type that `of` sets.
fn with_field(of: impl FnOnce(type_::Builder<'_>)) -> Vec<u8> {
    request(|node| {
        let mut body = node.init_struct();
        body.set_data_word_count(1);
        let mut field = body.init_fields(1).get(0);
        field.set_name("x");
        field.set_discriminant_value(field::NO_DISCRIMINANT);
        field.reborrow().init_ordinal().set_explicit(0);
        let mut slot = field.init_slot();
        slot.set_offset(3);
        of(slot.reborrow().init_type());
        slot.init_default_value().set_uint16(9);
    })
}

#[test]
fn a_field_is_read_with_its_place_and_default() {
    let schema = read(&with_field(|mut of| of.set_uint16(()))).expect("a schema");
    let node = schema.node(NODE).expect("the struct");
    assert_eq!((node.file.as_str(), node.name.as_str()), ("a.capnp", "A"));
    let Body::Struct(body) = &node.body else {
        panic!("no struct");
    };
    let kind = FieldKind::Slot {
        of: Type::UInt(16),
        offset: 3,
        default: Value::Int(9),
    };
    assert_eq!(
        (&body.fields[0].kind, body.fields[0].ordinal),
        (&kind, Some(0))
    );
    assert_eq!((body.data, body.union, body.fields[0].tag), (1, None, None));
}

fn refused(bytes: &[u8], why: &str) {
    let error = read(bytes).unwrap_err();
    assert!(
        error.starts_with("a.capnp:A") && error.contains(why),
        "{error}"
    );
}

#[test]
fn what_is_not_used_here_is_refused_by_name() {
    let lists = with_field(|of| {
        of.init_list()
            .init_element_type()
            .init_list()
            .init_element_type()
            .set_bool(())
    });
    refused(&lists, "x: lists of lists");
    let any = with_field(|of| of.init_any_pointer().init_unconstrained().set_any_kind(()));
    refused(&any, "x: pointers without a type");
    refused(&request(|mut node| node.set_is_generic(true)), "generics");
    refused(
        &request(|node| {
            node.init_const();
        }),
        "only structs, enums and interfaces",
    );
    refused(
        &request(|node| {
            node.init_annotation();
        }),
        "only structs, enums and interfaces",
    );
}

#[test]
fn a_capability_of_any_interface_is_read() {
    let bytes = with_field(|of| {
        of.init_any_pointer()
            .init_unconstrained()
            .set_capability(())
    });
    // The default is a number here, which no capability has; what counts is the type.
    let schema = read(&bytes).expect("a schema");
    let Some(Body::Struct(body)) = schema.node(NODE).map(|node| &node.body) else {
        panic!("no struct");
    };
    assert!(matches!(
        &body.fields[0].kind,
        FieldKind::Slot {
            of: Type::Capability,
            ..
        }
    ));
}

#[test]
fn what_is_no_request_is_an_error() {
    assert!(read(b"").is_err());
    assert!(read(&[0xff; 64]).is_err());
}
