//! The demo's alerts, assets, indicators and playbook: written by us, shaped as the products do.

use std::path::{Path, PathBuf};

/// An alert that the demo can send.
#[derive(Debug)]
pub(super) struct Alert {
    /// Its name on the page.
    pub(super) name: &'static str,
    /// What the page calls it.
    pub(super) title: &'static str,
    /// The product that would have sent it.
    pub(super) product: &'static str,
    /// Its body.
    pub(super) body: &'static str,
    /// The member that makes it another alert when it is sent again, as a JSON pointer.
    pub(super) id: &'static str,
}

/// What the demo sends, in this order.
pub(super) const ALERTS: [Alert; 5] = [
    Alert {
        name: "defender-ransomware",
        title: "Ransomware on a workstation",
        product: "Microsoft Defender XDR (Graph alerts_v2)",
        body: include_str!("../../demo/alerts/defender-ransomware.json"),
        id: "/lastUpdateDateTime",
    },
    Alert {
        name: "sentinel-exfiltration",
        title: "Unusual download volume",
        product: "Microsoft Sentinel (incident trigger)",
        body: include_str!("../../demo/alerts/sentinel-exfiltration.json"),
        id: "/object/etag",
    },
    Alert {
        name: "guardduty-mining",
        title: "A mining pool is looked up",
        product: "AWS GuardDuty",
        body: include_str!("../../demo/alerts/guardduty-mining.json"),
        id: "/detail/updatedAt",
    },
    Alert {
        name: "edr-credential-theft",
        title: "Credential theft on a payment database",
        product: "Generic EDR webhook",
        body: include_str!("../../demo/alerts/edr-credential-theft.json"),
        id: "/id",
    },
    Alert {
        name: "sentinel-brute-force",
        title: "Failed sign-ins, then one that worked",
        product: "Microsoft Sentinel (ARM incident)",
        body: include_str!("../../demo/alerts/sentinel-arm-brute-force.json"),
        id: "/etag",
    },
];

/// Where the files of the demo were written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) assets: PathBuf,
    pub(super) intel: PathBuf,
    pub(super) playbooks: PathBuf,
}

/// Writes what the bot reads from files.
pub(super) fn write(data: &Path) -> std::io::Result<Written> {
    let written = Written {
        assets: data.join("assets.json"),
        intel: data.join("intel.json"),
        playbooks: data.join("playbooks"),
    };
    std::fs::write(&written.assets, include_str!("../../demo/assets.json"))?;
    std::fs::write(&written.intel, include_str!("../../demo/intel.json"))?;
    std::fs::create_dir_all(&written.playbooks)?;
    std::fs::write(
        written.playbooks.join("contain-credential-theft.yaml"),
        include_str!("../../demo/playbooks/contain-credential-theft.yaml"),
    )?;
    Ok(written)
}
