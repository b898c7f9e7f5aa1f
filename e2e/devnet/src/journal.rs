//! The file that a chain survives in: blocks and what they changed, appended, each with a checksum.
//!
//! A process can be killed at any byte. So a record counts only when it is whole; a torn one at the end is dropped on
//! the next start, with a line in the log. A damaged record *before* whole ones can't come from that and is an error.

use crate::{error::Error, state::Changes};
use assay_runtime::{Hash, Header};
use codec::{Decode, DecodeAll, Encode};
use sp_crypto_hashing::blake2_128;
use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

/// The file's name in the data directory.
pub const FILE: &str = "blocks.log";
const MAGIC: &[u8; 16] = b"assay-devnet/1\r\n";
const RECORD: [u8; 4] = *b"BLK\x01";
/// Record mark, payload length, checksum.
const RECORD_HEAD: usize = 4 + 4 + 16;
/// No block comes near; a length above it is damage.
const MAX_RECORD: usize = 256 * 1024 * 1024;

/// A block as it is kept.
#[derive(Clone, Debug, Encode, Decode, PartialEq, Eq)]
pub struct Record {
    /// Its header.
    pub header: Header,
    /// Its transactions, each with its length in front.
    pub body: Vec<Vec<u8>>,
    /// What it changed.
    pub changes: Changes,
}

/// The open file, locked against other processes.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    end: u64,
}

/// What was dropped from the end of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// Where the file ends now.
    pub offset: u64,
    /// How many bytes followed.
    pub bytes: u64,
}

impl Journal {
    /// Opens or creates the file in `dir`, hands every whole record to `each`, and drops a torn end.
    pub fn open(
        dir: &Path,
        genesis: Hash,
        mut each: impl FnMut(Record) -> Result<(), Error>,
    ) -> Result<(Self, Option<Torn>), Error> {
        let path = dir.join(FILE);
        let failed = |action, path: &Path| {
            let path = path.to_path_buf();
            move |source| Error::File { action, path, source }
        };
        std::fs::create_dir_all(dir).map_err(failed("create", dir))?;
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(failed("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::InUse { path }),
            Err(TryLockError::Error(source)) => return Err(Error::File { action: "lock", path, source }),
        }
        let length = file.metadata().map_err(failed("read", &path))?.len();
        let head = [MAGIC.as_slice(), genesis.as_bytes()].concat();
        let mut reader = BufReader::new(&file);
        let mut found = Vec::new();
        reader.by_ref().take(head.len() as u64).read_to_end(&mut found).map_err(failed("read", &path))?;
        if found.len() < head.len() {
            // New, or killed while it was being created.
            if !head.starts_with(&found) {
                return Err(Error::NotALog { path });
            }
            file.rewind().and_then(|()| file.write_all(&head)).map_err(failed("write", &path))?;
            let end = head.len() as u64;
            return Ok((Self { file, path, end }, None));
        }
        if found[..MAGIC.len()] != *MAGIC {
            return Err(Error::NotALog { path });
        }
        if found != head {
            return Err(Error::OtherChain { path, found: Hash::from_slice(&found[MAGIC.len()..]), expected: genesis });
        }

        let mut end = head.len() as u64;
        while let Some((payload, size)) = read_record(&mut reader, length - end).map_err(failed("read", &path))? {
            // Its checksum fits, so this was written by something else than this build: not to be dropped.
            let record = Record::decode_all(&mut payload.as_slice())
                .map_err(|_| Error::Corrupt { path: path.clone(), offset: end })?;
            each(record)?;
            end += size;
        }
        let mut torn = None;
        if end < length {
            file.seek(SeekFrom::Start(end)).map_err(failed("read", &path))?;
            if holds_record(&mut file, length - end).map_err(failed("read", &path))? {
                return Err(Error::Corrupt { path, offset: end });
            }
            file.set_len(end).map_err(failed("truncate", &path))?;
            torn = Some(Torn { offset: end, bytes: length - end });
        }
        file.seek(SeekFrom::Start(end)).map_err(failed("write", &path))?;
        Ok((Self { file, path, end }, torn))
    }

    /// Appends a block. When it returns, the block survives the process being killed.
    pub fn append(&mut self, record: &Record) -> Result<(), Error> {
        let payload = record.encode();
        let length = u32::try_from(payload.len()).unwrap_or(u32::MAX);
        let written = if payload.len() > MAX_RECORD {
            Err(io::Error::other("block too large for the log"))
        } else {
            let mut bytes = Vec::with_capacity(RECORD_HEAD + payload.len());
            bytes.extend(RECORD);
            bytes.extend(length.to_le_bytes());
            bytes.extend(checksum(length, &payload));
            bytes.extend(payload);
            self.file.write_all(&bytes).map(|()| bytes.len() as u64)
        };
        match written {
            Ok(size) => {
                self.end += size;
                Ok(())
            }
            Err(source) => {
                // Half a record may be there (disk full): the next append must not follow it.
                let _ = self.file.set_len(self.end).and_then(|()| self.file.seek(SeekFrom::Start(self.end)));
                Err(Error::File { action: "write", path: self.path.clone(), source })
            }
        }
    }

    /// Waits until all is on the disk itself.
    pub fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(|source| Error::File { action: "sync", path: self.path.clone(), source })
    }
}

fn checksum(length: u32, payload: &[u8]) -> [u8; 16] {
    blake2_128(&[length.to_le_bytes().as_slice(), payload].concat())
}

/// The payload of the next record and the record's size in the file; `None` if no whole record follows.
fn read_record(reader: &mut impl Read, left: u64) -> io::Result<Option<(Vec<u8>, u64)>> {
    let mut head = [0; RECORD_HEAD];
    if left < RECORD_HEAD as u64 {
        return Ok(None);
    }
    reader.read_exact(&mut head)?;
    let (mark, rest) = head.split_at(4);
    let (length, sum) = rest.split_at(4);
    let length = u32::from_le_bytes([length[0], length[1], length[2], length[3]]);
    let size = RECORD_HEAD as u64 + u64::from(length);
    if mark != RECORD || length as usize > MAX_RECORD || size > left {
        return Ok(None);
    }
    let mut payload = vec![0; length as usize];
    reader.read_exact(&mut payload)?;
    Ok((checksum(length, &payload) == sum).then_some((payload, size)))
}

/// Whether a whole record lies anywhere in the `left` bytes that follow.
fn holds_record(file: &mut File, left: u64) -> io::Result<bool> {
    let mut rest = Vec::new();
    file.take(left).read_to_end(&mut rest)?;
    for start in 1..rest.len() {
        if rest[start..].starts_with(&RECORD) {
            let mut candidate = &rest[start..];
            let left = candidate.len() as u64;
            if read_record(&mut candidate, left)?.is_some() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(number: u32) -> Record {
        let header = Header {
            parent_hash: Hash::zero(),
            number,
            state_root: Hash::zero(),
            extrinsics_root: Hash::zero(),
            digest: Default::default(),
        };
        Record { header, body: vec![vec![number as u8; 50]], changes: Changes::default() }
    }

    fn numbers(dir: &Path, genesis: Hash) -> Result<(Vec<u32>, Option<Torn>), Error> {
        let mut numbers = Vec::new();
        let (_, torn) = Journal::open(dir, genesis, |record| {
            numbers.push(record.header.number);
            Ok(())
        })?;
        Ok((numbers, torn))
    }

    fn written(count: u32) -> (tempfile::TempDir, Vec<u8>, Vec<usize>) {
        let dir = tempfile::tempdir().unwrap();
        let (mut journal, _) = Journal::open(dir.path(), Hash::zero(), |_| Ok(())).unwrap();
        let mut ends = vec![journal.end as usize];
        for number in 0..count {
            journal.append(&record(number)).unwrap();
            ends.push(journal.end as usize);
        }
        let bytes = std::fs::read(dir.path().join(FILE)).unwrap();
        (dir, bytes, ends)
    }

    #[test]
    fn any_torn_end_is_dropped_and_the_rest_kept() {
        let (dir, bytes, ends) = written(3);
        for cut in 0..bytes.len() {
            std::fs::write(dir.path().join(FILE), &bytes[..cut]).unwrap();
            let (found, torn) = numbers(dir.path(), Hash::zero()).unwrap();
            let whole = ends.iter().filter(|end| **end <= cut).count().saturating_sub(1);
            assert_eq!(found.len(), whole, "cut at {cut}");
            assert_eq!(torn.is_some(), cut > ends[0] && !ends.contains(&cut), "cut at {cut}");
            assert_eq!(numbers(dir.path(), Hash::zero()).unwrap(), (found, None), "repaired");
        }
    }

    #[test]
    fn damage_in_the_last_record_is_a_torn_end_and_elsewhere_an_error() {
        let (dir, bytes, ends) = written(3);
        for at in ends[0]..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x10;
            std::fs::write(dir.path().join(FILE), &damaged).unwrap();
            let result = numbers(dir.path(), Hash::zero());
            if at < ends[2] {
                assert!(matches!(result, Err(Error::Corrupt { .. })), "at {at}: {result:?}");
                assert_eq!(std::fs::read(dir.path().join(FILE)).unwrap(), damaged, "nothing touched");
            } else {
                assert_eq!(result.unwrap().0, [0, 1], "at {at}");
            }
        }
    }

    #[test]
    fn other_chains_other_files_and_other_processes_are_refused() {
        let (dir, bytes, _) = written(1);
        assert!(matches!(numbers(dir.path(), Hash::repeat_byte(1)), Err(Error::OtherChain { .. })));
        std::fs::write(dir.path().join(FILE), b"something else").unwrap();
        assert!(matches!(numbers(dir.path(), Hash::zero()), Err(Error::NotALog { .. })));
        std::fs::write(dir.path().join(FILE), bytes).unwrap();
        let _open = Journal::open(dir.path(), Hash::zero(), |_| Ok(())).unwrap();
        assert!(matches!(numbers(dir.path(), Hash::zero()), Err(Error::InUse { .. })));
    }
}
