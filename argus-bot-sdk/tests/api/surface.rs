//! What of the crate others can see, line by line, and the foreign crates in it.

use std::collections::{BTreeMap, BTreeSet};

use quote::ToTokens;
use syn::visit::{self, Visit};
use syn::{Attribute, Fields, ImplItem, Item, TraitItem, Visibility};

use super::source::{Meaning, Module, Source, name_of};

/// The public surface.
#[derive(Default)]
pub(super) struct Surface {
    /// Each line begins with the item's public path.
    pub(super) lines: BTreeSet<String>,
    /// Where each foreign crate shows.
    pub(super) foreign: BTreeMap<String, BTreeSet<String>>,
    /// The path of each public function and method.
    pub(super) functions: BTreeSet<String>,
}

/// A definition: the module in which it is written, and its name.
type Definition = (String, String);

pub(super) fn surface(source: &Source) -> Surface {
    let mut surface = Surface::default();
    // The shortest public path of each definition.
    let mut public: BTreeMap<Definition, String> = BTreeMap::new();
    for path in source.0.keys().filter(|path| source.is_reachable(path)) {
        for (name, meaning) in source.exports(path) {
            let shown = if path.is_empty() { name.clone() } else { format!("{path}::{name}") };
            match meaning {
                Meaning::Ours(module, item) => {
                    let known = public.entry((module, item)).or_insert_with(|| shown.clone());
                    if shown.len() < known.len() {
                        *known = shown;
                    }
                }
                Meaning::Foreign(other) => {
                    surface.lines.insert(format!("{shown}: of the crate {other}"));
                    surface.foreign.entry(other).or_default().insert(shown);
                }
                Meaning::Other => {}
            }
        }
    }
    for module in source.0.values() {
        let mut look = Look { source, module, surface: &mut surface };
        for item in &module.items {
            if let Some(shown) =
                name_of(item).and_then(|name| public.get(&(module.path.clone(), name.to_string())))
            {
                look.item(shown, item);
            }
            match item {
                Item::Impl(it) => look.implementation(it, &public),
                Item::Macro(it) if it.ident.is_none() && source.is_reachable(&module.path) => {
                    look.line(&module.path, &without_docs(&it.mac.to_token_stream()));
                }
                _ => {}
            }
        }
    }
    surface
}

struct Look<'a> {
    source: &'a Source,
    module: &'a Module,
    surface: &'a mut Surface,
}

impl Look<'_> {
    fn line(&mut self, shown: &str, text: &str) {
        self.surface.lines.insert(format!("{shown}: {text}"));
    }

    fn item(&mut self, shown: &str, item: &Item) {
        match item {
            Item::Fn(it) => {
                self.function(shown, &it.attrs, &it.sig);
                self.foreign(shown, |seen| seen.visit_signature(&it.sig));
            }
            Item::Struct(it) => {
                let head = format!("{}struct{}", marks(&it.attrs), tokens(&it.generics));
                self.line(shown, &head);
                self.fields(shown, &it.fields, false);
                self.foreign(shown, |seen| seen.visit_generics(&it.generics));
            }
            Item::Enum(it) => {
                let head = format!("{}enum{}", marks(&it.attrs), tokens(&it.generics));
                self.line(shown, &head);
                for variant in &it.variants {
                    let shown = format!("{shown}::{}", variant.ident);
                    self.line(&shown, "variant");
                    self.fields(&shown, &variant.fields, true);
                }
            }
            Item::Trait(it) => {
                let bounds = tokens(&it.supertraits);
                self.line(shown, &format!("trait{}: {bounds}", tokens(&it.generics)));
                for item in &it.items {
                    self.trait_item(shown, item);
                }
                self.foreign(shown, |seen| {
                    it.supertraits.iter().for_each(|it| seen.visit_type_param_bound(it));
                });
            }
            Item::Type(it) => {
                self.line(shown, &format!("type {}", tokens(&it.ty)));
                self.foreign(shown, |seen| seen.visit_type(&it.ty));
            }
            Item::Const(it) => {
                self.line(shown, &format!("const {}", tokens(&it.ty)));
                self.foreign(shown, |seen| seen.visit_type(&it.ty));
            }
            _ => {}
        }
    }

    fn fields(&mut self, shown: &str, fields: &Fields, all: bool) {
        for (number, field) in fields.iter().enumerate() {
            if !all && !matches!(field.vis, Visibility::Public(_)) {
                continue;
            }
            let name = field.ident.as_ref().map_or(number.to_string(), ToString::to_string);
            self.line(&format!("{shown}.{name}"), &tokens(&field.ty));
            self.foreign(shown, |seen| seen.visit_type(&field.ty));
        }
    }

    fn trait_item(&mut self, shown: &str, item: &TraitItem) {
        match item {
            TraitItem::Fn(it) => {
                let shown = format!("{shown}::{}", it.sig.ident);
                let provided = if it.default.is_some() { "provided " } else { "" };
                self.line(&shown, &format!("{provided}{}", tokens(&it.sig)));
                self.foreign(&shown, |seen| seen.visit_signature(&it.sig));
            }
            TraitItem::Type(it) => self.line(shown, &format!("type {}", tokens(it))),
            TraitItem::Const(it) => {
                self.line(shown, &format!("const {}: {}", it.ident, tokens(&it.ty)));
            }
            _ => {}
        }
    }

    fn implementation(&mut self, it: &syn::ItemImpl, public: &BTreeMap<Definition, String>) {
        let syn::Type::Path(of) = &*it.self_ty else { return };
        let meaning = self.source.meaning(&self.module.path, &segments(&of.path));
        let Meaning::Ours(module, name) = meaning else { return };
        let Some(shown) = public.get(&(module, name)) else { return };
        if let Some((path, _)) = &it.trait_ {
            let generics = tokens(&it.generics);
            self.line(shown, &format!("{}impl{generics} {}", marks(&it.attrs), tokens(path)));
            self.foreign(shown, |seen| seen.visit_path(path));
            for item in &it.items {
                if let ImplItem::Type(it) = item {
                    self.foreign(shown, |seen| seen.visit_type(&it.ty));
                }
            }
            return;
        }
        for item in &it.items {
            match item {
                ImplItem::Fn(it) if matches!(it.vis, Visibility::Public(_)) => {
                    let shown = format!("{shown}::{}", it.sig.ident);
                    self.function(&shown, &it.attrs, &it.sig);
                    self.foreign(&shown, |seen| seen.visit_signature(&it.sig));
                }
                ImplItem::Const(it) if matches!(it.vis, Visibility::Public(_)) => {
                    self.line(
                        &format!("{shown}::{}", it.ident),
                        &format!("const {}", tokens(&it.ty)),
                    );
                }
                _ => {}
            }
        }
    }

    fn function(&mut self, shown: &str, attributes: &[Attribute], signature: &syn::Signature) {
        self.line(shown, &format!("{}{}", marks(attributes), tokens(signature)));
        self.surface.functions.insert(shown.to_owned());
    }

    /// Notes the foreign crates that `look` sees.
    fn foreign(&mut self, shown: &str, look: impl FnOnce(&mut Paths)) {
        let mut paths = Paths::default();
        look(&mut paths);
        for path in paths.0 {
            if let Meaning::Foreign(other) = self.source.meaning(&self.module.path, &path) {
                self.surface.foreign.entry(other).or_default().insert(shown.to_owned());
            }
        }
    }
}

/// Every path that something is made of.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.0.push(segments(path));
        visit::visit_path(self, path);
    }
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|it| it.ident.to_string()).collect()
}

/// The attributes that callers can feel.
fn marks(attributes: &[Attribute]) -> String {
    let felt = ["cfg", "non_exhaustive", "must_use", "deprecated", "doc"];
    let mut marks = String::new();
    for attribute in attributes.iter().filter(|it| felt.iter().any(|name| it.path().is_ident(name)))
    {
        let is_hidden = matches!(&attribute.meta, syn::Meta::List(_));
        match attribute.path().is_ident("doc") {
            true if !is_hidden => {}
            _ if attribute.path().is_ident("must_use") => marks += "#[must_use] ",
            _ => {
                marks += &tokens(attribute);
                marks.push(' ');
            }
        }
    }
    marks
}

/// Tokens with the spaces that a person would write.
fn tokens(of: &impl ToTokens) -> String {
    let mut text = of.to_token_stream().to_string();
    for (spaced, plain) in [
        (" :: ", "::"),
        (":: ", "::"),
        (" < ", "<"),
        ("< ", "<"),
        (" >", ">"),
        ("& ", "&"),
        (" ,", ","),
        (" : ", ": "),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        ("' ", "'"),
        ("# [", "#["),
        (" ]", "]"),
        ("[ ", "["),
        (" ;", ";"),
        ("- >", " ->"),
        ("->", "-> "),
        ("->  ", "-> "),
    ] {
        text = text.replace(spaced, plain);
    }
    text
}

/// What a macro is given, without the documentation in it.
fn without_docs(stream: &proc_macro2::TokenStream) -> String {
    let text = stream.to_string();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("///"));
    let joined = lines.collect::<Vec<_>>().join(" ");
    joined.split_whitespace().collect::<Vec<_>>().join(" ")
}
