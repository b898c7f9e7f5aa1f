//! Reading SCALE into values that are there already, for contracts.
//!
//! [`codec::Decode`] makes each value anew and hands it up, wrapped in a `Result`, through every type that it is a part
//! of: in a contract that is 30 bytes of code and more per field. [`Wire::fill`] writes into the field itself, and the
//! reader remembers whether anything was wrong: 10 bytes per field. Both accept the same bytes and mean the same by
//! them (tests compare them), so whoever isn't short of room uses `Decode`.
use alloc::boxed::Box;
use alloc::vec::Vec;
use codec::{Compact, Decode, Input};

/// An input, and whether anything in it was wrong. What is read after that means nothing.
pub struct Reader<'a, I> {
    input: &'a mut I,
    failed: bool,
}

/// A value of known layout.
pub trait Wire: Sized {
    /// Any value, to be filled.
    fn blank() -> Self;

    /// Reads all of it.
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>);

    /// Reads `len` items behind each other.
    fn fill_list<I: Input>(list: &mut Vec<Self>, len: usize, reader: &mut Reader<'_, I>) {
        for _ in 0..len {
            if reader.failed {
                break; // So that no length can make a list longer than its input.
            }
            list.push(Self::blank());
            if let Some(item) = list.last_mut() {
                item.fill(reader);
            }
        }
    }
}

/// The value at the front of an input; `None` if it's malformed. Never freed: a contract's memory ends with the call,
/// and dropping takes code.
pub fn read<T: Wire + 'static, I: Input>(input: &mut I) -> Option<&'static mut T> {
    let value = Box::leak(Box::new(T::blank()));
    let mut reader = Reader::new(input);
    value.fill(&mut reader);
    reader.is_fine().then_some(value)
}

impl<'a, I: Input> Reader<'a, I> {
    /// A reader of this input.
    pub fn new(input: &'a mut I) -> Self {
        Reader { input, failed: false }
    }

    /// Whether nothing was wrong so far.
    pub fn is_fine(&self) -> bool {
        !self.failed
    }

    /// Notes that something is wrong.
    pub fn fail(&mut self) {
        self.failed = true;
    }

    /// Reads as many bytes as there is room for.
    #[inline(never)]
    pub fn bytes(&mut self, into: &mut [u8]) {
        self.failed |= self.input.read(into).is_err();
    }

    /// Reads a byte: the number of a variant.
    #[inline(never)]
    pub fn byte(&mut self) -> u8 {
        let mut byte = [0];
        self.bytes(&mut byte);
        let [byte] = byte;
        byte
    }

    /// Reads a list of at most `max` items.
    pub fn list<T: Wire>(&mut self, list: &mut Vec<T>, max: usize) {
        let len = self.len(max);
        T::fill_list(list, len, self);
    }

    /// Reads the length of a list of at most `max` items.
    #[inline(never)]
    fn len(&mut self, max: usize) -> usize {
        let len = Compact::<u32>::decode(self.input).ok().and_then(|len| usize::try_from(len.0).ok());
        match len.filter(|&len| len <= max) {
            Some(len) => len,
            None => {
                self.fail();
                0
            }
        }
    }
}

impl Wire for u8 {
    fn blank() -> Self {
        0
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        *self = reader.byte();
    }

    #[inline(never)]
    fn fill_list<I: Input>(list: &mut Vec<u8>, len: usize, reader: &mut Reader<'_, I>) {
        // Before anything is allocated.
        if reader.input.remaining_len().ok().flatten().is_some_and(|left| left < len) {
            return reader.fail();
        }
        list.resize(len, 0);
        reader.bytes(list);
    }
}

macro_rules! integers {
    ($($integer:ty)*) => {$(
        impl Wire for $integer {
            fn blank() -> Self {
                0
            }

            #[inline(never)]
            fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
                let mut bytes = [0; size_of::<$integer>()];
                reader.bytes(&mut bytes);
                *self = <$integer>::from_le_bytes(bytes);
            }
        }
    )*};
}

integers!(i8 u32 u64 u128);

impl Wire for bool {
    fn blank() -> Self {
        false
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        match reader.byte() {
            0 => *self = false,
            1 => *self = true,
            _ => reader.fail(),
        }
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn blank() -> Self {
        [0; N]
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        reader.bytes(self);
    }
}

impl<T: Wire> Wire for Option<T> {
    fn blank() -> Self {
        None
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        match reader.byte() {
            0 => *self = None,
            1 => self.insert(T::blank()).fill(reader),
            _ => reader.fail(),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn blank() -> Self {
        Vec::new()
    }

    #[inline(never)]
    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        reader.list(self, usize::MAX);
    }
}

impl<A: Wire, B: Wire> Wire for (A, B) {
    fn blank() -> Self {
        (A::blank(), B::blank())
    }

    fn fill<I: Input>(&mut self, reader: &mut Reader<'_, I>) {
        self.0.fill(reader);
        self.1.fill(reader);
    }
}

/// [`Wire`] of a type as it's declared: a structure's fields in order, or an enumeration's variants with their numbers
/// and names for what is in them, and the variant that is its blank.
macro_rules! wire {
    (struct $name:ident { $($field:tt),* }) => {
        impl $crate::wire::Wire for $name {
            fn blank() -> Self {
                $name { $($field: $crate::wire::Wire::blank()),* }
            }

            #[inline(never)]
            fn fill<I: codec::Input>(&mut self, reader: &mut $crate::wire::Reader<'_, I>) {
                $($crate::wire::Wire::fill(&mut self.$field, reader);)*
            }
        }
    };
    (enum $name:ident or $blank:ident $({ $($blank_field:ident),* })? {
        $($number:literal => $variant:ident $(($inner:ident))? $({ $($field:ident),* })?),* $(,)?
    }) => {
        impl $name {
            /// Reads what is in the variant of this number.
            #[inline(never)]
            pub(crate) fn fill_variant<I: codec::Input>(
                &mut self,
                number: u8,
                reader: &mut $crate::wire::Reader<'_, I>,
            ) {
                match number {
                    $($number => {
                        // What was there is a blank: forgotten, not dropped, which would take code.
                        let _ = core::mem::ManuallyDrop::new(core::mem::replace(
                            self,
                            $name::$variant $(({
                                let $inner = $crate::wire::Wire::blank();
                                $inner
                            }))? $({ $($field: $crate::wire::Wire::blank()),* })?,
                        ));
                        $(if let $name::$variant($inner) = self {
                            $crate::wire::Wire::fill($inner, reader);
                        })?
                        $(if let $name::$variant { $($field),* } = self {
                            $($crate::wire::Wire::fill($field, reader);)*
                        })?
                    })*
                    _ => reader.fail(),
                }
            }
        }

        impl $crate::wire::Wire for $name {
            fn blank() -> Self {
                $name::$blank $({ $($blank_field: $crate::wire::Wire::blank()),* })?
            }

            #[inline(never)]
            fn fill<I: codec::Input>(&mut self, reader: &mut $crate::wire::Reader<'_, I>) {
                let number = reader.byte();
                self.fill_variant(number, reader);
            }
        }
    };
}
pub(crate) use wire;
