//! Random schedules against a model broker, and the faults that they have to find.

use anyhow::{Result, bail};

use crate::{
    command,
    test::{
        features,
        steps::{Step, program, step},
    },
};

/// How many schedules the sound framework has to survive.
const SCHEDULES: &str = "100000";
/// Within how many a fault has to be found.
const SEARCHED: &str = "10000";

/// The simulation, then each fault.
pub(crate) fn steps() -> Result<Vec<Step>> {
    let sound = step(format!("simulation: {SCHEDULES} schedules"), || {
        let mut simulation = program();
        command::run(simulation.args(SIMULATION).args(["--", "--schedules", SCHEDULES]))
    });
    let finds = |mutant: String| step(format!("simulation: finds {mutant}"), move || find(&mutant));
    let mutants = features::mutants()?.into_iter().map(finds);
    Ok(std::iter::once(sound).chain(mutants).collect())
}

const SIMULATION: [&str; 6] =
    ["test", "--quiet", "--package", "stream-binder", "--test", "simulation"];

/// A build that fails is no fault that was found.
fn find(mutant: &str) -> Result<()> {
    let build = || {
        let mut simulation = program();
        simulation.args(SIMULATION).args(["--features", mutant]);
        simulation
    };
    command::run(build().arg("--no-run"))?;
    let played = build().args(["--", "--schedules", SEARCHED]).output()?;
    let printed = String::from_utf8_lossy(&played.stdout);
    let Some(found) = printed.lines().find(|line| line.starts_with("broken: seed")) else {
        bail!("{SEARCHED} schedules have not shown the fault\n{printed}");
    };
    println!("{found}");
    Ok(())
}
