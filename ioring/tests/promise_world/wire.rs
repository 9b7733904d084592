//! A wire to a side, and a count of the references that its messages give and take, made from the messages alone.

use super::{Line, Map, descriptors};
use isthmus_ioring::promise::{Descriptor, Message};

/// What is under way to one side, and what the other, its sender, has given.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Wire {
    pub messages: Line,
    /// References given by the sender, by export; and whether the export was resolved.
    given: Map<u32, (u32, bool)>,
}

impl Wire {
    /// A reference was given outside of any message.
    pub fn granted(&mut self, export: u32) {
        self.given.entry(export).or_default().0 += 1;
    }

    /// The sender sends.
    pub fn sent(&mut self, message: &Message) -> Result<(), String> {
        for descriptor in descriptors(message) {
            if let Descriptor::SenderHosted(export) = descriptor {
                self.granted(export);
            }
        }
        if let Message::Resolve { export, .. } = message {
            match self.given.get_mut(export) {
                Some((_, resolved @ false)) => *resolved = true,
                other => return Err(format!("export {export} was resolved as {other:?}")),
            }
        }
        Ok(())
    }

    /// The sender receives a message of the other side's.
    pub fn received(&mut self, message: &Message) {
        if let Message::Release { export, count } = message {
            let left = self
                .given
                .get(export)
                .map_or(0, |(given, _)| given.saturating_sub(*count));
            match left {
                0 => {
                    self.given.remove(export);
                }
                left => {
                    self.given.entry(*export).or_default().0 = left;
                }
            }
        }
    }
}
