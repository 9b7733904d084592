//! An old and a new peer: what each writes, what each has to find in the other's messages, and readers that look at everything
//! in a message, whatever it says. The fuzz target for messages uses this file too.
#![allow(
    dead_code,
    reason = "generated code is whole, and each user of this file needs a part of it"
)]

#[path = "v1_capnp.rs"]
pub mod v1;
#[path = "v2_capnp.rs"]
pub mod v2;

use isthmus_schema::wire::{CapIndex, Error, Message, MessageBuilder};

const ROOM: usize = 4096;

/// Writes what both schemas have, through the builders of one of them.
macro_rules! fill_common {
    ($version:ident, $order:ident) => {
        $order.set_flag(false);
        $order.set_small(-100);
        $order.set_number(u64::MAX - 1);
        $order.set_ratio(-2.5);
        $order.set_title("pipes")?;
        $order.init_blob(3)?.copy_from_slice(&[1, 2, 3]);
        $order.set_colour($version::Colour::RED);
        $order.init_bits(10)?.set(9, true)?;
        $order.init_words(2)?.set(1, "two")?;
        $order.init_colours(2)?.set(0, $version::Colour::GREEN)?;
        let mut items = $order.init_items(2)?;
        items.get(0)?.set_name("bolt")?;
        items.get(1)?.set_amount(9);
        $order.init_best()?.set_name("nut")?;
        $order.set_self(Some(CapIndex(1)));
        $order.set_amount(14);
        let mut origin = $order.init_origin();
        origin.set_x(-7);
        origin.set_y(8);
        $order.init_inner()?.init_inner()?.set_number(5);
        $order.init_stores(2)?.set(1, Some(CapIndex(0)))?;
        $order.init_nothing(4)?;
        $order.init_blobs(1)?.set(0, b"raw")?;
        $order.init_signed(1)?.set(0, i64::MIN)?;
    };
}

/// Looks for what [`fill_common`] wrote, through the readers of one schema.
macro_rules! expect_common {
    ($version:ident, $order:ident) => {
        assert_eq!(
            (
                $order.flag(),
                $order.small(),
                $order.number(),
                $order.amount()
            ),
            (false, -100, u64::MAX - 1, 14)
        );
        assert_eq!($order.ratio().to_bits(), (-2.5_f64).to_bits());
        assert_eq!(($order.title()?, $order.blob()?), ("pipes", &[1, 2, 3][..]));
        assert_eq!($order.colour(), $version::Colour::RED);
        assert_eq!(($order.bits()?.len(), $order.bits()?.get(9)?), (10, true));
        assert_eq!(
            ($order.words()?.get(0)?, $order.words()?.get(1)?),
            ("", "two")
        );
        assert_eq!($order.colours()?.get(0)?, $version::Colour::GREEN);
        let items = $order.items()?;
        assert_eq!((items.get(0)?.name()?, items.get(0)?.amount()), ("bolt", 3));
        assert_eq!((items.get(1)?.name()?, items.get(1)?.amount()), ("", 9));
        assert_eq!(($order.best()?.name()?, $order.has_best()), ("nut", true));
        assert_eq!($order.self_()?, Some(CapIndex(1)));
        assert_eq!(($order.origin().x(), $order.origin().y()), (-7, 8));
        assert_eq!($order.inner()?.inner()?.number(), 5);
        assert_eq!($order.inner()?.inner()?.title()?, "untitled");
        assert_eq!($order.stores()?.get(0)?, None);
        assert_eq!($order.stores()?.get(1)?, Some(CapIndex(0)));
        assert_eq!($order.nothing()?.len(), 4);
        assert_eq!($order.blobs()?.get(0)?, b"raw");
        assert_eq!($order.signed()?.get(0)?, i64::MIN);
    };
}

/// An order as an old peer writes it.
pub fn old_order() -> Vec<u8> {
    written(|message| {
        let mut order = message.init::<v1::order::Type>()?;
        fill_common!(v1, order);
        let mut numbers = order.init_numbers(3)?;
        numbers.set(0, 10)?;
        numbers.set(2, 30)?;
        order.set_label("fragile")
    })
}

/// An order as a new peer writes it, with everything that is new in it.
pub fn new_order() -> Vec<u8> {
    written(|message| {
        let mut order = message.init::<v2::order::Type>()?;
        fill_common!(v2, order);
        let mut numbers = order.init_numbers(3)?;
        numbers.get(0)?.set_value(10);
        numbers.get(0)?.set_unit("bars")?;
        numbers.get(2)?.set_value(30);
        let mut items = order.init_items(2)?;
        items.get(0)?.set_name("bolt")?;
        items.get(0)?.set_price(7);
        items.get(0)?.init_tags(1)?.set(0, "m6")?;
        items.get(1)?.set_amount(9);
        order.init_part()?.set_price(3);
        order.set_added(99);
        order.set_note("soon")?;
        order.init_origin().set_z(4);
        Ok(())
    })
}

fn written(write: impl FnOnce(&mut MessageBuilder<'_>) -> Result<(), Error>) -> Vec<u8> {
    let mut buffer = [0; ROOM];
    let mut message = MessageBuilder::new(&mut buffer);
    write(&mut message).expect("room");
    message.as_bytes().to_vec()
}

/// What a new peer finds in an old one's order: what was written, and defaults for the rest.
pub fn expect_old_in_new(order: v2::order::Reader<'_>) -> Result<(), Error> {
    expect_common!(v2, order);
    let numbers = order.numbers()?;
    assert_eq!(
        (
            numbers.len(),
            numbers.get(0)?.value(),
            numbers.get(2)?.value()
        ),
        (3, 10, 30)
    );
    assert_eq!(numbers.get(1)?.unit()?, "litres");
    assert_eq!(
        (items_price(order)?, order.added(), order.note()?),
        (100, 42, "none")
    );
    assert_eq!(order.origin().z(), -1);
    assert!(matches!(order.which()?, v2::order::Which::Label("fragile")));
    Ok(())
}

/// What an old peer finds in a new one's order: what it knows, without being disturbed by the rest.
pub fn expect_new_in_old(order: v1::order::Reader<'_>) -> Result<(), Error> {
    expect_common!(v1, order);
    let numbers: Result<Vec<u32>, Error> = order.numbers()?.iter().collect();
    assert_eq!(numbers?, [10, 0, 30]);
    let v1::order::Which::Part(part) = order.which()? else {
        panic!("another member");
    };
    assert_eq!((part.name()?, part.amount()), ("", 3));
    Ok(())
}

/// What a new peer finds in a new one's order: everything.
pub fn expect_new_in_new(order: v2::order::Reader<'_>) -> Result<(), Error> {
    expect_common!(v2, order);
    let numbers = order.numbers()?;
    assert_eq!(
        (numbers.get(0)?.unit()?, numbers.get(2)?.unit()?),
        ("bars", "litres")
    );
    assert_eq!(
        (items_price(order)?, order.added(), order.note()?),
        (7, 99, "soon")
    );
    assert_eq!(order.items()?.get(0)?.tags()?.get(0)?, "m6");
    assert_eq!(order.origin().z(), 4);
    let v2::order::Which::Part(part) = order.which()? else {
        panic!("another member");
    };
    assert_eq!(part.price(), 3);
    Ok(())
}

fn items_price(order: v2::order::Reader<'_>) -> Result<u64, Error> {
    Ok(order.items()?.get(0)?.price())
}

/// How many elements of a list are looked at; the limits on traversal count a list when it is reached, not each element.
const LOOKED_AT: usize = 64;

/// Looks at everything in an order that both schemas have, and at those within, as far as it can be read.
macro_rules! walk_order {
    ($name:ident, $version:ident) => {
        fn $name(order: $version::order::Reader<'_>, depth: u32) -> usize {
            let mut seen = usize::from(order.flag()) + usize::from(order.has_title());
            seen += order.title().map_or(0, str::len) + order.blob().map_or(0, <[u8]>::len);
            seen += order.colour().name().map_or(0, str::len);
            seen += order
                .bits()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .words()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .colours()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .stores()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .nothing()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .blobs()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .signed()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            seen += order
                .numbers()
                .map_or(0, |list| list.iter().take(LOOKED_AT).flatten().count());
            let item = |item: $version::item::Reader<'_>| {
                item.name().map_or(0, str::len) + usize::from(item.amount())
            };
            let items = order
                .items()
                .map(|list| list.iter().take(LOOKED_AT).flatten().map(item).sum());
            seen += items.unwrap_or(0)
                + order.best().map_or(0, item)
                + usize::from(order.self_().is_ok());
            seen += match order.which() {
                Ok($version::order::Which::Label(label)) => label.len(),
                Ok($version::order::Which::Part(part)) => item(part),
                _ => 0,
            };
            if depth > 0 && order.has_inner() {
                seen += order.inner().map_or(0, |inner| $name(inner, depth - 1));
            }
            seen
        }
    };
}

walk_order!(walk_old, v1);
walk_order!(walk_new, v2);

/// Looks at everything in `bytes` as either peer, and as the parameters of a call. Gives how much there was.
pub fn walk(bytes: &[u8]) -> usize {
    const DEEP: u32 = 100;
    let Ok(message) = Message::new(bytes) else {
        return 0;
    };
    let mut seen = message
        .root::<v1::order::Type>()
        .map_or(0, |order| walk_old(order, DEEP));
    seen += message
        .root::<v2::order::Type>()
        .map_or(0, |order| walk_new(order, DEEP));
    if let Ok(params) = message.root::<v2::store::put_params::Type>() {
        seen +=
            usize::from(params.hurry()) + params.order().map_or(0, |order| walk_new(order, DEEP));
    }
    seen
}
