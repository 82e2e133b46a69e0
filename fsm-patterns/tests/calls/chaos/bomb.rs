//! A small answer that becomes a large one: zeros under gzip (RFC 1952) by the fixed codes of deflate
//! (RFC 1951, section 3.2.6).

/// Bits, the first of each byte being its lowest.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    count: usize,
}

impl Bits {
    fn bit(&mut self, bit: bool) {
        if self.count.is_multiple_of(8) {
            self.bytes.push(0);
        }
        if bit && let Some(last) = self.bytes.last_mut() {
            *last |= 1 << (self.count % 8);
        }
        self.count += 1;
    }

    /// A Huffman code, its highest bit first.
    fn code(&mut self, code: u32, length: u32) {
        (0..length).rev().for_each(|place| self.bit(code >> place & 1 == 1));
    }
}

/// At least so many zeros, 150 times smaller. Without a right check sum: nobody comes that far.
pub(crate) fn zeros(length: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    // The last block, with the fixed codes.
    [true, true, false].into_iter().for_each(|bit| bits.bit(bit));
    // A zero, and then "258 times what was before" as often as it takes.
    bits.code(0b0011_0000, 8);
    for _ in 0..length.div_ceil(258) {
        bits.code(0b1100_0101, 8);
        bits.code(0, 5);
    }
    bits.code(0, 7);
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    [&head[..], &bits.bytes, &[0; 8]].concat()
}
