//! How a person is told beside the screen: the taskbar, the bell, the desktop.

/// What a person wants to be told by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// Ring the terminal's bell when a job has ended.
    pub bell: bool,
    /// Tell the desktop when a job has ended.
    pub notify: Notify,
    /// Show progress in the taskbar (OSC 9;4); `None` where the terminal is known to understand it.
    pub taskbar: Option<bool>,
}

/// How the desktop is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Notify {
    /// Not at all.
    #[default]
    Off,
    /// OSC 9: iTerm2, kitty, foot, WezTerm, ghostty, Windows Terminal.
    Osc9,
    /// OSC 777: urxvt, foot, ghostty, WezTerm, VTE of some distributions.
    Osc777,
}

impl Notify {
    /// From its word in `config.toml`.
    pub fn read(word: &str) -> Option<Self> {
        Some(match word {
            "off" => Notify::Off,
            "osc9" => Notify::Osc9,
            "osc777" => Notify::Osc777,
            _ => return None,
        })
    }

    /// What the terminal is sent; nothing where nobody is to be told. Control characters in the text are left out, and
    /// so is what ends a part of OSC 777.
    pub fn sequence(self, text: &str) -> String {
        let text: String = text.chars().filter(|c| !c.is_control()).take(200).collect();
        match self {
            Notify::Off => String::new(),
            Notify::Osc9 => format!("\x1b]9;{text}\x1b\\"),
            Notify::Osc777 => {
                format!("\x1b]777;notify;Wharf;{}\x1b\\", text.replace(';', ","))
            }
        }
    }
}

/// How all jobs together stand, for the taskbar and the title.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// Nothing is under way.
    #[default]
    Idle,
    /// Under way; nobody knows yet how much there is.
    Counting,
    /// So many percent are done.
    Percent(u8),
    /// The same, and something waits for an answer or for the next attempt.
    Held(u8),
}

impl Standing {
    /// The parameters of OSC 9;4: a state, and percent.
    pub fn sequence(self) -> String {
        let (state, percent) = match self {
            Standing::Idle => (0, 0),
            Standing::Percent(percent) => (1, percent),
            Standing::Counting => (3, 0),
            Standing::Held(percent) => (4, percent),
        };
        format!("\x1b]9;4;{state};{percent}\x1b\\")
    }

    /// What the title begins with.
    pub fn words(self) -> String {
        match self {
            Standing::Idle => String::new(),
            Standing::Counting => "… ".to_owned(),
            Standing::Percent(percent) => format!("{percent}% "),
            Standing::Held(percent) => format!("{percent}% waits "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_cannot_end_its_sequence() {
        let told = Notify::Osc777.sequence("Done;\x1b]0;x\x07 a");
        assert_eq!(told, "\x1b]777;notify;Wharf;Done,]0,x a\x1b\\");
        assert_eq!(Notify::Off.sequence("x"), "");
        assert_eq!(
            Notify::read("osc9").map(|notify| notify.sequence("a")).as_deref(),
            Some("\x1b]9;a\x1b\\")
        );
    }

    #[test]
    fn the_taskbar_is_told_state_and_percent() {
        assert_eq!(Standing::Percent(42).sequence(), "\x1b]9;4;1;42\x1b\\");
        assert_eq!(Standing::Held(7).sequence(), "\x1b]9;4;4;7\x1b\\");
        assert_eq!(Standing::Idle.sequence(), "\x1b]9;4;0;0\x1b\\");
    }
}
