//! `argus policy`: who may do what, and why.

use std::path::PathBuf;
use std::sync::Arc;

use argus_bot_sdk::{Clock, SystemClock};
use argus_soc::enrich::Asset;
use argus_soc::ledger::fact::What;
use argus_soc::policy::{ACTION_NAMES, Action, Explanation, Principal, Standing};
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::json;

use super::audit::{facts, store_place};
use super::output::{Format, say};
use super::serve::runtime;
use super::{Complaint, Ended, Outcome};
use crate::app::access_of;
use crate::config::{self, Config};
use crate::flows::access::{Access, Person, about};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Say rule by rule whether a person may do something now, and who could.
    #[command(after_help = "\
Examples:
  argus policy explain 0b8e3f6a-1111-4222-8333-444455556666 isolate_host INC-7 --config argus.toml
  argus policy explain TENANT-ID/OBJECT-ID acknowledge INC-7 --config argus.toml
  argus policy explain OBJECT-ID isolate_host INC-7 --roles soc_engineer --at 2026-11-20T02:00:00Z
  argus policy explain OBJECT-ID suppress - --format json

It asks Graph for the person's groups, as the bot does, unless --roles says what to suppose. The
incident says which asset it is about; `-` is none. Nothing is permitted and nothing recorded. Exit
code 1 if the answer is no.")]
    Explain {
        /// The person: an Entra object id of our own tenant, or TENANT/OBJECT.
        user: String,
        /// What they want to do: a name of `argus policy actions`.
        action: String,
        /// The incident, or `-`.
        incident: String,
        /// The settings.
        #[arg(long, value_name = "FILE", default_value = "argus.toml")]
        config: PathBuf,
        /// Suppose these roles and do not ask Graph.
        #[arg(long, value_delimiter = ',', value_name = "ROLE,…")]
        roles: Option<Vec<String>>,
        /// When, instead of now.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// For whom to write.
        #[arg(long, value_enum, default_value = "text")]
        format: Format,
    },
    /// List the names of all actions, as rules write them.
    #[command(after_help = "\
Examples:
  argus policy actions")]
    Actions,
}

pub(super) fn run(command: &Command) -> Outcome {
    match command {
        Command::Explain { user, action, incident, config, roles, at, format } => {
            let question = Question { user, action, incident, roles: roles.as_deref(), at: *at };
            question.answer(&config::load(config)?, *format)
        }
        Command::Actions => {
            for name in ACTION_NAMES {
                say(name)?;
            }
            Ok(Ended::Well)
        }
    }
}

struct Question<'a> {
    user: &'a str,
    action: &'a str,
    incident: &'a str,
    roles: Option<&'a [String]>,
    at: Option<Timestamp>,
}

impl Question<'_> {
    fn answer(&self, config: &Config, format: Format) -> Outcome {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        crate::cli::open_secrets(config)?;
        let access = access_of(config, &clock)?;
        let action = Action::named(self.action, self.incident, self.incident).ok_or_else(|| {
            Complaint(format!("`{}` is no action; `argus policy actions` lists them", self.action))
        })?;
        let asset = match self.incident {
            "-" => None,
            incident => asset_of(config, incident)?,
        };
        let circumstances = about(asset.as_ref(), Some(self.at.unwrap_or_else(|| clock.now())));
        let who = self.who(&access)?;
        let said = access.explain_rules(&who, &action, &circumstances);
        match format {
            Format::Json => say(&json!({
                "yes": said.refusal.is_none(),
                "principal": who,
                "criticality": circumstances.criticality,
                "environment": circumstances.environment,
                "at": circumstances.at,
                "explanation": said,
            })
            .to_string())?,
            Format::Text => {
                let asset = asset.map_or_else(
                    || "no asset is known".to_owned(),
                    |it| format!("{}, criticality {}", it.name, it.criticality),
                );
                say(&words(&who, self.action, &asset, &said))?;
            }
        }
        Ok(if said.refusal.is_none() { Ended::Well } else { Ended::WithFindings })
    }

    fn who(&self, access: &Access) -> Result<Principal, Complaint> {
        let (tenant, object_id) = self.user.split_once('/').unwrap_or((access.home(), self.user));
        let person = Person { tenant: tenant.into(), object_id: object_id.into(), name: None };
        let home = tenant.eq_ignore_ascii_case(access.home());
        match self.roles {
            Some(roles) if home => Ok(Principal {
                tenant: person.tenant,
                object_id: person.object_id,
                roles: roles.to_vec(),
                standing: Standing::Home,
            }),
            Some(_) => Err(Complaint(
                "--roles is for people of our own tenant; those of others have the roles of the trust map"
                    .into(),
            )),
            None => Ok(runtime()?.block_on(access.principal(&person, true))),
        }
    }
}

/// What an incident is about, by its records.
fn asset_of(config: &Config, incident: &str) -> Result<Option<Asset>, Complaint> {
    let (mut asset, mut found) = (None, false);
    facts(&store_place(None, Some(config))?, |fact, _| {
        if fact.stream.as_deref().is_some_and(|it| it.eq_ignore_ascii_case(incident)) {
            found = true;
            if let What::Opened { enrichment, .. } | What::Enriched { enrichment, .. } = fact.what {
                asset = enrichment.asset.known().cloned();
            }
        }
        Ok(())
    })?;
    if found {
        Ok(asset)
    } else {
        Err(Complaint(format!("there is no incident {incident} in the store")))
    }
}

fn words(who: &Principal, action: &str, asset: &str, said: &Explanation) -> String {
    let roles = match &who.standing {
        Standing::Partner(trusted) => trusted,
        _ => &who.roles,
    };
    let roles = if roles.is_empty() { "none".to_owned() } else { roles.join(", ") };
    let standing = match &who.standing {
        Standing::Home => "our own tenant".to_owned(),
        Standing::Partner(_) => "a trusted tenant".to_owned(),
        Standing::Stranger => "a tenant that nobody trusts".to_owned(),
        Standing::Unknown { why } => format!("our own tenant, groups not known: {why}"),
    };
    let answer = match (&said.role, &said.refusal) {
        (Some(role), _) => format!("YES, by the role {role}"),
        (None, Some(refusal)) => format!("NO ({}): {}", refusal.code, refusal.why),
        (None, None) => "NO".to_owned(),
    };
    let mut text =
        format!("{action}: {answer}\n  person: {standing}; roles: {roles}\n  asset: {asset}\n");
    for reason in &said.rules {
        let sign = if reason.yes { "yes" } else { "no " };
        text = format!("{text}  {sign}  rule of {}: {}\n", reason.rule.role, reason.why);
    }
    format!("{text}  who can, somewhere and at some time: {}", said.who_can.join(", "))
}
