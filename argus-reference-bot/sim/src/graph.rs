//! Microsoft Graph: who somebody is, which groups they are in, and two ways to stop them.
//!
//! Source: Microsoft Graph v1.0 reference, "directoryObject: checkMemberGroups", "Get a user",
//! "Update user", "user: revokeSignInSessions".

use serde_json::{Value, json};

use crate::answer::{Answer, Ask};
use crate::people::People;

/// checkMemberGroups takes at most this many ids in one call.
const MAX_GROUP_IDS: usize = 20;

/// The name of the operation that a request asks for, for fault scripts.
pub(crate) fn operation(ask: &Ask) -> Option<&'static str> {
    let (method, path) = ask.route();
    match (method, path.as_slice()) {
        ("POST", ["v1.0", "users", _, "checkMemberGroups"]) => Some("check_member_groups"),
        ("POST", ["v1.0", "users", _, "revokeSignInSessions"]) => Some("revoke_sign_in_sessions"),
        ("GET", ["v1.0", "users"]) => Some("list_users"),
        ("GET", ["v1.0", "users", _]) => Some("get_user"),
        ("PATCH", ["v1.0", "users", _]) => Some("update_user"),
        _ => None,
    }
}

/// Answers a request that carries a good token.
pub(crate) fn answer(people: &mut People, ask: &Ask) -> Answer {
    if operation(ask) == Some("list_users") {
        return Answer::json(200, json!({ "value": [] }));
    }
    let id = ask.path.get(2).map_or("", String::as_str);
    let Some(user) = people.in_directory(id).cloned() else {
        return error(
            404,
            "Request_ResourceNotFound",
            &format!(
                "Resource '{id}' does not exist or one of its queried reference-property \
                 objects are not present."
            ),
        );
    };
    match operation(ask) {
        Some("check_member_groups") => check_member_groups(people, &user.object_id, ask),
        // "user: revokeSignInSessions" says that it does not work for guests, and not how it says so:
        // here it answers as ever and does nothing, which is worst for whoever did not look before.
        Some("revoke_sign_in_sessions") if user.guest => {
            Answer::json(200, json!({ "value": true }))
        }
        Some("revoke_sign_in_sessions") => Answer::json(200, json!({ "value": true }))
            .effect("revoke_sign_in_sessions", user.object_id),
        Some("update_user") => update(people, &user.object_id, ask),
        Some(_) => Answer::json(
            200,
            json!({
                "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#users/$entity",
                "id": user.object_id,
                "displayName": user.name,
                "jobTitle": user.title,
                "userPrincipalName": user.user_principal_name,
                "mail": user.user_principal_name,
                "accountEnabled": user.account_enabled,
                "userType": if user.guest { "Guest" } else { "Member" },
            }),
        ),
        None => error(405, "Request_BadRequest", "The HTTP method is not supported here."),
    }
}

/// Graph's error body.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    // Both ids are all zero: a constant keeps snapshots equal, and nothing reads their value.
    let zero = "00000000-0000-0000-0000-000000000000";
    Answer::json(
        status,
        json!({ "error": {
            "code": code,
            "message": message,
            "innerError": { "request-id": zero, "client-request-id": zero },
        }}),
    )
}

fn check_member_groups(people: &People, object_id: &str, ask: &Ask) -> Answer {
    let body = ask.json();
    let ids = body.as_ref().and_then(|body| body.get("groupIds")).and_then(Value::as_array);
    let Some(ids) = ids else {
        return error(400, "Request_BadRequest", "The parameter groupIds is missing.");
    };
    if ids.len() > MAX_GROUP_IDS {
        let message = "The number of ids in the parameter groupIds exceeds the limit of 20.";
        return error(400, "Request_BadRequest", message);
    }
    let member_of = people.groups_of(object_id);
    let value: Vec<&Value> = ids
        .iter()
        .filter(|id| id.as_str().is_some_and(|id| member_of.contains(&id.to_ascii_lowercase())))
        .collect();
    let context = "https://graph.microsoft.com/v1.0/$metadata#Collection(Edm.String)";
    Answer::json(200, json!({ "@odata.context": context, "value": value }))
}

fn update(people: &mut People, object_id: &str, ask: &Ask) -> Answer {
    let body = ask.json();
    let enabled =
        body.as_ref().and_then(|body| body.get("accountEnabled")).and_then(Value::as_bool);
    let Some(enabled) = enabled else {
        let message = "Only a change of accountEnabled to true or false is simulated.";
        return error(400, "Request_BadRequest", message);
    };
    people.set_enabled(object_id, enabled);
    let operation = if enabled { "enable_user" } else { "disable_user" };
    Answer::empty(204).effect(operation, object_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::{ARGUS_ADMINISTRATORS, SOC_ENGINEERS};

    fn ask(method: &str, path: &str, body: &Value) -> Answer {
        let body = serde_json::to_vec(body).unwrap();
        let mut people = People::default();
        answer(&mut people, &Ask::new(method, path, "", body))
    }

    fn oid(key: &str) -> String {
        People::default().named(key).unwrap().object_id.clone()
    }

    #[test]
    fn groups_are_checked() {
        let check = |who: &str, expected: &[&str]| {
            let path = format!("/v1.0/users/{}/checkMemberGroups", oid(who));
            let ids = json!({ "groupIds": [ARGUS_ADMINISTRATORS, SOC_ENGINEERS] });
            let answer = ask("POST", &path, &ids);
            assert_eq!(answer.status, 200, "{who}");
            assert_eq!(answer.body.unwrap()["value"], json!(expected), "{who}");
        };
        check("alice", &[SOC_ENGINEERS]);
        check("dana", &[SOC_ENGINEERS]);
        check("bob", &[]);
    }

    #[test]
    fn refusals_have_graphs_codes() {
        let check = |path: String, body: &Value, status: u16, code: &str| {
            let answer = ask("POST", &path, body);
            let said = answer.body.unwrap_or_default()["error"]["code"].clone();
            assert_eq!((answer.status, said), (status, json!(code)), "{path}");
        };
        let groups = |who: &str| format!("/v1.0/users/{}/checkMemberGroups", oid(who));
        check(groups("carol"), &json!({ "groupIds": [] }), 404, "Request_ResourceNotFound");
        check(groups("bob"), &json!({ "groupIds": vec!["x"; 21] }), 400, "Request_BadRequest");
        check(groups("bob"), &json!({}), 400, "Request_BadRequest");
    }

    #[test]
    fn an_account_can_be_disabled_and_its_sessions_revoked() {
        let mut people = People::default();
        let path = format!("/v1.0/users/{}", oid("bob"));
        let body = br#"{"accountEnabled":false}"#.to_vec();
        let done = answer(&mut people, &Ask::new("PATCH", &path, "", body));
        assert_eq!((done.status, done.effects.len()), (204, 1));
        let seen = answer(&mut people, &Ask::new("GET", &path, "", Vec::new()));
        assert_eq!(seen.body.unwrap()["accountEnabled"], json!(false));
        let revoked = ask("POST", &format!("{path}/revokeSignInSessions"), &Value::Null);
        assert_eq!(revoked.body.unwrap(), json!({ "value": true }));
    }
}
