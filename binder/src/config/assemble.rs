//! Makes a configuration of texts and variables, without reading anything itself.

use std::ffi::OsString;
use std::path::Path;

use binder_core::Result;

use crate::config::check::{check, collisions};
use crate::config::layer::{Document, Raw, assignment, environment, toml, yaml};
use crate::config::node::Table;
use crate::config::problem::Problems;
use crate::config::{Config, value::Setting};

/// A file's path, as errors name it, and its text.
pub(crate) struct Text {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Everything that gives values, from the least to the most specific.
#[derive(Default)]
pub(crate) struct Layers<'a> {
    pub(crate) defaults: Option<(&'a str, &'a str)>,
    pub(crate) files: &'a [Text],
    pub(crate) env: &'a [(OsString, OsString)],
    pub(crate) set: &'a [String],
}

/// Checks every layer, then lays them over each other.
pub(crate) fn assemble(layers: &Layers<'_>, mut problems: Problems) -> Result<Config> {
    let defaults = layers.defaults.map(|(path, text)| Document::compiled(path, text));
    let files = layers.files.iter().map(|file| Document::file(&file.path, &file.text));
    let texts = defaults.into_iter().chain(files).fold(Table::default(), |below, document| {
        below.under(document_layer(&document, &mut problems))
    });
    let variables = environment::read(layers.env, &mut problems);
    let variables = check(variables, &mut problems);
    let arguments = assignment::read(layers.set, &mut problems);
    let arguments = check(arguments, &mut problems);
    let known = texts.clone().under(arguments.clone());
    let root = texts.under(environment::respell(variables, &known)).under(arguments);
    collisions(&root, &mut problems);
    let files = layers.files.iter().map(|file| file.path.clone()).collect();
    problems.or(Config::new(root, files))
}

fn document_layer(document: &Document<'_>, problems: &mut Problems) -> Table<Setting> {
    let extension = Path::new(&*document.path).extension().and_then(|e| e.to_str());
    let raw: Table<Raw> = match extension {
        Some("toml") => toml::read(document, problems),
        Some("yaml" | "yml") => yaml::read(document, problems),
        _ => {
            let text = "neither TOML nor YAML by its name: call it .toml, .yaml or .yml";
            problems.with(&*document.path, text);
            Table::default()
        }
    };
    check(raw, problems)
}
