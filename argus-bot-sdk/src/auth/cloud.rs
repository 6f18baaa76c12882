//! The five Microsoft clouds and what is different in each.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind};

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
/// `AuthenticationConstants.cs` of Agents-for-net and `governmentConstants.ts` of botbuilder-js; for
/// the exchange audience "Configure an application to trust a managed identity".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CloudConstants {
    /// The OpenID document that names the keys of the Bot Framework.
    pub openid_metadata_url: &'static str,
    /// Where those keys are. The OpenID document decides; this is what it says today.
    pub jwks_url: &'static str,
    /// Who signs tokens for bots.
    pub issuer: &'static str,
    /// The OpenID document of Entra for tokens between bots.
    pub entra_openid_url: &'static str,
    /// The host that gives out tokens.
    pub login_host: &'static str,
    /// The host in the issuer of an Entra v1 token.
    pub entra_v1_issuer_host: &'static str,
    /// The tenant of bots of the old multi-tenant kind; see
    /// [`multi_tenant_token_url`](Cloud::multi_tenant_token_url).
    pub bot_tenant: &'static str,
    /// What a bot asks a token for.
    pub bot_scope: &'static str,
    /// The service that keeps users' tokens.
    pub token_service: &'static str,
    /// The host of Microsoft Graph.
    pub graph_host: &'static str,
    /// What a bot asks a token for if it wants to call Microsoft Graph.
    pub graph_scope: &'static str,
    /// The audience of a managed identity's token that proves an app registration.
    pub exchange_audience: &'static str,
    /// Where a bot can start a conversation before anybody spoke to it.
    pub default_service_url: Option<&'static str>,
    /// The hosts to which a bot may show its token, each exact: anybody can register a neighbour
    /// of `smba.trafficmanager.net`.
    pub service_hosts: &'static [&'static str],
}

impl Cloud {
    /// All clouds.
    pub const ALL: [Self; 5] = [Self::Public, Self::Gcc, Self::GccHigh, Self::Dod, Self::China];

    /// The name in settings; [`FromStr`] reads it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Gcc => "gcc",
            Self::GccHigh => "gcc_high",
            Self::Dod => "dod",
            Self::China => "china",
        }
    }

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

    /// The URL at which a bot of the old multi-tenant kind gets its token. A bot of one tenant, which
    /// is what Microsoft lets people make today, uses [`token_url`](Self::token_url) with that tenant.
    /// `None` in China, where there is no such tenant that one can rely on.
    ///
    /// ```
    /// use argus_bot_sdk::auth::Cloud;
    ///
    /// let url = Cloud::Public.multi_tenant_token_url();
    /// assert_eq!(url, Some(Cloud::Public.token_url("botframework.com")));
    /// assert_eq!(Cloud::China.multi_tenant_token_url(), None);
    /// ```
    pub fn multi_tenant_token_url(self) -> Option<String> {
        (self != Self::China).then(|| self.token_url(self.constants().bot_tenant))
    }

    /// The issuers of a tenant's tokens: version 2, then version 1.
    ///
    /// ```
    /// use argus_bot_sdk::auth::Cloud;
    ///
    /// let [_, v1] = Cloud::Public.entra_issuers("11111111-2222-4333-8444-555555555555");
    /// assert_eq!(v1, "https://sts.windows.net/11111111-2222-4333-8444-555555555555/");
    /// ```
    pub fn entra_issuers(self, tenant: &str) -> [String; 2] {
        let constants = self.constants();
        [
            format!("https://{}/{tenant}/v2.0", constants.login_host),
            format!("https://{}/{tenant}/", constants.entra_v1_issuer_host),
        ]
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Cloud {
    type Err = Error;

    /// Reads a cloud's name, for example from settings.
    fn from_str(name: &str) -> Result<Self, Error> {
        let named = Self::ALL.into_iter().find(|cloud| cloud.name() == name);
        named.or((name == "gcch").then_some(Self::GccHigh)).ok_or_else(|| {
            let why = format!("`{name}` is not known; use public, gcc, gcc_high, dod or china");
            Error::new(ErrorKind::Config, why)
        })
    }
}

const PUBLIC: CloudConstants = CloudConstants {
    openid_metadata_url: "https://login.botframework.com/v1/.well-known/openidconfiguration",
    jwks_url: "https://login.botframework.com/v1/.well-known/keys",
    issuer: "https://api.botframework.com",
    entra_openid_url: "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration",
    login_host: "login.microsoftonline.com",
    entra_v1_issuer_host: "sts.windows.net",
    bot_tenant: "botframework.com",
    bot_scope: "https://api.botframework.com/.default",
    token_service: "https://token.botframework.com",
    graph_host: "graph.microsoft.com",
    graph_scope: "https://graph.microsoft.com/.default",
    exchange_audience: "api://AzureADTokenExchange",
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
    jwks_url: "https://login.botframework.azure.us/v1/.well-known/keys",
    issuer: "https://api.botframework.us",
    entra_openid_url: "https://login.microsoftonline.us/cab8a31a-1906-4287-a0d8-4eef66b95f6e/v2.0/.well-known/openid-configuration",
    login_host: "login.microsoftonline.us",
    entra_v1_issuer_host: "sts.windows.net",
    bot_tenant: "MicrosoftServices.onmicrosoft.us",
    bot_scope: "https://api.botframework.us/.default",
    token_service: "https://tokengcch.botframework.azure.us",
    graph_host: "graph.microsoft.us",
    graph_scope: "https://graph.microsoft.us/.default",
    exchange_audience: "api://AzureADTokenExchangeUSGov",
    default_service_url: Some("https://smba.infra.gov.teams.microsoft.us/teams"),
    service_hosts: &["smba.infra.gov.teams.microsoft.us"],
};

const DOD: CloudConstants = CloudConstants {
    token_service: "https://apiDoD.botframework.azure.us",
    graph_host: "dod-graph.microsoft.us",
    graph_scope: "https://dod-graph.microsoft.us/.default",
    default_service_url: Some("https://smba.infra.dod.teams.microsoft.us/teams"),
    service_hosts: &["smba.infra.dod.teams.microsoft.us"],
    ..GCC_HIGH
};

const CHINA: CloudConstants = CloudConstants {
    openid_metadata_url: "https://login.botframework.azure.cn/v1/.well-known/openidconfiguration",
    jwks_url: "https://login.botframework.azure.cn/v1/.well-known/keys",
    issuer: "https://api.botframework.azure.cn",
    entra_openid_url: "https://login.partner.microsoftonline.cn/a55a4d5b-9241-49b1-b4ff-befa8db00269/v2.0/.well-known/openid-configuration",
    login_host: "login.partner.microsoftonline.cn",
    entra_v1_issuer_host: "sts.chinacloudapi.cn",
    bot_tenant: "microsoftservices.partner.onmschina.cn",
    bot_scope: "https://api.botframework.azure.cn/.default",
    token_service: "https://token.botframework.azure.cn",
    graph_host: "microsoftgraph.chinacloudapi.cn",
    graph_scope: "https://microsoftgraph.chinacloudapi.cn/.default",
    exchange_audience: "api://AzureADTokenExchangeChina",
    // Microsoft publishes none, so a deployment in China has to configure its own.
    default_service_url: None,
    service_hosts: &[],
};
