//! A machine that Defender knows.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A machine as a scenario describes it.
///
/// ```
/// use argus_sim::Machine;
///
/// let kiosk = Machine::new("2c6f0e…", "kiosk-9.fjordbank.example").offline();
/// assert!(!kiosk.online);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Machine {
    /// Defender's id, 40 hex digits: what `mdeDeviceId` of an alert holds.
    pub id: String,
    /// DNS name.
    pub name: String,
    /// Operating system as Defender writes it.
    pub os_platform: String,
    /// Whether Defender supports isolating it; if not, an order is `OsPlatformNotSupported`.
    pub can_be_isolated: bool,
    /// Whether it hears orders; the order to an offline machine stays pending.
    pub online: bool,
}

impl Machine {
    /// A Windows machine that is online.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: name.into(),
            os_platform: "Windows11".to_owned(),
            can_be_isolated: true,
            online: true,
        }
    }

    /// Makes it a machine that Defender cannot isolate.
    #[must_use]
    pub fn unsupported(mut self, os_platform: impl Into<String>) -> Self {
        self.os_platform = os_platform.into();
        self.can_be_isolated = false;
        self
    }

    /// Makes it a machine that does not hear orders.
    #[must_use]
    pub fn offline(mut self) -> Self {
        self.online = false;
        self
    }

    /// The machines of Fjordbank: one usual, one important, one unsupported, one offline.
    pub fn samples() -> Vec<Self> {
        vec![
            Self::new("1a7c4e0f5b2d8369a0c4e7f1b3d59268ce01f4a7", "ws-114.fjordbank.example"),
            Self::new("2b8d5f106c3e947ab1d5f802c4e6a379df120b58", "pay-db-02.fjordbank.example"),
            Self::new("3c9e60217d4fa58bc2e60913d5f7b48ae0231c69", "hv-console-1.fjordbank.example")
                .unsupported("Windows7"),
            Self::new("4daf71328e50b69cd3f71a24e608c59bf1342d7a", "kiosk-9.fjordbank.example")
                .offline(),
        ]
    }

    pub(crate) fn json(&self, isolated: bool) -> Value {
        json!({
            "id": self.id,
            "computerDnsName": self.name,
            "osPlatform": self.os_platform,
            "healthStatus": if self.online { "Active" } else { "Inactive" },
            "onboardingStatus": "Onboarded",
            "isolationStatus": if isolated { "Isolated" } else { "NotIsolated" },
        })
    }
}
