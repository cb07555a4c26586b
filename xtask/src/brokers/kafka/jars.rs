//! Kafka's jars through Maven, kept in the folder of the broker.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::{brokers::packages, command};

const COPY: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies";

/// The class path of this version, fetched on first use (54 MB).
pub(crate) fn class_path(folder: &Path, version: &str) -> Result<String> {
    need_java()?;
    let jars = folder.join(format!("jars-{version}"));
    if !jars.exists() {
        fetch(folder, version, &jars)?;
    }
    Ok(format!("{}/*", jars.display()))
}

fn need_java() -> Result<()> {
    if command::which("java").is_none() {
        packages::install("a Java runtime (`java`)", &["default-jre-headless"])?;
    }
    Ok(())
}

fn fetch(folder: &Path, version: &str, jars: &Path) -> Result<()> {
    if command::which("mvn").is_none() {
        packages::install("Maven (`mvn`)", &["maven"])?;
    }
    eprintln!("kafka: fetching the jars of {version} through Maven");
    let pom = folder.join("pom.xml");
    fs::write(&pom, project(version)).with_context(|| format!("cannot write {}", pom.display()))?;
    // Copied beside and renamed when whole, so that an interrupted fetch is not taken for jars.
    let part = folder.join("jars.part");
    let mut maven = Command::new("mvn");
    maven
        .args(["--quiet", "--batch-mode", "--file"])
        .arg(&pom)
        .arg(COPY)
        .arg("-DincludeScope=runtime")
        .arg(format!("-DoutputDirectory={}", part.display()));
    command::output(&mut maven)?;
    fs::rename(&part, jars).with_context(|| format!("cannot rename to {}", jars.display()))
}

fn project(version: &str) -> String {
    let dependencies = [
        ("org.apache.kafka", "kafka_2.13", version),
        ("org.apache.kafka", "kafka-tools", version),
        // What Kafka logs through; its own jars name the interface only.
        ("org.apache.logging.log4j", "log4j-slf4j-impl", "2.24.3"),
        ("org.apache.logging.log4j", "log4j-core", "2.24.3"),
    ];
    let dependencies: String = dependencies
        .iter()
        .map(|(group, artifact, version)| {
            format!(
                "    <dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>\
                 <version>{version}</version></dependency>\n"
            )
        })
        .collect();
    format!(
        "<project>\n  <modelVersion>4.0.0</modelVersion>\n  <groupId>stream-binder</groupId>\n  \
         <artifactId>kafka-test-broker</artifactId>\n  <version>1</version>\n  \
         <packaging>pom</packaging>\n  <dependencies>\n{dependencies}  </dependencies>\n</project>\n"
    )
}
