//! IDX, the format of MNIST and its successors: two zero bytes, an element type, the number of dimensions, the
//! dimensions as big-endian 32-bit numbers, the elements.
use super::{DataError, DataTensor, MAX_BYTES};
use assay_core::graph::{Dtype, GraphError, Shape};
use flate2::read::MultiGzDecoder;
use std::io::{BufReader, Chain, Cursor, Read};

const U8: u8 = 0x08;
const F32: u8 = 0x0d;
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The tensor of a file, unpacked if it is compressed.
pub(super) fn read(file: impl Read) -> Result<DataTensor, DataError> {
    let mut file = BufReader::new(file);
    let mut magic = [0; 2];
    file.read_exact(&mut magic).map_err(short)?;
    let whole: Chain<_, _> = Cursor::new(magic).chain(file);
    if magic == GZIP {
        read_plain(MultiGzDecoder::new(whole))
    } else {
        read_plain(whole)
    }
}

fn read_plain(mut file: impl Read) -> Result<DataTensor, DataError> {
    let mut magic = [0; 4];
    file.read_exact(&mut magic).map_err(short)?;
    let [0, 0, element, rank] = magic else {
        return Err(DataError::NotIdx(magic));
    };
    let dtype = match element {
        U8 => Dtype::U8,
        F32 => Dtype::F32,
        other => return Err(DataError::IdxType(other)),
    };
    if rank == 0 {
        return Err(DataError::Scalar);
    }
    let mut dims = Vec::new();
    for _ in 0..rank {
        let mut dim = [0; 4];
        file.read_exact(&mut dim).map_err(short)?;
        dims.push(u32::from_be_bytes(dim));
    }
    let shape = Shape::new(&dims).map_err(|error: GraphError| DataError::Graph(error))?;
    let expected = shape.elements() * dtype.size();
    if expected > MAX_BYTES {
        return Err(DataError::TooLarge { got: expected, max: MAX_BYTES });
    }
    // Grows with what is there, not with what the header says.
    let mut bytes = Vec::new();
    file.take(expected + 1).read_to_end(&mut bytes)?;
    let got = bytes.len() as u64;
    if got < expected {
        return Err(DataError::Truncated { expected, got });
    }
    if got > expected {
        return Err(DataError::Trailing { expected });
    }
    if dtype == Dtype::F32 {
        bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|item| item.reverse());
    }
    DataTensor::new(dtype, shape, bytes)
}

/// A file that ends within its header.
fn short(error: std::io::Error) -> DataError {
    if error.kind() == std::io::ErrorKind::UnexpectedEof {
        DataError::Truncated { expected: 4, got: 0 }
    } else {
        error.into()
    }
}
