//! What of a guest's bytes may reach the terminal: printable UTF-8, tabs and line ends. Escape sequences are recognised and
//! dropped whole (ECMA-48 §5.4), so that their parameters do not show as text.

/// What one byte came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece {
    /// Dropped, or part of something longer.
    Nothing,
    /// A character: so many bytes of these.
    Text([u8; 4], usize),
    /// End of the line.
    Newline,
    /// A byte of text after a carriage return without a line feed: the guest writes over its line with it.
    Restart(u8),
    /// One character back.
    Backspace,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC [: parameters until a final byte.
    Control,
    /// In a string (OSC, DCS and so on) until BEL or ESC \.
    Str,
    /// After ESC in a string.
    StrEscape,
}

/// The state of one source.
#[derive(Debug, Default)]
pub(super) struct Filter {
    state: State,
    /// A UTF-8 sequence that is not complete.
    utf8: [u8; 4],
    have: usize,
    returned: bool,
}

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

impl Filter {
    pub(super) fn accept(&mut self, byte: u8) -> Piece {
        match self.state {
            State::Text => self.text(byte),
            // A line end leaves any sequence: a cut one must not swallow what follows.
            _ if byte == b'\n' => {
                self.state = State::Text;
                Piece::Newline
            }
            State::Escape => {
                self.state = match byte {
                    b'[' => State::Control,
                    b']' | b'P' | b'X' | b'^' | b'_' => State::Str,
                    // Intermediate bytes go on; anything else is the end.
                    0x20..=0x2f | ESC => State::Escape,
                    _ => State::Text,
                };
                Piece::Nothing
            }
            State::Control => {
                match byte {
                    0x40..=0x7e => self.state = State::Text,
                    ESC => self.state = State::Escape,
                    _ => {}
                }
                Piece::Nothing
            }
            State::Str | State::StrEscape => {
                self.state = match byte {
                    BEL => State::Text,
                    ESC => State::StrEscape,
                    b'\\' if self.state == State::StrEscape => State::Text,
                    _ => State::Str,
                };
                Piece::Nothing
            }
        }
    }

    fn text(&mut self, byte: u8) -> Piece {
        let returned = core::mem::replace(&mut self.returned, false);
        if byte >= 0x80 {
            return self.multibyte(byte);
        }
        self.have = 0;
        match byte {
            b'\n' | b'\x0b' | b'\x0c' => Piece::Newline,
            b'\r' => {
                self.returned = true;
                Piece::Nothing
            }
            ESC => {
                self.state = State::Escape;
                Piece::Nothing
            }
            0x08 | 0x7f => Piece::Backspace,
            b'\t' | 0x20..=0x7e if returned => Piece::Restart(byte),
            b'\t' | 0x20..=0x7e => Piece::Text([byte, 0, 0, 0], 1),
            _ => Piece::Nothing,
        }
    }

    fn multibyte(&mut self, byte: u8) -> Piece {
        if byte & 0xc0 != 0x80 {
            self.have = 0;
        } else if self.have == 0 {
            return Piece::Nothing;
        }
        let Some(place) = self.utf8.get_mut(self.have) else {
            self.have = 0;
            return Piece::Nothing;
        };
        *place = byte;
        self.have += 1;
        let Some(Ok(text)) = self.utf8.get(..self.have).map(core::str::from_utf8) else {
            return Piece::Nothing;
        };
        let length = core::mem::replace(&mut self.have, 0);
        if text.chars().all(is_harmless) {
            Piece::Text(self.utf8, length)
        } else {
            Piece::Nothing
        }
    }
}

/// Neither a control character (C1 ones steer terminals too) nor one that reorders or hides text around it.
fn is_harmless(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
