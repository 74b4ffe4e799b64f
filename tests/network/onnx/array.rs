//! Arrays of exact numbers of any rank, broadcast as ONNX does.

use rug::Rational;

#[derive(Clone, Debug)]
pub struct Array {
    pub dims: Vec<usize>,
    pub values: Vec<Rational>,
}

impl Array {
    pub fn new(dims: &[usize], mut at: impl FnMut(&[usize]) -> Rational) -> Self {
        let mut index = vec![0; dims.len()];
        let mut values = Vec::new();
        for _ in 0..dims.iter().product::<usize>() {
            values.push(at(&index));
            for axis in (0..dims.len()).rev() {
                index[axis] += 1;
                if index[axis] < dims[axis] {
                    break;
                }
                index[axis] = 0;
            }
        }
        Self {
            dims: dims.to_vec(),
            values,
        }
    }

    pub fn at(&self, index: &[usize]) -> Rational {
        let place = index.iter().zip(&self.dims).fold(0, |p, (i, d)| p * d + i);
        self.values[place].clone()
    }

    /// Broadcast: axes aligned at the last, size 1 repeated.
    pub fn spread(&self, index: &[usize]) -> Rational {
        let skipped = index.len() - self.dims.len();
        let own: Vec<usize> = self
            .dims
            .iter()
            .enumerate()
            .map(|(a, d)| if *d == 1 { 0 } else { index[a + skipped] })
            .collect();
        self.at(&own)
    }

    pub fn reshaped(&self, dims: &[usize]) -> Option<Self> {
        (dims.iter().product::<usize>() == self.values.len()).then(|| Self {
            dims: dims.to_vec(),
            values: self.values.clone(),
        })
    }
}

pub fn broadcast(
    a: &Array,
    b: &Array,
    f: impl Fn(Rational, Rational) -> Rational,
) -> Option<Array> {
    let rank = a.dims.len().max(b.dims.len());
    let size = |x: &Array, axis: usize| {
        if axis + x.dims.len() < rank {
            1
        } else {
            x.dims[axis + x.dims.len() - rank]
        }
    };
    let mut dims = Vec::new();
    for axis in 0..rank {
        let (x, y) = (size(a, axis), size(b, axis));
        if x != y && x != 1 && y != 1 {
            return None;
        }
        dims.push(x.max(y));
    }
    Some(Array::new(&dims, |i| f(a.spread(i), b.spread(i))))
}
