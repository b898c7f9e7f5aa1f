//! Operands: an edge grid, and random ones that lean towards rounding boundaries, cancellation, subnormals and overflow.
use super::primitive::Primitive;

/// Values at or next to something special.
pub fn edges() -> Vec<u32> {
    let positive = [
        0x0000_0000, // 0
        0x0000_0001, // smallest subnormal
        0x0000_0002,
        0x0000_0003,
        0x0040_0000, // a subnormal power of two
        0x0055_5555,
        0x007f_fffe,
        0x007f_ffff, // greatest subnormal
        0x0080_0000, // smallest normal
        0x0080_0001,
        0x00ff_ffff,
        0x0100_0000,
        0x0b80_0000, // 2^-104
        0x1f80_0000, // 2^-64
        0x2000_0000, // 2^-63: squares to the smallest normal's neighbourhood
        0x3300_0000, // 2^-25: half an ulp below 1
        0x3380_0000, // 2^-24: half an ulp of 1
        0x3380_0001,
        0x3400_0000, // 2^-23: an ulp of 1
        0x3eff_ffff,
        0x3f00_0000, // 1/2
        0x3f00_0001,
        0x3f7f_ffff, // 1 - ulp
        0x3f80_0000, // 1
        0x3f80_0001, // 1 + ulp
        0x3fc0_0000, // 1.5: half-way between integers
        0x3fff_ffff,
        0x4000_0000, // 2
        0x4020_0000, // 2.5
        0x4040_0000, // 3
        0x40e0_0001,
        0x4b00_0000, // 2^23
        0x4b00_0001, // 2^23 + 1
        0x4b7f_ffff, // 2^24 - 1
        0x4b80_0000, // 2^24
        0x4eff_ffff, // below 2^31
        0x4f00_0000, // 2^31
        0x4f7f_ffff, // below 2^32
        0x5f00_0000, // 2^63
        0x5f80_0000, // 2^64
        0x7e80_0000, // 2^126
        0x7f00_0000, // 2^127
        0x7f7f_fffe,
        0x7f7f_ffff, // greatest finite number
        0x7f80_0000, // infinity
        0x7f80_0001, // signalling NaN
        0x7fbf_ffff,
        0x7fc0_0000, // the canonical NaN
        0x7fff_ffff,
    ];
    positive.iter().flat_map(|&bits| [bits, bits | 0x8000_0000]).collect()
}

/// Powers of two (and integers) for the edge grid of `scale_b`.
pub fn exponents() -> Vec<u32> {
    let near = -320..=320_i32;
    near.chain([i32::MIN, i32::MIN + 1, -1000, 1000, i32::MAX - 1, i32::MAX]).map(|n| n as u32).collect()
}

/// Random operands as a function of a seed (SplitMix64: G. Steele, D. Lea, C. Flood, OOPSLA 2014).
pub struct Operands {
    state: u64,
    edges: Vec<u32>,
}

impl Operands {
    pub fn new(seed: u64) -> Self {
        Operands { state: seed, edges: edges() }
    }

    #[inline]
    pub fn word(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A fraction: random, or few bits, or few bits' complement, or a run of ones, or next to the ends.
    #[inline]
    fn fraction(&mut self) -> u32 {
        let word = self.word();
        let (low, high) = (word as u32, (word >> 32) as u32);
        let place = |n: u32| 1_u32 << (n % 23);
        let few = place(low) | place(low >> 8) | place(low >> 16);
        let fraction = match high % 8 {
            0..=3 => low,
            4 => few,
            5 => !few,
            6 => (place(low) - 1) ^ (place(low >> 8) - 1),
            _ => (low & 7).wrapping_sub(4),
        };
        fraction & 0x007f_ffff
    }

    /// A number with about this biased exponent.
    #[inline]
    fn near(&mut self, biased: i32, spread: u64) -> u32 {
        let word = self.word();
        let shift = ((word >> 1) % (2 * spread + 1)) as i32 - spread as i32;
        let biased = (biased + shift).clamp(0, 254) as u32;
        ((word as u32) << 31) | (biased << 23) | self.fraction()
    }

    /// One operand.
    #[inline]
    fn single(&mut self) -> u32 {
        let word = self.word();
        match word % 16 {
            0..=3 => (word >> 32) as u32,
            4..=8 => self.near(127, 30),
            9..=10 => self.near(5, 10),
            11 => self.near(248, 8),
            12 => self.near(127 + 23, 12), // around the end of fractions
            13 => self.edges[(word >> 32) as usize % self.edges.len()],
            _ => self.near(127, 126),
        }
    }

    /// A number within a few ulps of `bits`.
    #[inline]
    fn nudge(&mut self, bits: u32) -> u32 {
        bits.wrapping_add((self.word() % 9) as u32).wrapping_sub(4)
    }

    /// Four words for a primitive, related so that hard cases come up often.
    #[inline]
    pub fn draw(&mut self, primitive: Primitive) -> [u32; 4] {
        let word = self.word();
        let exponent = |bits: u32| ((bits >> 23) & 0xff) as i32;
        let a = self.single();
        let mode = word % 8;
        match primitive {
            Primitive::Fma => {
                let b = match mode {
                    0 => self.near(127 - 140 - exponent(a) + 127, 20), // a product below the normal range
                    1 => self.near(127 + 127 - exponent(a) + 127, 4),  // a product near overflow
                    _ => self.single(),
                };
                let product = f32::from_bits(a) * f32::from_bits(b);
                let c = match (word >> 8) % 8 {
                    0 | 1 => self.nudge(product.to_bits() ^ 0x8000_0000), // cancels
                    2 | 3 => self.near(exponent(product.to_bits()), 26),
                    4 => self.near(exponent(product.to_bits()), 52),
                    // A power of two far above or below: ties and almost ties.
                    5 => self.near(exponent(product.to_bits()) + 24, 2) & 0xff80_0001,
                    _ => self.single(),
                };
                [a, b, c, 0]
            }
            Primitive::ScaleB => {
                let n = match mode {
                    0..=3 => (word >> 8) as i32 % 300,
                    4..=5 => 1 - exponent(a) - ((word >> 8) % 26) as i32, // to the subnormals
                    6 => 254 - exponent(a) + ((word >> 8) % 3) as i32 - 1, // to overflow
                    _ => (word >> 32) as i32,
                };
                [a, n as u32, 0, 0]
            }
            Primitive::Sqrt => {
                let square = f32::from_bits(a) * f32::from_bits(a);
                [if mode < 4 { self.nudge(square.to_bits()) } else { a }, 0, 0, 0]
            }
            Primitive::FromU32 | Primitive::FromI32 => {
                let n = (word >> 32) as u32;
                let [ties, bits] = [0x80_u32 << (n % 9), (word >> 8) as u32 % 32];
                let n = match mode {
                    0..=3 => n >> bits,
                    4 => (n >> bits) & !0xff | ties,
                    5 => self.nudge((n >> bits) & !0xff | ties),
                    6 => self.nudge(1 << bits),
                    _ => n,
                };
                [if word & 128 == 0 { n } else { n.wrapping_neg() }, 0, 0, 0]
            }
            Primitive::RoundToI32 => {
                // Half-integers and their neighbours.
                let half = ((word >> 32) as i32 >> (8 + (word >> 8) % 24)) as f32 + 0.5;
                [if mode < 4 { self.nudge(half.to_bits()) } else { a }, 0, 0, 0]
            }
            _ => {
                let b = match mode {
                    0 => self.nudge(a ^ 0x8000_0000),
                    1 => self.nudge(a),
                    2 | 3 => self.near(exponent(a), 26),
                    4 => self.near(127 - 140 - exponent(a) + 127, 20),
                    5 => self.near(exponent(a) + 140, 20), // a quotient below the normal range
                    _ => self.single(),
                };
                let word = self.word();
                [a, b, word as u32, (word >> 32) as u32]
            }
        }
    }
}
