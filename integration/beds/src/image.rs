//! The boot image: a GRUB core with its configuration inside, the hypervisor and its modules, on an ISO that boots from
//! a CD drive and, as a hybrid, from a USB stick.
//!
//! GRUB's core is made by `grub-mkimage` with only the modules it uses. A rescue image made by `grub-mkrescue` starts the
//! same way but loads its shell, fonts and menus from the disk first, which is most of the boot time on an emulated CPU.
//!
//! Neighbours: [`crate::bochs`] boots the result; `xtask image` leaves it to the user.

use crate::{
    command,
    error::{Error, Result},
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::SystemTime,
};

/// Where Debian's `grub-pc-bin` keeps the BIOS modules.
const GRUB_MODULES: &str = "/usr/lib/grub/i386-pc";
const GRUB_HELP: &str = "install the packages grub-common, grub-pc-bin and xorriso";

/// How GRUB starts the first file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Multiboot2 with modules: the hypervisor.
    Multiboot2,
    /// Linux's own, with at most one module, the initrd: the bare machine that Isthmus is compared with.
    Linux,
}

/// A file handed over by GRUB beside the first one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Module {
    /// The file on the host.
    pub file: PathBuf,
    /// Its command line, by which the hypervisor finds it.
    pub name: String,
}

/// What is to be packed.
#[derive(Debug, Clone)]
pub struct Image {
    /// How the first file is started.
    pub protocol: Protocol,
    /// The first file: the hypervisor's ELF, or a bzImage.
    pub kernel: PathBuf,
    /// The first file's command line.
    pub command_line: String,
    /// The rest, in order.
    pub modules: Vec<Module>,
}

impl Image {
    /// Packs the image at `iso`, or leaves the one that is there if it was made from the same files. Says which.
    ///
    /// # Errors
    /// A missing input file, a missing tool, or what the tool said.
    pub fn pack(&self, iso: &Path) -> Result<Packed> {
        let recipe = self.recipe()?;
        let stamp = iso.with_extension("recipe");
        if iso.exists() && fs::read_to_string(&stamp).is_ok_and(|old| old == recipe) {
            return Ok(Packed::Unchanged);
        }
        let folder = iso.with_extension("tree");
        let boot = folder.join("boot");
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(Error::io("remove", &folder))?;
        }
        fs::create_dir_all(&boot).map_err(Error::io("create", &boot))?;
        link(&self.kernel, &boot.join("kernel"))?;
        for (index, module) in self.modules.iter().enumerate() {
            link(&module.file, &boot.join(format!("module{index}")))?;
        }
        self.make_core(&boot)?;
        // The old stamp goes first: an interrupted run must not pass for a finished one.
        let _ = fs::remove_file(&stamp);
        make_iso(&folder, iso)?;
        fs::write(&stamp, recipe).map_err(Error::io("write", &stamp))?;
        Ok(Packed::Made)
    }

    /// GRUB's configuration. It is read by the rescue parser: commands, one a line, and nothing cleverer.
    pub fn configuration(&self) -> String {
        let (load, module) = match self.protocol {
            Protocol::Multiboot2 => ("multiboot2", "module2"),
            Protocol::Linux => ("linux", "initrd"),
        };
        let mut text = String::from("search --file --set=root /boot/kernel\n");
        text.push_str(MARK_LOADING);
        text.push_str(&format!("{load} /boot/kernel {}\n", self.command_line));
        for (index, entry) in self.modules.iter().enumerate() {
            match self.protocol {
                Protocol::Multiboot2 => {
                    text.push_str(&format!("{module} /boot/module{index} {}\n", entry.name))
                }
                Protocol::Linux => text.push_str(&format!("{module} /boot/module{index}\n")),
            }
        }
        text.push_str(MARK_BOOTING);
        text.push_str("boot\n");
        text
    }

    /// What decides whether an image is current: the configuration and each file's path, size and time.
    fn recipe(&self) -> Result<String> {
        let mut text = self.configuration();
        for file in
            std::iter::once(&self.kernel).chain(self.modules.iter().map(|module| &module.file))
        {
            let meta = fs::metadata(file).map_err(Error::io("read", file))?;
            let time = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let age = time
                .duration_since(SystemTime::UNIX_EPOCH)
                .unwrap_or_default();
            text.push_str(&format!(
                "# {} {} {}\n",
                file.display(),
                meta.len(),
                age.as_nanos()
            ));
        }
        Ok(text)
    }

    fn make_core(&self, boot: &Path) -> Result<()> {
        let configuration = boot.join("grub.cfg");
        fs::write(&configuration, self.configuration())
            .map_err(Error::io("write", &configuration))?;
        let loader = match self.protocol {
            Protocol::Multiboot2 => "multiboot2",
            Protocol::Linux => "linux",
        };
        let mut mkimage = Command::new("grub-mkimage");
        mkimage
            .args([
                "-d",
                GRUB_MODULES,
                "-O",
                "i386-pc-eltorito",
                "-p",
                "/boot",
                "-c",
            ])
            .arg(&configuration);
        mkimage.arg("-o").arg(boot.join("core.img"));
        mkimage.args([
            "biosdisk",
            "iso9660",
            "part_msdos",
            "search",
            "search_fs_file",
            "iorw",
            loader,
        ]);
        command::run(&mut mkimage, GRUB_HELP).map(drop)
    }
}

/// Whether [`Image::pack`] had anything to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// The image was made.
    Made,
    /// The image there was made from the same files.
    Unchanged,
}

/// Port 0x402 is the message port of the Bochs BIOS: a line written there is logged with the time in ticks; on other
/// machines nobody listens. `L` is where GRUB begins to load, `B` where it starts what it loaded.
const MARK_LOADING: &str = "outb 0x402 76\noutb 0x402 10\n";
const MARK_BOOTING: &str = "outb 0x402 66\noutb 0x402 10\n";

fn link(file: &Path, to: &Path) -> Result<()> {
    let file = fs::canonicalize(file).map_err(Error::io("find", file))?;
    symlink(&file, to).map_err(Error::io("link", to))
}

fn make_iso(folder: &Path, iso: &Path) -> Result<()> {
    let mut xorriso = Command::new("xorriso");
    xorriso.args([
        "-as",
        "mkisofs",
        "-quiet",
        "-follow-links",
        "-iso-level",
        "3",
        "-r",
        "-V",
        "ISTHMUS",
    ]);
    xorriso.args([
        "-b",
        "boot/core.img",
        "-no-emul-boot",
        "-boot-load-size",
        "4",
        "-boot-info-table",
    ]);
    xorriso
        .arg("--grub2-boot-info")
        .arg("--grub2-mbr")
        .arg(format!("{GRUB_MODULES}/boot_hybrid.img"));
    xorriso.arg("-o").arg(iso).arg(folder);
    command::run(&mut xorriso, GRUB_HELP).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(protocol: Protocol) -> Image {
        Image {
            protocol,
            kernel: "/k".into(),
            command_line: "loud".into(),
            modules: vec![
                Module {
                    file: "/m".into(),
                    name: "manifest".into(),
                },
                Module {
                    file: "/n".into(),
                    name: "linux.kernel".into(),
                },
            ],
        }
    }

    #[test]
    fn multiboot2_modules_carry_their_names_in_order() {
        let text = image(Protocol::Multiboot2).configuration();
        let wanted = "multiboot2 /boot/kernel loud\nmodule2 /boot/module0 manifest\nmodule2 /boot/module1 linux.kernel\n";
        assert!(text.contains(wanted), "{text}");
        assert!(text.ends_with("boot\n"));
    }

    #[test]
    fn linux_gets_an_initrd() {
        let text = image(Protocol::Linux).configuration();
        assert!(
            text.contains("linux /boot/kernel loud\ninitrd /boot/module0\n"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_input_is_named() {
        let error = image(Protocol::Linux)
            .pack(Path::new("/nowhere/x.iso"))
            .unwrap_err();
        assert!(error.to_string().contains("/k"), "{error}");
    }
}
