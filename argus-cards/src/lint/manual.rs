//! The table of rules as a page of the manual.

use std::fmt::Write;

use super::rules;
use crate::host::Host;

const HEAD: &str = "\
# Rules for cards

`argus cards lint` checks cards and templates by these rules, for the host where they will be
shown. An **error** means that the host refuses the card or a part of it, or that the card does
harm; a **warning** that somebody will not see what was meant; **info** is worth knowing.

When a template is loaded, every error refuses it, and the warnings that are marked with \u{2717} do so
too: the last good version stays in use.

This page is written by `argus cards rules --format markdown`; a test keeps it in step. The date
is that of the page or package, or of the day on which it was read.

";

/// The manual's page about the rules, in Markdown.
///
/// ```
/// assert!(argus_cards::lint::to_markdown().contains("| `image.alt` | warning |"));
/// ```
pub fn to_markdown() -> String {
    let mut page = HEAD.to_owned();
    // Writing to a string cannot fail.
    let _always = writeln!(page, "| rule | level | what is wrong | what to do | source |");
    let _always = writeln!(page, "| --- | --- | --- | --- | --- |");
    for rule in rules() {
        let cell = |text: &str| text.replace('|', "\\|");
        let mark = if rule.refuses() && rule.severity != super::Severity::Error {
            " \u{2717}"
        } else {
            ""
        };
        let _always = writeln!(
            page,
            "| `{}` | {}{mark} | {} | {} | {} |",
            rule.id,
            rule.severity,
            cell(rule.summary),
            cell(rule.help),
            rule.source,
        );
    }
    page.push_str(
        "\n## Hosts\n\n| host | shows | size | does not take |\n| --- | --- | --- | --- |\n",
    );
    for host in Host::all() {
        let sizes: Vec<String> = host
            .sizes
            .iter()
            .map(|limit| {
                let unit = if limit.utf16 { "UTF-16" } else { "UTF-8" };
                format!("{} KB {unit} (`{}`)", limit.bytes / 1024, limit.rule)
            })
            .collect();
        let refused: Vec<String> =
            host.refused.iter().map(|refused| format!("`{}`", refused.kind)).collect();
        let _always = writeln!(
            page,
            "| `{}` | up to {} | {} | {} |",
            host.name,
            host.version,
            sizes.join(", "),
            refused.join(", "),
        );
    }
    page
}
