//! What no single package can prove: who may know whom, that the documents are true, who may do what.
#![expect(
    clippy::string_slice,
    clippy::case_sensitive_file_extension_comparisons,
    reason = "places come from searching the same text; our files are named in lower case"
)]

#[cfg(test)]
mod files;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod layering;
#[cfg(test)]
mod policy_matrix;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod supply_chain;
#[cfg(test)]
mod tidy;
