//! Which crate may depend on which: the direction that the architecture promises.

#![forbid(unsafe_code)]

mod rules;

use std::{path::Path, process::Command};

use cargo_metadata::{DependencyKind, MetadataCommand};

use rules::{Kind, Member, Need};

/// Members that everybody compiles, whatever broker they use.
const WITHOUT_C: [&str; 4] = ["binder-core", "binder-macros", "binder-memory", "stream-binder"];
/// What a build script needs to compile or to find C.
const C_TOOLS: [&str; 5] = ["bindgen", "cc", "cmake", "pkg-config", "vcpkg"];

#[test]
fn dependencies_point_one_way() {
    let found = rules::violations(&members());
    assert!(found.is_empty(), "{} wrong dependencies:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_build_without_brokers_compiles_no_c() {
    let members = members();
    let light: Vec<&str> =
        WITHOUT_C.into_iter().filter(|name| members.iter().any(|m| m.name == *name)).collect();
    assert!(light.contains(&"binder-core"), "the members were not read");
    for name in light {
        let tree = tree(name);
        let tools: Vec<&str> = tree
            .lines()
            .filter(|line| line.split(' ').next().is_some_and(|word| C_TOOLS.contains(&word)))
            .collect();
        assert!(tools.is_empty(), "{name} with its default features needs {}", tools.join(", "));
    }
}

fn tree(package: &str) -> String {
    let done = Command::new(env!("CARGO"))
        .args(["tree", "--package", package, "--edges", "normal,build", "--prefix", "none"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8(done.stdout).expect("cargo prints UTF-8")
}

fn members() -> Vec<Member> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo reads the manifests");
    let examples = metadata.workspace_root.join("examples");
    let members = metadata.packages.into_iter().map(|package| Member {
        name: package.name.to_string(),
        is_example: package.manifest_path.starts_with(&examples),
        default_features: package.features.get("default").cloned().unwrap_or_default(),
        needs: package.dependencies.into_iter().map(need).collect(),
    });
    members.collect()
}

fn need(dependency: cargo_metadata::Dependency) -> Need {
    let kind = match dependency.kind {
        DependencyKind::Development => Kind::Tests,
        _ if dependency.optional => Kind::Optional,
        _ => Kind::Always,
    };
    Need { name: dependency.name, kind }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace is above")
}
