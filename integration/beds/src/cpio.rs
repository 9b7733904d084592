//! Writer of cpio archives in the `newc` form, the form of a Linux initramfs (Linux `Documentation/driver-api/early-userspace/buffer-format.rst`).
//!
//! Inode numbers, owners and times are fixed, so the same content gives the same bytes. Neighbours: [`crate::initramfs`].

/// Bits of `st_mode` that say what kind of file an entry is (POSIX `sys/stat.h`).
mod kind {
    pub const DIRECTORY: u32 = 0o040_000;
    pub const CHARACTER: u32 = 0o020_000;
    pub const REGULAR: u32 = 0o100_000;
    pub const SYMLINK: u32 = 0o120_000;
}

/// An archive being written.
#[derive(Debug, Default)]
pub struct Archive {
    bytes: Vec<u8>,
    inode: u32,
}

impl Archive {
    /// An empty archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a directory. Parents are to be added before their children.
    pub fn directory(&mut self, path: &str) {
        self.entry(path, kind::DIRECTORY | 0o755, (0, 0), &[]);
    }

    /// Adds a file with its permission bits.
    pub fn file(&mut self, path: &str, permissions: u32, data: &[u8]) {
        self.entry(path, kind::REGULAR | (permissions & 0o7777), (0, 0), data);
    }

    /// Adds a symbolic link to `target`.
    pub fn symlink(&mut self, path: &str, target: &str) {
        self.entry(path, kind::SYMLINK | 0o777, (0, 0), target.as_bytes());
    }

    /// Adds a character device.
    pub fn character_device(&mut self, path: &str, permissions: u32, major: u32, minor: u32) {
        self.entry(
            path,
            kind::CHARACTER | (permissions & 0o7777),
            (major, minor),
            &[],
        );
    }

    /// The finished archive.
    pub fn finish(mut self) -> Vec<u8> {
        self.inode = 0;
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), data: &[u8]) {
        self.inode += 1;
        let path = path.trim_start_matches('/');
        // An archive never holds a file of 4 GiB: the format has 32 bits for the size.
        let size = u32::try_from(data.len()).expect("a file of an initramfs is below 4 GiB");
        let name_size = u32::try_from(path.len() + 1).expect("a path is short");
        // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        let fields = [
            self.inode, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, name_size, 0,
        ];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes
                .extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.align();
        self.bytes.extend_from_slice(data);
        self.align();
    }

    fn align(&mut self) {
        let padded = self.bytes.len().next_multiple_of(4);
        self.bytes.resize(padded, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Vec<u8> {
        let mut archive = Archive::new();
        archive.directory("bin");
        archive.file("/bin/tool", 0o755, b"12345");
        archive.symlink("bin/alias", "tool");
        archive.character_device("dev-console", 0o600, 5, 1);
        archive.finish()
    }

    #[test]
    fn every_header_is_aligned_and_the_trailer_ends_it() {
        let bytes = sample();
        assert_eq!(bytes.len() % 4, 0);
        assert_eq!(bytes.windows(6).filter(|w| *w == b"070701").count(), 5);
        assert!(bytes.windows(10).any(|w| w == b"TRAILER!!!"));
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        assert_eq!(sample(), sample());
    }

    #[test]
    fn a_header_says_the_size_of_the_data_and_of_the_name() {
        let mut archive = Archive::new();
        archive.file("a", 0o644, b"xyz");
        let bytes = archive.finish();
        assert_eq!(&bytes[54..62], b"00000003");
        assert_eq!(&bytes[94..102], b"00000002");
        assert_eq!(&bytes[110..112], b"a\0");
        assert_eq!(&bytes[112..115], b"xyz");
    }
}
