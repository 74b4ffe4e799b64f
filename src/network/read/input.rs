//! Inputs of a network: arrays and pictures, their layout, and preprocessing in ball arithmetic.

use crate::arith::ball::Ball;
use crate::arith::npy;
use crate::arith::npy::Values;
use crate::error::{Error, Result};
use crate::network::model::graph::Preprocessing;
use crate::network::model::ops::TensorShape;
use crate::network::model::tensor::Tensor;
use rug::Rational;

/// Largest side of a picture.
const MAX_SIDE: u32 = 1 << 14;

/// The order of an array's axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Channels, rows, columns (also flat vectors of these).
    Nchw,
    /// Rows, columns, channels.
    Nhwc,
}

/// Samples of one shape, channels first, as the numbers of the file.
#[derive(Debug, Clone)]
pub struct Samples {
    shape: TensorShape,
    layout: Layout,
    picture: bool,
    values: Values,
    count: usize,
}

impl Samples {
    /// Samples from an array: of one sample or of many, along the first axis.
    ///
    /// **Inputs** `layout` where the dimensions alone do not tell it; `last` where the network's file takes channels last, so
    /// that a flat vector may be in either order.
    ///
    /// # Errors
    /// Dimensions that are not those of the network's input in the layout that is asked for, or in either; ambiguous ones.
    pub fn from_array(
        array: npy::Array,
        shape: TensorShape,
        layout: Option<Layout>,
        last: bool,
    ) -> Result<Self> {
        let TensorShape {
            channels: c,
            height: h,
            width: w,
        } = shape;
        let one = shape.len();
        let dims = array.dims.as_slice();
        let plain: [&[usize]; 5] = [&[c, h, w], &[h, w], &[one], &[c, h], &[1, one]];
        let first = |list: &[&[usize]], n: usize| {
            let fits = |d: &&&[usize]| d.iter().product::<usize>() == one;
            list.iter().filter(fits).any(|d| *d == &dims[n..])
        };
        // Where there is one channel or one pixel both orders are the same.
        let open = c > 1 && shape.pixels() > 1;
        let mut found = Vec::new();
        for (batch, count) in [(0, Some(1)), (1, dims.first().copied())] {
            let Some(count) = count.filter(|_| dims.len() >= batch) else {
                continue;
            };
            // Grey maps go into a network of flat vectors row by row: there is only one way.
            let grey = matches!(dims[batch..], [a, b] | [1, a, b] if a.checked_mul(b) == Some(one));
            if first(&plain, batch) || (h == 1 && w == 1 && grey) {
                found.push((Layout::Nchw, count));
            }
            let flat = matches!(dims[batch..], [n] | [1, n] if n == one);
            let flat_last = open && flat && (last || layout == Some(Layout::Nhwc));
            if flat_last || (c > 1 && first(&[&[h, w, c]], batch)) {
                found.push((Layout::Nhwc, count));
            }
        }
        if let Some(layout) = layout {
            let same = |(l, _): &(Layout, usize)| *l == layout;
            // It says nothing of maps of one channel, nor of networks of flat vectors.
            if open || found.iter().any(same) {
                found.retain(same);
            }
        }
        let ambiguous = found.windows(2).any(|p| p[0].0 != p[1].0);
        if ambiguous {
            return Err(Error::domain(format!(
                "an array of shape {dims:?} can be read as NCHW or NHWC: say which with --layout nchw or nhwc"
            )));
        }
        match found.first() {
            Some(&(layout, count)) if count > 0 => Ok(Self {
                shape,
                layout,
                picture: false,
                values: array.values,
                count,
            }),
            _ => Err(Error::domain(format!(
                "an array of shape {dims:?}; the network takes {shape}: [N,{c},{h},{w}], [N,{h},{w},{c}] or [N,{one}] (grey maps too where it takes flat vectors), N left out for one sample"
            ))),
        }
    }

    /// One sample from a PNG or JPEG picture (8 bits a channel), of the network's size.
    ///
    /// # Errors
    /// A file that cannot be decoded, or a picture of another size: it is never resized.
    pub fn from_picture(bytes: &[u8], shape: TensorShape) -> Result<Self> {
        let bad =
            |e: &dyn std::fmt::Display| Error::parse("", format!("not a readable picture: {e}"));
        let mut reader = image::ImageReader::new(std::io::Cursor::new(bytes));
        let mut limits = image::Limits::default();
        limits.max_image_width = Some(MAX_SIDE);
        limits.max_image_height = Some(MAX_SIDE);
        limits.max_alloc = Some(1 << 30);
        reader.limits(limits);
        let picture = reader
            .with_guessed_format()
            .map_err(|e| bad(&e))?
            .decode()
            .map_err(|e| bad(&e))?;
        let (w, h) = (picture.width() as usize, picture.height() as usize);
        let deep = !matches!(
            picture.color(),
            image::ColorType::L8
                | image::ColorType::La8
                | image::ColorType::Rgb8
                | image::ColorType::Rgba8
        );
        if deep {
            return Err(Error::unsupported(format!(
                "a picture of {:?}; 8 bits a channel are read",
                picture.color()
            )));
        }
        let values = match shape.channels {
            3 if !picture.color().has_color() => {
                return Err(Error::domain(
                    "a grey picture, the network takes 3 channels",
                ));
            }
            3 => picture.to_rgb8().into_raw(),
            1 if picture.color().has_color() => {
                return Err(Error::domain(
                    "a coloured picture, the network takes 1 channel",
                ));
            }
            1 => picture.to_luma8().into_raw(),
            n => return Err(Error::domain(format!("a picture cannot give {n} channels"))),
        };
        if (h, w) != (shape.height, shape.width) {
            return Err(Error::domain(format!(
                "a picture of {w}x{h} (width x height), the network takes {}x{}: resize it first",
                shape.width, shape.height
            )));
        }
        Ok(Self {
            shape,
            layout: Layout::Nhwc,
            picture: true,
            values: Values::Bytes(values),
            count: 1,
        })
    }

    /// The number of samples.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Whether the samples are bytes.
    pub fn are_bytes(&self) -> bool {
        matches!(self.values, Values::Bytes(_))
    }

    /// The order of the file's channels and axes beside the network's, in words.
    pub fn words(&self, reversed: bool) -> String {
        let axes = match (self.layout, self.shape.pixels()) {
            (_, 1) => "flat",
            (Layout::Nchw, _) => "NCHW",
            (Layout::Nhwc, _) => "NCHW from an NHWC file",
        };
        let channels = match (self.shape.channels, reversed, self.picture) {
            _ if axes == "flat" => return axes.to_owned(),
            (1, ..) => "one channel",
            (3, false, true) => "channels RGB",
            (3, true, true) => "channels BGR, from the picture's RGB",
            (3, true, false) => "channels BGR, the file's reversed",
            (3, ..) => "channels as in the file, RGB where it is RGB",
            _ => "channels as in the file",
        };
        format!("{channels}, {axes}")
    }

    /// The file's numbers of one sample, channels first, in the network's order.
    ///
    /// **Inputs** `reversed` as in [`Preprocessing`].
    ///
    /// # Panics
    /// If there are not so many samples.
    pub fn raw(&self, sample: usize, reversed: bool) -> Vec<f64> {
        let n = self.shape.len();
        let (c, pixels) = (self.shape.channels, self.shape.pixels());
        let at = |i: usize| {
            let (channel, pixel) = (own_channel(i / pixels, c, reversed), i % pixels);
            match self.layout {
                Layout::Nchw => channel * pixels + pixel,
                Layout::Nhwc => pixel * c + channel,
            }
        };
        (0..n)
            .map(|i| self.values.get(sample * n + at(i)))
            .collect()
    }

    /// One sample as the network's input, exactly.
    ///
    /// # Panics
    /// If there are not so many samples, or a number is not finite.
    pub fn exact(&self, sample: usize, preprocessing: &Preprocessing) -> Vec<Rational> {
        let pixels = self.shape.pixels();
        let all = self
            .raw(sample, preprocessing.reversed)
            .into_iter()
            .enumerate();
        all.map(|(i, v)| {
            let (a, b) = preprocessing.affine(i / pixels);
            Rational::from_f64(v).expect("inputs are finite") * a + b
        })
        .collect()
    }

    /// One sample as the network's input.
    ///
    /// **Guarantee** the balls hold (scale v - mean) / std exactly evaluated.
    ///
    /// # Errors
    /// A number that is not finite, or outside `domain` after scaling, naming the element.
    pub fn input(
        &self,
        sample: usize,
        preprocessing: &Preprocessing,
        domain: Option<&(Rational, Rational)>,
    ) -> Result<Tensor> {
        let pixels = self.shape.pixels();
        let maps: Vec<(Ball, Ball)> = (0..self.shape.channels)
            .map(|c| {
                let (a, b) = preprocessing.affine(c);
                (Ball::rational(&a), Ball::rational(&b))
            })
            .collect();
        let identity = *preprocessing == Preprocessing::default();
        let mut balls = Vec::with_capacity(self.shape.len());
        let reversed = preprocessing.reversed;
        for (i, v) in self.raw(sample, reversed).into_iter().enumerate() {
            let exact = Rational::from_f64(v);
            let inside = match (&exact, domain) {
                (Some(v), Some((lo, hi))) => {
                    let scaled = Rational::from(v * &preprocessing.scale);
                    *lo <= scaled && scaled <= *hi
                }
                (Some(_), None) => true,
                (None, _) => false,
            };
            if !inside {
                let allowed = domain.map_or("finite numbers".to_owned(), |(lo, hi)| {
                    format!("[{lo}, {hi}] after the scale {}", preprocessing.scale)
                });
                return Err(Error::domain(format!(
                    "sample {sample}, channel {}, row {}, column {}: {v} is outside the stated domain, {allowed}",
                    own_channel(i / pixels, self.shape.channels, reversed),
                    i % pixels / self.shape.width,
                    i % self.shape.width
                )));
            }
            let (a, b) = maps[i / pixels];
            balls.push(if identity {
                Ball::exact(v)
            } else {
                a.times(Ball::exact(v)).plus(b)
            });
        }
        Ok(Tensor::from_balls(self.shape, &balls))
    }
}

/// The file's channel that a channel of the network is made of.
fn own_channel(channel: usize, channels: usize, reversed: bool) -> usize {
    if reversed {
        channels - 1 - channel
    } else {
        channel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(dims: &[usize]) -> npy::Array {
        let n = dims.iter().product::<usize>();
        npy::Array {
            dims: dims.to_vec(),
            values: Values::Bytes((0..n).map(|i| i as u8).collect()),
        }
    }

    #[test]
    fn layouts_are_told_by_shape_or_asked_for() {
        let s = TensorShape::new(2, 3, 4);
        let read = |dims: &[usize], l| Samples::from_array(array(dims), s, l, false);
        assert_eq!(read(&[5, 2, 3, 4], None).unwrap().len(), 5);
        assert_eq!(read(&[24], None).unwrap().len(), 1);
        assert_eq!(read(&[7, 24], None).unwrap().len(), 7);
        let nhwc = read(&[2, 3, 4, 2], None).unwrap();
        assert_eq!(nhwc.raw(1, false)[..3], [24.0, 26.0, 28.0]);
        assert_eq!(nhwc.raw(0, false)[12..14], [1.0, 3.0]);
        let error = read(&[5, 4, 3, 2], None).unwrap_err().to_string();
        assert!(error.contains("the network takes 2x3x4"), "{error}");
        let cube = TensorShape::new(3, 3, 3);
        let read = |l| Samples::from_array(array(&[2, 3, 3, 3]), cube, l, false);
        assert!(read(None).unwrap_err().to_string().contains("--layout"));
        assert_eq!(read(Some(Layout::Nhwc)).unwrap().raw(0, false)[1], 3.0);
        assert_eq!(read(Some(Layout::Nchw)).unwrap().raw(0, false)[1], 1.0);
        let grey = Samples::from_array(array(&[6, 4, 4]), TensorShape::new(1, 4, 4), None, false);
        assert_eq!(grey.unwrap().len(), 6);
        let flat = |dims: &[usize]| {
            Samples::from_array(array(dims), TensorShape::new(16, 1, 1), None, false)
        };
        for (dims, count) in [(&[6, 4, 4][..], 6), (&[6, 1, 2, 8], 6), (&[4, 4], 1)] {
            let read = flat(dims).unwrap();
            assert_eq!(
                (read.len(), read.raw(0, false)[5]),
                (count, 5.0),
                "{dims:?}"
            );
        }
        assert!(flat(&[6, 2, 2, 4]).is_err());
    }

    #[test]
    fn preprocessing_is_enclosed_and_its_domain_kept() {
        let s = Samples::from_array(array(&[2, 1, 2]), TensorShape::new(2, 1, 2), None, false);
        let s = s.unwrap_or_else(|e| panic!("{e}"));
        let mut p = Preprocessing {
            reversed: false,
            scale: Rational::from((1, 255)),
            mean: vec![Rational::from((485, 1000)), Rational::from((1, 3))],
            deviation: vec![Rational::from((229, 1000))],
        };
        let x = s.input(0, &p, None).unwrap();
        for (i, ball) in x.balls().enumerate() {
            let exact = (Rational::from((i as u32, 255)) - &p.mean[i / 2]) / &p.deviation[0];
            let (lo, hi) = ball.ends().unwrap();
            assert!(lo <= exact && exact <= hi);
            assert!(ball.radius < 1e-30);
        }
        let domain = (Rational::new(), Rational::from((2, 255)));
        let error = s.input(0, &p, Some(&domain)).unwrap_err().to_string();
        assert!(
            error.contains("channel 1, row 0, column 1: 3 is outside"),
            "{error}"
        );
        // Reversed, the network's channel 0 is the file's channel 1; mean and deviation are the network's.
        p.reversed = true;
        let exact = s.exact(0, &p);
        for (i, v) in [2u32, 3, 0, 1].into_iter().enumerate() {
            assert_eq!(
                exact[i],
                (Rational::from((v, 255)) - &p.mean[i / 2]) / &p.deviation[0]
            );
        }
        let error = s.input(0, &p, Some(&domain)).unwrap_err().to_string();
        assert!(
            error.contains("channel 1, row 0, column 1: 3 is outside"),
            "{error}"
        );
    }

    #[test]
    fn the_order_of_a_flat_vector_is_asked_where_the_file_takes_channels_last() {
        let s = TensorShape::new(2, 3, 4);
        let read = |dims: &[usize], layout, last| Samples::from_array(array(dims), s, layout, last);
        let first_two = |r: Result<Samples>| r.unwrap().raw(0, false)[..2].to_vec();
        for dims in [&[24][..], &[1, 24], &[2, 24]] {
            let error = read(dims, None, true).unwrap_err().to_string();
            assert!(error.contains("say which with --layout"), "{error}");
            for last in [false, true] {
                let nchw = read(dims, Some(Layout::Nchw), last);
                assert_eq!(first_two(nchw), [0.0, 1.0], "{dims:?}");
                let nhwc = read(dims, Some(Layout::Nhwc), last);
                assert_eq!(first_two(nhwc), [0.0, 2.0], "{dims:?}");
            }
        }
        assert_eq!(read(&[3, 4, 2], None, true).unwrap().len(), 1);
        // A layout that the dimensions contradict is no layout.
        assert!(read(&[3, 4, 2], Some(Layout::Nchw), false).is_err());
        assert!(read(&[2, 3, 4], Some(Layout::Nhwc), false).is_err());
        let flat = TensorShape::flat(24);
        let said = Some(Layout::Nhwc);
        assert!(Samples::from_array(array(&[24]), flat, said, true).is_ok());
    }

    #[test]
    fn orders_are_told() {
        let words = |shape, dims: &[usize], reversed| {
            let samples = Samples::from_array(array(dims), shape, None, false).unwrap();
            samples.words(reversed)
        };
        let three = TensorShape::new(3, 1, 2);
        assert_eq!(
            words(three, &[3, 1, 2], true),
            "channels BGR, the file's reversed, NCHW"
        );
        assert_eq!(
            words(three, &[1, 2, 3], false),
            "channels as in the file, RGB where it is RGB, NCHW from an NHWC file"
        );
        assert_eq!(words(TensorShape::flat(6), &[6], false), "flat");
    }
}
