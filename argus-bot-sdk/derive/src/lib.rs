#![doc = include_str!("../README.md")]

mod commands;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use quote::quote;
use syn::{DeriveInput, LitStr, parse_macro_input};

/// Says which verb the button has whose data this is: `CardActionData` of `argus-bot-sdk`.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::extract::Action;
/// use argus_bot_sdk::reply::CardReply;
/// use argus_bot_sdk::router::CardAction;
///
/// #[derive(CardAction, serde::Deserialize)]
/// #[action(verb = "isolate")]
/// struct IsolateHost {
///     host: String,
/// }
///
/// async fn isolate(Action(data): Action<IsolateHost>) -> CardReply {
///     CardReply::message(format!("{} is isolated.", data.host))
/// }
///
/// let router: Router = Router::new().on_action(isolate);
/// assert_eq!(router.actions().collect::<Vec<_>>(), ["isolate"]);
/// ```
///
/// A button has a verb:
///
/// ```compile_fail
/// #[derive(argus_bot_sdk::router::CardAction, serde::Deserialize)]
/// struct IsolateHost {
///     host: String,
/// }
/// ```
#[cfg_attr(
    feature = "cards",
    doc = "With the feature `cards` it is a `BotAction` of `argus-cards` as well, if it can be written as JSON:",
    doc = "```",
    doc = "use argus_bot_sdk::router::CardAction;",
    doc = "use argus_cards::model::Execute;",
    doc = "",
    doc = "#[derive(CardAction, serde::Deserialize, serde::Serialize)]",
    doc = "#[action(verb = \"isolate\")]",
    doc = "struct IsolateHost {",
    doc = "    host: String,",
    doc = "}",
    doc = "",
    doc = "let button = Execute::new(\"Isolate\", &IsolateHost { host: \"web1\".to_owned() });",
    doc = "let button = serde_json::to_value(button)?;",
    doc = "assert_eq!((&button[\"verb\"], &button[\"data\"][\"host\"]), (&\"isolate\".into(), &\"web1\".into()));",
    doc = "# Ok::<(), serde_json::Error>(())",
    doc = "```",
    doc = "What cannot be written is the data of a button that somebody else makes:",
    doc = "```compile_fail,E0277",
    doc = "#[derive(argus_bot_sdk::router::CardAction, serde::Deserialize)]",
    doc = "#[action(verb = \"isolate\")]",
    doc = "struct IsolateHost {",
    doc = "    host: String,",
    doc = "}",
    doc = "",
    doc = "let it = IsolateHost { host: \"web1\".to_owned() };",
    doc = "let button = argus_cards::model::Execute::new(\"Isolate\", &it);",
    doc = "```"
)]
#[proc_macro_derive(CardAction, attributes(action))]
pub fn card_action(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    verb_of(&input).map_or_else(
        |error| error.to_compile_error().into(),
        |verb| {
            let (name, (generics, arguments, bounds)) =
                (&input.ident, input.generics.split_for_impl());
            let action = if cfg!(feature = "cards") { bot_action(&input, &verb) } else { quote!() };
            quote! {
                impl #generics ::argus_bot_sdk::router::CardActionData for #name #arguments #bounds {
                    const VERB: &'static str = #verb;
                }
                #action
            }
            .into()
        },
    )
}

/// What makes a button of `argus-cards` of it.
fn bot_action(input: &DeriveInput, verb: &LitStr) -> TokenStream2 {
    let (name, (generics, arguments, bounds)) = (&input.ident, input.generics.split_for_impl());
    let conditions = bounds.map(|bounds| &bounds.predicates);
    let conditions = conditions.filter(|it| !it.is_empty()).map(|it| quote!(#it,));
    // About a lifetime, so that the compiler asks whether it can be written only where that is
    // needed: not every button's data can.
    quote! {
        impl #generics ::argus_bot_sdk::router::cards::BotAction for #name #arguments
        where
            #conditions
            for<'written> &'written Self: ::argus_bot_sdk::router::cards::Serialize,
        {
            const VERB: &'static str = #verb;

            fn data(&self) -> ::argus_bot_sdk::router::cards::Value {
                ::argus_bot_sdk::router::cards::data(self)
            }
        }
    }
}

fn verb_of(input: &DeriveInput) -> syn::Result<LitStr> {
    let mut verb = None;
    for attribute in input.attrs.iter().filter(|it| it.path().is_ident("action")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("verb") {
                return Err(meta.error("a button has a `verb` and nothing else"));
            }
            verb = Some(meta.value()?.parse::<LitStr>()?);
            Ok(())
        })?;
    }
    verb.ok_or_else(|| {
        syn::Error::new_spanned(&input.ident, "say which button: `#[action(verb = \"isolate\")]`")
    })
}

/// Makes commands of an enum: `Commands` of `argus-bot-sdk`.
///
/// Each variant is a command by its name in lower case. Its documentation is what the help says of
/// it, its fields are the words that follow, the last of them all that is left.
/// `#[command(word = "…", usage = "…", alias = "…")]` says it otherwise.
///
/// ```
/// use argus_bot_sdk::Router;
/// use argus_bot_sdk::router::{Commands, Parsed};
///
/// #[derive(Commands)]
/// enum Ask {
///     /// Watches a host.
///     #[command(alias = "w")]
///     Watch { host: String, minutes: u32 },
///     /// Writes a note.
///     #[command(usage = "note TEXT")]
///     Note(String),
///     /// Shows all.
///     List,
/// }
///
/// async fn ask(Parsed(ask): Parsed<Ask>) -> String {
///     match ask {
///         Ask::Watch { host, minutes } => format!("I watch {host} for {minutes} minutes."),
///         Ask::Note(text) => format!("Noted: {text}"),
///         Ask::List => "There are none.".to_owned(),
///     }
/// }
///
/// let router: Router = Router::new().on_commands(ask);
/// assert_eq!(
///     router.help().to_string(),
///     "- `list`: Shows all.\n- `note TEXT`: Writes a note.\n\
///      - `watch HOST MINUTES`: Watches a host. Also: `w`",
/// );
/// assert!(matches!(Ask::parse("w", "srv-1 30"), Ok(Ask::Watch { minutes: 30, .. })));
/// assert!(matches!(Ask::parse("note", "two words"), Ok(Ask::Note(text)) if text == "two words"));
/// assert_eq!(Ask::parse("watch", "srv-1").err().unwrap().text(), Some("Say `watch HOST MINUTES`."));
/// ```
#[proc_macro_derive(Commands, attributes(command))]
pub fn commands(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    commands::derive(&input).unwrap_or_else(|error| error.to_compile_error()).into()
}
