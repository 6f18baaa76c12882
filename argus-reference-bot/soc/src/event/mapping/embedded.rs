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

    use serde_json::Value;

    use super::*;
    use crate::event::{
        Mapping, Mappings, SecurityEvent, Shape, Source, json, lint, normalise, unfold,
    };

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

    /// Every sample of every mapping in the binary, as it is read.
    fn samples() -> impl Iterator<Item = (&'static Mapping, Value, SecurityEvent)> {
        Mappings::embedded().iter().flat_map(|mapping| {
            mapping.samples.iter().filter_map(move |sample| {
                let message: Value = serde_json::from_str(&sample.message).ok()?;
                let event = read(&message);
                Some((mapping, message, event))
            })
        })
    }

    fn read(message: &Value) -> SecurityEvent {
        let source = Source { name: "test", shape: Shape::Auto, tenant: None };
        normalise(message.to_string().as_bytes(), &source, jiff::Timestamp::UNIX_EPOCH).unwrap()
    }

    fn revision(mapping: &Mapping, message: &Value) -> Option<String> {
        let text = message.to_string();
        let mut json = json::read(&text).unwrap();
        unfold::unflatten(&mut json);
        mapping.facts.revision.text(mapping.scope(&json).unwrap())
    }

    #[test]
    fn a_changed_body_is_another_event_and_the_same_body_is_not() {
        let mut seen = 0;
        for (mapping, mut message, event) in samples() {
            assert_eq!(event.event_id, read(&message).event_id, "{}", mapping.id);
            if revision(mapping, &message).is_some() {
                continue;
            }
            message["zz_changed"] = Value::Bool(true);
            let changed = read(&message);
            assert_eq!(changed.source_id, event.source_id, "{}", mapping.id);
            assert_ne!(changed.event_id, event.event_id, "{} loses a change", mapping.id);
            seen += 1;
        }
        assert!(seen > 50, "{seen}");
    }

    #[test]
    fn a_revision_is_a_time_or_a_count() {
        for (mapping, message, _) in samples() {
            let Some(revision) = revision(mapping, &message) else { continue };
            // A state comes back, and an alert that is open again would look like a repetition.
            let counts = revision.bytes().any(|byte| byte.is_ascii_digit());
            assert!(counts, "{}: {revision:?}", mapping.id);
        }
    }

    #[test]
    fn what_names_a_rule_or_a_kind_is_no_id() {
        for (mapper, message) in [
            ("grafana_rule/1", r#"{"ruleId":1,"ruleName":"d","ruleUrl":"u","state":"ok"}"#),
            (
                "crowdstrike_detection/1",
                r#"{"metadata":{"eventType":"DetectionSummaryEvent"},"event":{"SensorId":"s"}}"#,
            ),
            ("fortigate/1", r#"{"devid":"FG1","logid":"0419016384"}"#),
            ("datadog/1", r#"{"alert_id":"7","alert_transition":"Triggered"}"#),
            (
                "azure_activity/1",
                r#"{"resourceId":"/subscriptions/1","operationName":"a/b","category":"Alert","correlationId":"c"}"#,
            ),
        ] {
            let event = read(&serde_json::from_str(message).unwrap());
            assert_eq!((event.mapper.as_str(), event.source_id), (mapper, None));
        }
    }
}
