//! The five Microsoft clouds and what is different in each.

use std::str::FromStr;

use crate::{Error, ErrorKind};

/// A Microsoft cloud in which Teams exists.
///
/// # Examples
///
/// ```
/// use argus_bot_sdk::auth::Cloud;
///
/// assert_eq!(Cloud::Public.constants().issuer, "https://api.botframework.com");
/// assert_eq!(Cloud::Dod.constants().service_hosts, ["smba.infra.dod.teams.microsoft.us"]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cloud {
    /// The commercial cloud.
    #[default]
    Public,
    /// US government community cloud: identity of the public cloud, service URLs of its own.
    Gcc,
    /// US government community cloud high.
    GccHigh,
    /// US Department of Defense.
    Dod,
    /// China, operated by 21Vianet.
    China,
}

/// What is different in each cloud.
///
/// Sources: Microsoft's authentication article, `cloud-environment.js` of teams.ts 2.1.0,
/// `AuthenticationConstants.cs` of Agents-for-net and `governmentConstants.ts` of botbuilder-js.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudConstants {
    /// The OpenID document that names the keys of the Bot Framework.
    pub openid_metadata_url: &'static str,
    /// Who signs tokens for bots.
    pub issuer: &'static str,
    /// The OpenID document of Entra for tokens between bots.
    pub entra_openid_url: &'static str,
    /// The host that gives out tokens.
    pub login_host: &'static str,
    /// The host in the issuer of an Entra v1 token.
    pub entra_v1_issuer_host: &'static str,
    /// The tenant of bots that have none of their own.
    pub bot_tenant: &'static str,
    /// What a bot asks a token for.
    pub bot_scope: &'static str,
    /// The service that keeps users' tokens.
    pub token_service: &'static str,
    /// The host of Microsoft Graph.
    pub graph_host: &'static str,
    /// Where a bot can start a conversation before anybody spoke to it.
    pub default_service_url: Option<&'static str>,
    /// The hosts to which a bot may show its token, each exact: anybody can register a neighbour
    /// of `smba.trafficmanager.net`.
    pub service_hosts: &'static [&'static str],
}

impl FromStr for Cloud {
    type Err = Error;

    /// `public`, `gcc`, `gcc_high`, `dod` or `china`.
    fn from_str(name: &str) -> Result<Self, Error> {
        match name.trim().to_ascii_lowercase().replace('-', "_").as_str() {
            "public" => Ok(Self::Public),
            "gcc" => Ok(Self::Gcc),
            "gcc_high" | "gcch" => Ok(Self::GccHigh),
            "dod" => Ok(Self::Dod),
            "china" => Ok(Self::China),
            _ => {
                let why =
                    format!("`{name}` is not a cloud; use public, gcc, gcc_high, dod or china");
                Err(Error::new(ErrorKind::Config, why))
            }
        }
    }
}

impl Cloud {
    /// The table's row of this cloud.
    pub fn constants(self) -> &'static CloudConstants {
        match self {
            Self::Public => &PUBLIC,
            Self::Gcc => &GCC,
            Self::GccHigh => &GCC_HIGH,
            Self::Dod => &DOD,
            Self::China => &CHINA,
        }
    }

    /// The URL at which a bot of `tenant` gets its token.
    ///
    /// ```
    /// use argus_bot_sdk::auth::Cloud;
    ///
    /// let url = Cloud::Public.token_url("botframework.com");
    /// assert_eq!(url, "https://login.microsoftonline.com/botframework.com/oauth2/v2.0/token");
    /// ```
    pub fn token_url(self, tenant: &str) -> String {
        format!("https://{}/{tenant}/oauth2/v2.0/token", self.constants().login_host)
    }
}

const PUBLIC: CloudConstants = CloudConstants {
    openid_metadata_url: "https://login.botframework.com/v1/.well-known/openidconfiguration",
    issuer: "https://api.botframework.com",
    entra_openid_url: "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
    login_host: "login.microsoftonline.com",
    entra_v1_issuer_host: "sts.windows.net",
    bot_tenant: "botframework.com",
    bot_scope: "https://api.botframework.com/.default",
    token_service: "https://token.botframework.com",
    graph_host: "graph.microsoft.com",
    default_service_url: Some("https://smba.trafficmanager.net/teams/"),
    service_hosts: &["smba.trafficmanager.net"],
};

const GCC: CloudConstants = CloudConstants {
    default_service_url: Some("https://smba.infra.gcc.teams.microsoft.com/teams"),
    // A GCC tenant is first met on the public host, which then names the right one.
    service_hosts: &["smba.infra.gcc.teams.microsoft.com", "smba.trafficmanager.net"],
    ..PUBLIC
};

const GCC_HIGH: CloudConstants = CloudConstants {
    openid_metadata_url: "https://login.botframework.azure.us/v1/.well-known/openidconfiguration",
    issuer: "https://api.botframework.us",
    entra_openid_url: "https://login.microsoftonline.us/cab8a31a-1906-4287-a0d8-4eef66b95f6e/v2.0/.well-known/openid-configuration",
    login_host: "login.microsoftonline.us",
    entra_v1_issuer_host: "sts.windows.net",
    bot_tenant: "MicrosoftServices.onmicrosoft.us",
    bot_scope: "https://api.botframework.us/.default",
    token_service: "https://tokengcch.botframework.azure.us",
    graph_host: "graph.microsoft.us",
    default_service_url: Some("https://smba.infra.gov.teams.microsoft.us/teams"),
    service_hosts: &["smba.infra.gov.teams.microsoft.us"],
};

const DOD: CloudConstants = CloudConstants {
    token_service: "https://apiDoD.botframework.azure.us",
    graph_host: "dod-graph.microsoft.us",
    default_service_url: Some("https://smba.infra.dod.teams.microsoft.us/teams"),
    service_hosts: &["smba.infra.dod.teams.microsoft.us"],
    ..GCC_HIGH
};

const CHINA: CloudConstants = CloudConstants {
    openid_metadata_url: "https://login.botframework.azure.cn/v1/.well-known/openidconfiguration",
    issuer: "https://api.botframework.azure.cn",
    entra_openid_url: "https://login.partner.microsoftonline.cn/a55a4d5b-9241-49b1-b4ff-befa8db00269/v2.0/.well-known/openid-configuration",
    login_host: "login.partner.microsoftonline.cn",
    entra_v1_issuer_host: "sts.chinacloudapi.cn",
    bot_tenant: "microsoftservices.partner.onmschina.cn",
    bot_scope: "https://api.botframework.azure.cn/.default",
    token_service: "https://token.botframework.azure.cn",
    graph_host: "microsoftgraph.chinacloudapi.cn",
    // Microsoft publishes none, so a deployment in China has to configure its own.
    default_service_url: None,
    service_hosts: &[],
};
