//! Arrays of numbers as files hold them: words of a fixed size, and the two kinds of 16-bit floats, exactly.

/// The words of N bytes, read one by one; a rest that is no whole word is left out.
pub fn words<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    let words = raw.chunks_exact(N);
    words.filter_map(|w| w.try_into().ok().map(&read)).collect()
}

/// IEEE binary16, exactly: 1 sign, 5 exponent and 10 fraction bits, bias 15.
pub fn binary16(bits: u16) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 0x1f), f64::from(bits & 0x3ff));
    sign * match exponent {
        0 => fraction * power(-24),
        0x1f if fraction == 0.0 => f64::INFINITY,
        0x1f => f64::NAN,
        e => (1024.0 + fraction) * power(e - 25),
    }
}

/// 2^e, e from -1022 to 1023, by its bits: `exp2` and `powi` promise no exactness.
fn power(e: i32) -> f64 {
    f64::from_bits(((1023 + e) as u64) << 52)
}

/// bfloat16, exactly: the upper half of an f32.
pub fn bfloat16(bits: u16) -> f64 {
    f64::from(f32::from_bits(u32::from(bits) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_exact() {
        // From the standard's tables: largest, smallest normal, largest and smallest subnormal.
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x0400, 6.103_515_625e-5),
            (0x03ff, 6.097_555_160_522_461e-5),
            (0x0001, 5.960_464_477_539_063e-8),
            (0x0001, 2f64.powi(-24)),
            (0x3555, 0.333_251_953_125),
            (0x3555, 1365.0 / 4096.0),
            (0x8000, 0.0),
            (0x7c00, f64::INFINITY),
        ] {
            assert_eq!(binary16(bits), value, "{bits:x}");
        }
        assert!(binary16(0x7e00).is_nan());
        assert_eq!((bfloat16(0x3f80), bfloat16(0xc049)), (1.0, -3.140_625));
    }
}
