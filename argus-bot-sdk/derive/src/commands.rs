//! Commands out of an enum.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Attribute, Data, DeriveInput, Expr, ExprLit, Fields, Lit, LitStr, Meta, Variant};

/// What is known of a variant.
struct Command<'a> {
    variant: &'a Variant,
    word: String,
    usage: String,
    about: Option<String>,
    aliases: Vec<String>,
}

pub(crate) fn derive(input: &DeriveInput) -> syn::Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        return Err(syn::Error::new_spanned(&input.ident, "commands are the variants of an enum"));
    };
    let commands = data.variants.iter().map(read).collect::<syn::Result<Vec<_>>>()?;
    let (listed, parsed) =
        (commands.iter().map(Command::listed), commands.iter().map(Command::parsed));
    let (name, (generics, arguments, bounds)) = (&input.ident, input.generics.split_for_impl());
    Ok(quote! {
        impl #generics ::argus_bot_sdk::router::Commands for #name #arguments #bounds {
            fn commands() -> ::std::vec::Vec<::argus_bot_sdk::router::Command> {
                ::std::vec![#(#listed),*]
            }

            fn parse(
                word: &str,
                rest: &str,
            ) -> ::std::result::Result<Self, ::argus_bot_sdk::extract::Rejected> {
                match word {
                    #(#parsed)*
                    _ => ::std::result::Result::Err(
                        ::argus_bot_sdk::extract::Rejected::silent("UnknownCommand"),
                    ),
                }
            }
        }
    })
}

fn read(variant: &Variant) -> syn::Result<Command<'_>> {
    let (mut word, mut usage, mut aliases) = (None, None, Vec::new());
    for attribute in variant.attrs.iter().filter(|it| it.path().is_ident("command")) {
        attribute.parse_nested_meta(|meta| {
            let text = meta.value()?.parse::<LitStr>()?.value();
            match meta.path.get_ident().map(ToString::to_string).as_deref() {
                Some("word") => word = Some(text),
                Some("usage") => usage = Some(text),
                Some("alias") => aliases.push(text.to_lowercase()),
                _ => return Err(meta.error("a command has a `word`, a `usage` and an `alias`")),
            }
            Ok(())
        })?;
    }
    let word = word.unwrap_or_else(|| variant.ident.to_string()).to_lowercase();
    if word.is_empty() || word.contains(char::is_whitespace) {
        return Err(syn::Error::new_spanned(variant, "a command is one word"));
    }
    let usage = usage.unwrap_or_else(|| {
        let fields = variant.fields.iter().map(|field| match &field.ident {
            Some(name) => name.to_string().to_uppercase(),
            None => "TEXT".to_owned(),
        });
        std::iter::once(word.clone()).chain(fields).collect::<Vec<_>>().join(" ")
    });
    Ok(Command { variant, word, usage, about: documentation(&variant.attrs), aliases })
}

/// The first paragraph of the documentation, in one line.
fn documentation(attributes: &[Attribute]) -> Option<String> {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(doc) if doc.path.is_ident("doc") => match &doc.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.value().trim().to_owned()),
            _ => None,
        },
        _ => None,
    });
    let text = lines.take_while(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

impl Command<'_> {
    /// How the help knows it.
    fn listed(&self) -> TokenStream {
        let Self { word, usage, aliases, .. } = self;
        let about = self.about.iter();
        quote! {
            ::argus_bot_sdk::router::Command::new(#word).usage(#usage)
                #(.about(#about))* #(.alias(#aliases))*
        }
    }

    /// How it is read.
    fn parsed(&self) -> TokenStream {
        let Self { variant, word, usage, aliases, .. } = self;
        let name = &variant.ident;
        let count = variant.fields.len();
        let values: Vec<_> = (0..count).map(|n| format_ident!("value{n}")).collect();
        let reads = (1..=count)
            .map(|n| if n == count { quote!(words.rest()?) } else { quote!(words.word()?) });
        let made = match &variant.fields {
            Fields::Unit => quote!(Self::#name),
            Fields::Unnamed(_) => quote!(Self::#name(#(#values),*)),
            Fields::Named(fields) => {
                let names = fields.named.iter().filter_map(|field| field.ident.as_ref());
                quote!(Self::#name { #(#names: #values),* })
            }
        };
        let words = (count > 0)
            .then(|| quote!(let mut words = ::argus_bot_sdk::router::Words::new(rest, #usage);));
        quote! {
            #word #(| #aliases)* => {
                #words
                #(let #values = #reads;)*
                ::std::result::Result::Ok(#made)
            }
        }
    }
}
