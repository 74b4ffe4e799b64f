//! Rows times a matrix that is written out.

/// Columns of a tile.
const TILE: usize = 8;
/// Rows with so small a part of their numbers take the matrix as it lies.
const FEW: usize = 16;

/// out += rows times matrix, in tiles of four rows and eight columns whose sums stay in registers; a row of the matrix
/// that all four have a 0 for is passed over.
pub(super) fn multiply(rows: &[f64], n: usize, matrix: &[f64], columns: usize, out: &mut [f64]) {
    let four = 4 * n;
    let used: Vec<Vec<usize>> = rows
        .chunks(four)
        .map(|rows| {
            let any = |j: &usize| rows.iter().skip(*j).step_by(n).any(|q| *q != 0.0);
            (0..n).filter(any).collect()
        })
        .collect();
    // At first a row has a neuron or two.
    if used.iter().all(|used| FEW * used.len() <= n) {
        let blocks = rows.chunks(four).zip(out.chunks_mut(4 * columns));
        for ((rows, out), used) in blocks.zip(&used) {
            for (row, out) in rows.chunks_exact(n).zip(out.chunks_exact_mut(columns)) {
                for &j in used.iter().filter(|j| row[**j] != 0.0) {
                    let entries = &matrix[j * columns..][..columns];
                    out.iter_mut()
                        .zip(entries)
                        .for_each(|(o, m)| *o = m.mul_add(row[j], *o));
                }
            }
        }
        return;
    }
    // The tile's columns side by side: rows of a power of two would meet in a few lines of the cache.
    let mut packed = vec![[0.0; TILE]; n];
    for first in (0..columns).step_by(TILE) {
        let width = TILE.min(columns - first);
        for (packed, row) in packed.iter_mut().zip(matrix.chunks_exact(columns)) {
            packed[..width].copy_from_slice(&row[first..first + width]);
        }
        let blocks = rows.chunks(four).zip(out.chunks_mut(4 * columns));
        for ((rows, out), used) in blocks.zip(&used) {
            if width == TILE && rows.len() == four {
                tile(rows, &packed, columns, first, used, out);
                continue;
            }
            for (row, out) in rows.chunks_exact(n).zip(out.chunks_exact_mut(columns)) {
                for &j in used {
                    let out = &mut out[first..first + width];
                    out.iter_mut()
                        .zip(&packed[j])
                        .for_each(|(o, m)| *o = m.mul_add(row[j], *o));
                }
            }
        }
    }
}

/// One full tile.
fn tile(
    rows: &[f64],
    packed: &[[f64; TILE]],
    columns: usize,
    first: usize,
    used: &[usize],
    out: &mut [f64],
) {
    let n = packed.len();
    let mut sums = [[0.0; TILE]; 4];
    for (r, sums) in sums.iter_mut().enumerate() {
        sums.copy_from_slice(&out[r * columns + first..][..TILE]);
    }
    let (q0, rest) = rows.split_at(n);
    let (q1, rest) = rest.split_at(n);
    let (q2, q3) = rest.split_at(n);
    for &j in used {
        let m = &packed[j];
        let q = [q0[j], q1[j], q2[j], q3[j]];
        for (sums, q) in sums.iter_mut().zip(q) {
            for (s, m) in sums.iter_mut().zip(m) {
                *s = m.mul_add(q, *s);
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        out[r * columns + first..][..TILE].copy_from_slice(sums);
    }
}
