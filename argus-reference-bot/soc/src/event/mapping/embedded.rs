//! The mappings in the binary.

/// Makes the list out of names.
macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$((concat!($name, ".yaml"), include_str!(concat!("../../../mappings/", $name, ".yaml")))),*]
    };
}

/// Their files, by name.
pub(super) const FILES: &[(&str, &str)] = files![
    "alertmanager",
    "alertmanager_alert",
    "aws_cloudtrail",
    "aws_securityhub",
    "azure_activity",
    "azure_monitor",
    "binaryalert",
    "box",
    "carbon_black",
    "cloudflare_firewall",
    "cortex_xdr",
    "crowdstrike_alert",
    "crowdstrike_audit",
    "crowdstrike_detection",
    "crowdstrike_epp",
    "crowdstrike_incident",
    "cybereason",
    "darktrace",
    "darktrace_model",
    "datadog",
    "defender_endpoint",
    "defender_for_cloud",
    "defender_hunting",
    "duo",
    "ecs",
    "elastic_alert",
    "entra_graph",
    "entra_log",
    "falco",
    "fortigate",
    "github_advisory",
    "github_alert",
    "github_audit",
    "github_webhook",
    "google_audit",
    "google_scc",
    "google_workspace",
    "grafana_rule",
    "harfanglab",
    "jamf_protect",
    "k8s_audit",
    "lacework",
    "netskope",
    "o365_audit",
    "ocsf",
    "okta",
    "onelogin",
    "opsgenie",
    "pagerduty",
    "panos_threat",
    "panther",
    "proofpoint_tap",
    "push_security",
    "salesforce",
    "sentinelone_activity",
    "sentinelone_threat",
    "snyk",
    "socradar",
    "sophos_central",
    "sophos_xdr",
    "splunk_webhook",
    "suricata",
    "thinkst_canary",
    "tracebit",
    "trellix_edr",
    "trend_deep_security",
    "upwind",
    "vectra",
    "wazuh",
    "windows_event",
    "winlog",
    "withsecure",
    "wiz_detection",
    "wiz_issue",
    "zeek_notice",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fmt::Write as _;
    use std::path::Path;

    use super::*;
    use crate::event::{Mapping, Mappings, lint};

    #[test]
    fn every_file_of_the_folder_is_in_the_binary() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
        let there: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        let listed: BTreeSet<String> = FILES.iter().map(|(file, _)| (*file).to_owned()).collect();
        assert_eq!(there, listed);
    }

    #[test]
    fn every_mapping_is_read_and_its_samples_come_out() {
        let mut wrong = String::new();
        let mut samples = 0;
        for (file, text) in FILES {
            let mapping = match Mapping::parse(file, text) {
                Ok(mapping) => mapping,
                Err(errors) => {
                    writeln!(wrong, "{errors}").unwrap();
                    continue;
                }
            };
            assert_eq!(*file, format!("{}.yaml", mapping.name()), "a file is named as its mapper");
            assert!(mapping.samples() > 0, "{file} has no sample");
            samples += mapping.samples();
            for failure in lint(&mapping, Mappings::embedded()) {
                writeln!(wrong, "{file}:{}: {}", failure.line, failure.message).unwrap();
            }
        }
        assert!(wrong.is_empty(), "\n{wrong}");
        assert!(samples >= FILES.len());
    }
}
