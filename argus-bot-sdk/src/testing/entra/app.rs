//! Apps that Entra knows.

use super::TestCertificate;
use super::assertion::FederatedCredential;

/// An app that Entra knows.
#[derive(Clone, Debug)]
pub struct AppRegistration {
    pub(super) client_id: String,
    pub(super) secret: String,
    pub(super) roles: Vec<String>,
    pub(super) absent_from: Vec<String>,
    pub(super) certificates: Vec<TestCertificate>,
    pub(super) federated: Vec<FederatedCredential>,
}

impl AppRegistration {
    /// An app with a secret and a service principal in every tenant.
    pub fn new(client_id: impl Into<String>, secret: impl Into<String>) -> Self {
        let (client_id, secret) = (client_id.into(), secret.into());
        Self {
            client_id,
            secret,
            roles: Vec::new(),
            absent_from: Vec::new(),
            certificates: Vec::new(),
            federated: Vec::new(),
        }
    }

    /// Trusts a certificate, beside the secret.
    #[must_use]
    pub fn certificate(mut self, certificate: &TestCertificate) -> Self {
        self.certificates.push(certificate.clone());
        self
    }

    /// Trusts tokens of this issuer about this subject: a federated credential. A managed identity's
    /// subject is its client id here.
    #[must_use]
    pub fn federated(mut self, issuer: impl Into<String>, subject: impl Into<String>) -> Self {
        let (issuer, subject) = (issuer.into(), subject.into());
        self.federated.push(FederatedCredential { issuer, subject });
        self
    }

    /// Grants an application role, for example `Machine.Isolate`.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.roles.push(role.into());
        self
    }

    /// There is no service principal in this tenant: AADSTS7000229.
    ///
    /// ```
    /// use argus_bot_sdk::testing::{AppRegistration, FakeEntra, TENANT};
    ///
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let app = AppRegistration::new("tickets", "only-for-this-test").absent_from(TENANT);
    /// let entra = FakeEntra::builder()
    ///     .tenant(TENANT)
    ///     .app(app)
    ///     .resource("api://tickets")
    ///     .token_lifetime(600)
    ///     .ask_consent()
    ///     .start()
    ///     .await?;
    /// // Somebody lets the app act for them; their organisation still does not know it.
    /// entra.consent("c5e99701-2a32-49c1-a660-4629ceeb8c61");
    /// let form = [
    ///     ("grant_type", "client_credentials"),
    ///     ("client_id", "tickets"),
    ///     ("client_secret", "only-for-this-test"),
    ///     ("scope", "api://tickets/.default"),
    /// ];
    /// let answer = reqwest::Client::new().post(entra.token_url(TENANT)).form(&form).send().await?;
    /// assert!(answer.text().await?.contains("AADSTS7000229"));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn absent_from(mut self, tenant: impl Into<String>) -> Self {
        self.absent_from.push(tenant.into());
        self
    }
}
