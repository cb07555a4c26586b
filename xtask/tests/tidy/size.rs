//! A file is one idea.

use crate::File;

/// The most lines of one file.
const MOST: usize = 500;
/// What half of the files must stay under.
const MEDIAN: usize = 150;

pub(crate) fn too_long(files: &[File]) -> Vec<String> {
    let long = files.iter().filter(|file| lines(file) > MOST);
    long.map(|file| format!("{}: {} lines, at most {MOST}", file.path, lines(file))).collect()
}

pub(crate) fn median_too_long(files: &[File]) -> Vec<String> {
    let mut counts: Vec<usize> = files.iter().map(lines).collect();
    counts.sort_unstable();
    match counts.get(counts.len() / 2) {
        Some(&median) if median >= MEDIAN => {
            vec![format!("the median file has {median} lines, it must stay under {MEDIAN}")]
        }
        _ => Vec::new(),
    }
}

fn lines(file: &File) -> usize {
    file.text.lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::file;

    #[test]
    fn the_limit_is_allowed_and_one_more_is_not() {
        let files = [file("a.rs", &"x\n".repeat(500)), file("b.rs", &"x\n".repeat(501))];
        assert_eq!(too_long(&files), ["b.rs: 501 lines, at most 500"]);
    }

    #[test]
    fn the_median_counts_not_the_mean() {
        let short = || file("a.rs", "x\n");
        let long = || file("b.rs", &"x\n".repeat(400));
        assert!(median_too_long(&[short(), short(), long()]).is_empty());
        assert_eq!(median_too_long(&[short(), long(), long()]).len(), 1);
        assert!(median_too_long(&[]).is_empty());
    }
}
