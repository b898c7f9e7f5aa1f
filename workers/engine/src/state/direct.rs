//! Large files, written past the system's cache.
//!
//! A checkpoint isn't read again soon. Through the cache its pages would be the system's fresh memory, which costs more
//! than hashing what is written to them, and would drive out what training reads.
use memmap2::MmapMut;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::mpsc::{sync_channel, Receiver, SyncSender};

/// Bytes written at once: disks are as fast as they get, and two buffers of it are little memory.
const BLOCK: usize = 4 << 20;
/// Where buffers begin in memory, what divides them, and so where pieces begin in a file: large pages. To hand one over costs the
/// system as much as to hand over a small one; and no disk asks for more.
const LARGE_PAGE: usize = 2 << 20;
/// Blocks at once: one is filled while the disk takes the other.
const BLOCKS: usize = 2;

/// Writes the pieces that `produce` hands over, one behind the other, from the begin of a new, empty file on.
///
/// The same file lies at the path. Where there is no way past the cache, all goes through it, as the last bytes always do.
///
/// # Errors
/// The file can't be written to; how many pieces were is not known then.
pub(super) fn write_pieces<R>(
    file: &File,
    path: &Path,
    produce: impl FnOnce(&mut dyn FnMut(&[u8])) -> R,
) -> io::Result<R> {
    match open_direct(path) {
        Some(direct) => past_cache(&direct, file, produce),
        None => through_cache(file, produce),
    }
}

fn through_cache<R>(mut file: &File, produce: impl FnOnce(&mut dyn FnMut(&[u8])) -> R) -> io::Result<R> {
    // What fails is remembered, and nothing is written behind it.
    let mut done = Ok(());
    let produced = produce(&mut |piece| {
        if done.is_ok() {
            done = file.write_all(piece);
        }
    });
    done.map(|()| produced)
}

fn past_cache<R>(direct: &File, file: &File, produce: impl FnOnce(&mut dyn FnMut(&[u8])) -> R) -> io::Result<R> {
    let current = Block::new()?;
    std::thread::scope(|scope| {
        // Full blocks go there and come back empty.
        let (there, full) = sync_channel(BLOCKS);
        let (back, empty) = sync_channel(BLOCKS);
        let disk = scope.spawn(move || write_blocks(direct, file, &full, &back));
        let mut blocks = Blocks { current, there, empty, failed: false };
        let produced = produce(&mut |piece| blocks.push(piece));
        let Blocks { current, there, .. } = blocks;
        drop(there);
        let at = disk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        file.write_all_at(current.filled(), at)?;
        Ok(produced)
    })
}

/// Writes every block that comes, and returns where the next one would be written.
fn write_blocks(direct: &File, file: &File, full: &Receiver<Block>, back: &SyncSender<Block>) -> io::Result<u64> {
    let mut at = 0;
    // All but the one that is filled first. Nobody takes them behind the last piece, nor what comes back then.
    for _ in 1..BLOCKS {
        let _ = back.send(Block::new()?);
    }
    while let Ok(mut block) = full.recv() {
        let bytes = block.filled();
        // Some systems open a file this way and refuse to write it.
        direct.write_all_at(bytes, at).or_else(|_| file.write_all_at(bytes, at))?;
        at += bytes.len() as u64;
        block.length = 0;
        let _ = back.send(block);
    }
    Ok(at)
}

/// The file, opened to be written past the system's cache; none where it lies in memory itself, or can't be opened so.
#[cfg(target_os = "linux")]
fn open_direct(path: &Path) -> Option<File> {
    use rustix::fs::{fstatfs, open, Mode, OFlags};
    let file = open(path, OFlags::WRONLY | OFlags::DIRECT | OFlags::CLOEXEC, Mode::empty()).ok()?;
    // `TMPFS_MAGIC` of statfs(2).
    let in_memory = fstatfs(&file).ok()?.f_type == 0x0102_1994;
    (!in_memory).then(|| file.into())
}

#[cfg(not(target_os = "linux"))]
fn open_direct(_path: &Path) -> Option<File> {
    None
}

/// The side that fills blocks.
struct Blocks {
    current: Block,
    there: SyncSender<Block>,
    empty: Receiver<Block>,
    /// Whether the other side has stopped: its error is told in the end.
    failed: bool,
}

impl Blocks {
    fn push(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() && !self.failed {
            piece = self.current.push(piece);
            if self.current.filled().len() == BLOCK {
                let Ok(next) = self.empty.recv() else {
                    self.failed = true;
                    return;
                };
                let full = std::mem::replace(&mut self.current, next);
                self.failed = self.there.send(full).is_err();
            }
        }
    }
}

/// Memory for [`BLOCK`] bytes.
struct Block {
    memory: MmapMut,
    start: usize,
    length: usize,
}

impl Block {
    fn new() -> io::Result<Block> {
        let memory = MmapMut::map_anon(BLOCK + LARGE_PAGE)?;
        // Where there are no large pages, it has small ones.
        #[cfg(target_os = "linux")]
        let _ = memory.advise(memmap2::Advice::HugePage);
        let start = memory.as_ptr().align_offset(LARGE_PAGE).min(LARGE_PAGE);
        Ok(Block { memory, start, length: 0 })
    }

    /// Appends what fits, and returns the rest.
    fn push<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        let (now, later) = piece.split_at(piece.len().min(BLOCK - self.length));
        let at = self.start + self.length;
        copy_past_cache(now, &mut self.memory[at..at + now.len()]);
        self.length += now.len();
        later
    }

    fn filled(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.length]
    }
}

/// Copies what only a device reads next: written past the processor's caches, too, it neither is read to them first nor
/// drives out what was copied, which is hashed next.
#[cfg(target_arch = "x86_64")]
pub(super) fn copy_past_cache(from: &[u8], to: &mut [u8]) {
    use std::arch::x86_64::{__m128i, _mm_loadu_si128, _mm_prefetch, _mm_sfence, _mm_stream_si128, _MM_HINT_T0};
    /// Two cache lines. All is read before any of it is written: a processor holds a read up behind a write that is on
    /// its way if the last bits of their addresses are alike, and nothing is known of where both slices lie.
    const LINES: usize = 128;
    const VECTORS: usize = LINES / size_of::<__m128i>();
    /// Bytes, a line of the cache.
    const LINE: usize = 64;
    /// How far ahead is fetched: on their own, processors don't fetch beyond a small page.
    const AHEAD: usize = 1024;

    let head = to.as_ptr().align_offset(LINES).min(to.len());
    let ((first, from), (to_first, to)) = (from.split_at(head), to.split_at_mut(head));
    to_first.copy_from_slice(first);
    let (sources, last) = from.as_chunks::<LINES>();
    let (targets, to_last) = to.as_chunks_mut::<LINES>();
    to_last.copy_from_slice(last);
    for (to, from) in targets.iter_mut().zip(sources) {
        for line in (0..LINES).step_by(LINE) {
            // SAFETY: nothing is read, wherever that is; every x86-64 processor has this instruction.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(from.as_ptr().wrapping_add(AHEAD + line).cast()) };
        }
        let (from, to) = (from.as_ptr().cast::<__m128i>(), to.as_mut_ptr().cast::<__m128i>());
        // SAFETY: both have so many vectors' bytes; every x86-64 processor has these instructions.
        let vectors: [__m128i; VECTORS] = std::array::from_fn(|at| unsafe { _mm_loadu_si128(from.add(at)) });
        for (at, vector) in vectors.into_iter().enumerate() {
            // SAFETY: as above, and what is behind the head is aligned.
            unsafe { _mm_stream_si128(to.add(at), vector) };
        }
    }
    // Such writes are in no order with others until here, the channel's neither.
    // SAFETY: every x86-64 processor has this instruction.
    unsafe { _mm_sfence() };
}

#[cfg(not(target_arch = "x86_64"))]
pub(super) fn copy_past_cache(from: &[u8], to: &mut [u8]) {
    to.copy_from_slice(from);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that tell where they are.
    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at % 251) as u8).collect()
    }

    #[test]
    fn files_of_any_length_hold_what_was_handed_over() {
        // A disk and memory, where there are both.
        let places = [std::env::temp_dir(), "/dev/shm".into()].into_iter().filter(|place| place.is_dir());
        for folder in places.map(|place| tempfile::tempdir_in(place).unwrap()) {
            for length in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 4097] {
                for size in [997, 256 << 10, 3 * BLOCK] {
                    let file = tempfile::NamedTempFile::new_in(&folder).unwrap();
                    let bytes = bytes(length);
                    let produced = write_pieces(file.as_file(), file.path(), |also| {
                        bytes.chunks(size).for_each(also);
                        7
                    });
                    assert_eq!(produced.unwrap(), 7);
                    assert!(std::fs::read(file.path()).unwrap() == bytes, "{length} bytes in pieces of {size}");
                }
            }
        }
    }

    /// A file that takes nothing: every block fails on both ways, and the pieces behind it are not waited for.
    #[test]
    fn what_cannot_be_written_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read_only = File::open(file.path()).unwrap();
        for length in [1, 9 * BLOCK] {
            let bytes = bytes(length);
            let errors = [
                past_cache(&read_only, &read_only, |also| bytes.chunks(1 << 20).for_each(also)).unwrap_err(),
                through_cache(&read_only, |also| bytes.chunks(1 << 20).for_each(also)).unwrap_err(),
            ];
            for error in errors {
                assert_eq!(error.raw_os_error(), Some(rustix::io::Errno::BADF.raw_os_error()), "{error}");
            }
        }
    }

    /// What a disk refuses past the cache goes through it.
    #[test]
    fn blocks_that_are_refused_go_through_the_cache() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let read_only = File::open(file.path()).unwrap();
        let bytes = bytes(3 * BLOCK + 7);
        past_cache(&read_only, file.as_file(), |also| bytes.chunks(100_000).for_each(also)).unwrap();
        assert!(std::fs::read(file.path()).unwrap() == bytes);
    }
}
