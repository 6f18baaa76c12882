//! The crate's source as a tree of modules, in which names can be looked up.

use std::collections::BTreeMap;
use std::path::Path;

use syn::{Attribute, Item, UseTree, Visibility};

/// One module. Its path has no `crate::` in front; the root's is empty.
pub(super) struct Module {
    pub(super) path: String,
    pub(super) is_public: bool,
    pub(super) items: Vec<Item>,
    /// What each imported name stands for, and whether it is exported again.
    uses: Vec<Import>,
}

struct Import {
    name: String,
    path: Vec<String>,
    is_public: bool,
}

/// All modules by their path.
pub(super) struct Source(pub(super) BTreeMap<String, Module>);

/// What a name turned out to be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meaning {
    /// An item of this crate: the module in which it is written down, and its name.
    Ours(String, String),
    /// Something of this other crate.
    Foreign(String),
    /// The language's own, a type parameter, or made by a macro.
    Other,
}

impl Source {
    pub(super) fn read(root: &Path) -> Self {
        let mut modules = BTreeMap::new();
        load(&root.join("lib.rs"), root, String::new(), true, &mut modules);
        Self(modules)
    }

    /// Whether everybody can name this module.
    pub(super) fn is_reachable(&self, path: &str) -> bool {
        let above = path.rsplit_once("::").map_or("", |(above, _)| above);
        path.is_empty()
            || (self.0.get(path).is_some_and(|it| it.is_public) && self.is_reachable(above))
    }

    /// What `path` means in this module.
    pub(super) fn meaning(&self, module: &str, path: &[String]) -> Meaning {
        self.look_up(module, path, 0)
    }

    fn look_up(&self, module: &str, path: &[String], depth: u8) -> Meaning {
        let Some((first, rest)) = path.split_first() else { return Meaning::Other };
        if depth > 16 {
            return Meaning::Other;
        }
        match first.as_str() {
            "crate" => return self.look_up("", rest, depth + 1),
            "self" => return self.look_up(module, rest, depth + 1),
            "super" => {
                let above = module.rsplit_once("::").map_or("", |(above, _)| above);
                return self.look_up(above, rest, depth + 1);
            }
            "std" | "core" | "alloc" => return Meaning::Other,
            _ => {}
        }
        let Some(here) = self.0.get(module) else { return Meaning::Other };
        if rest.is_empty()
            && here.items.iter().any(|item| name_of(item).is_some_and(|it| it == first))
        {
            return Meaning::Ours(module.to_owned(), first.clone());
        }
        let child = if module.is_empty() { first.clone() } else { format!("{module}::{first}") };
        if self.0.contains_key(&child) {
            return self.look_up(&child, rest, depth + 1);
        }
        if let Some(import) = here.uses.iter().find(|import| import.name == *first) {
            let whole: Vec<String> = import.path.iter().chain(rest).cloned().collect();
            if whole.first() != Some(first) || import.path.len() > 1 {
                return self.look_up(module, &whole, depth + 1);
            }
        }
        for import in here.uses.iter().filter(|import| import.name == "*") {
            let whole: Vec<String> = import.path.iter().chain(path).cloned().collect();
            let found = self.look_up(module, &whole, depth + 1);
            if matches!(found, Meaning::Ours(..)) {
                return found;
            }
        }
        // What begins with a small letter and is no module of ours is a crate.
        let is_crate = first.starts_with(|letter: char| letter.is_ascii_lowercase());
        if is_crate && !rest.is_empty() { Meaning::Foreign(first.clone()) } else { Meaning::Other }
    }

    /// What this module exports under which name: its own items, and those of others.
    pub(super) fn exports(&self, path: &str) -> Vec<(String, Meaning)> {
        let Some(module) = self.0.get(path) else { return Vec::new() };
        let own = module.items.iter().filter(|item| is_public(item)).filter_map(|item| {
            let name = name_of(item)?;
            Some((name.to_string(), Meaning::Ours(path.to_owned(), name.to_string())))
        });
        let mut exports: Vec<_> = own.collect();
        for import in module.uses.iter().filter(|import| import.is_public) {
            if import.name != "*" {
                exports.push((import.name.clone(), self.meaning(path, &import.path)));
                continue;
            }
            let mut place = import.path.clone();
            if place.first().is_some_and(|first| first == "crate") {
                place.remove(0);
            }
            exports.extend(self.exports(&place.join("::")));
        }
        exports
    }
}

/// The name of an item that has one and is no module.
pub(super) fn name_of(item: &Item) -> Option<&syn::Ident> {
    match item {
        Item::Const(it) => Some(&it.ident),
        Item::Enum(it) => Some(&it.ident),
        Item::Fn(it) => Some(&it.sig.ident),
        Item::Static(it) => Some(&it.ident),
        Item::Struct(it) => Some(&it.ident),
        Item::Trait(it) => Some(&it.ident),
        Item::Type(it) => Some(&it.ident),
        _ => None,
    }
}

fn is_public(item: &Item) -> bool {
    let visibility = match item {
        Item::Const(it) => &it.vis,
        Item::Enum(it) => &it.vis,
        Item::Fn(it) => &it.vis,
        Item::Static(it) => &it.vis,
        Item::Struct(it) => &it.vis,
        Item::Trait(it) => &it.vis,
        Item::Type(it) => &it.vis,
        _ => return false,
    };
    matches!(visibility, Visibility::Public(_))
}

fn load(
    file: &Path,
    folder: &Path,
    path: String,
    is_public: bool,
    modules: &mut BTreeMap<String, Module>,
) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let mut uses = Vec::new();
    for item in &parsed.items {
        match item {
            Item::Use(it) => {
                let is_public = matches!(it.vis, Visibility::Public(_));
                imports(&it.tree, Vec::new(), is_public, &mut uses);
            }
            Item::Mod(it) if it.content.is_none() && !is_test(&it.attrs) => {
                let name = it.ident.to_string();
                let is_public = matches!(it.vis, Visibility::Public(_));
                let below = if path.is_empty() { name.clone() } else { format!("{path}::{name}") };
                let file = folder.join(format!("{name}.rs"));
                load(&file, &folder.join(&name), below, is_public, modules);
            }
            _ => {}
        }
    }
    let module = Module { path: path.clone(), is_public, items: parsed.items, uses };
    modules.insert(path, module);
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|it| {
        it.path().is_ident("cfg") && it.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    })
}

fn imports(tree: &UseTree, mut path: Vec<String>, is_public: bool, found: &mut Vec<Import>) {
    match tree {
        UseTree::Path(it) => {
            path.push(it.ident.to_string());
            imports(&it.tree, path, is_public, found);
        }
        UseTree::Group(it) => {
            for tree in &it.items {
                imports(tree, path.clone(), is_public, found);
            }
        }
        UseTree::Glob(_) => found.push(Import { name: "*".into(), path, is_public }),
        UseTree::Name(it) if it.ident == "self" => {
            let name = path.last().cloned().unwrap_or_default();
            found.push(Import { name, path, is_public });
        }
        UseTree::Name(it) => {
            path.push(it.ident.to_string());
            found.push(Import { name: it.ident.to_string(), path, is_public });
        }
        UseTree::Rename(it) => {
            path.push(it.ident.to_string());
            found.push(Import { name: it.rename.to_string(), path, is_public });
        }
    }
}
