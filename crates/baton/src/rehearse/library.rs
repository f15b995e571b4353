//! The scenarios and the articles that come with the program.

use std::{fs, path::Path};

use rust_embed::RustEmbed;

use super::script::Script;

#[derive(RustEmbed)]
#[folder = "../../scenarios/"]
struct Scenarios;

#[derive(RustEmbed)]
#[folder = "../../demo/knowledge/"]
struct Articles;

/// The scenarios that are named, or all of them: by name, or by the path of a file.
///
/// # Errors
/// One is not found or not understood.
pub fn scripts(wanted: &[String]) -> Result<Vec<Script>, String> {
    let found: Result<Vec<Script>, String> = if wanted.is_empty() {
        let mut names: Vec<_> = Scenarios::iter().filter(|file| file.ends_with(".txt")).collect();
        names.sort();
        names.iter().map(|file| embedded(file.trim_end_matches(".txt"))).collect()
    } else {
        wanted.iter().map(|name| on_disk(name).unwrap_or_else(|| embedded(name))).collect()
    };
    Ok(found?.into_iter().flat_map(Script::each_way).collect())
}

fn embedded(name: &str) -> Result<Script, String> {
    let file = Scenarios::get(&format!("{name}.txt"))
        .ok_or_else(|| format!("find the scenario {name:?}; --list prints their names"))?;
    let text = std::str::from_utf8(&file.data).map_err(|e| format!("read {name}: {e}"))?;
    Script::read(name, text).map_err(|why| format!("read {why}"))
}

fn on_disk(path: &str) -> Option<Result<Script, String>> {
    let path = Path::new(path);
    if !path.is_file() {
        return None;
    }
    let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    Some(match fs::read_to_string(path) {
        Ok(text) => Script::read(&name, &text).map_err(|why| format!("read {why}")),
        Err(error) => Err(format!("read {}: {error}", path.display())),
    })
}

/// Writes the demo's articles and what they show into the folder.
///
/// # Errors
/// The folder cannot be written.
pub fn put_articles(folder: &Path) -> std::io::Result<()> {
    for name in Articles::iter() {
        let path = folder.join(name.as_ref());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        if let Some(file) = Articles::get(&name) {
            fs::write(path, file.data)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::ops::RangeInclusive;

    use super::*;
    use crate::seed::Back;

    #[test]
    fn every_scenario_is_understood_and_says_what_it_shows() {
        let scripts = scripts(&[]).unwrap();
        assert!(!scripts.is_empty());
        for script in scripts {
            let name = &script.name;
            let mut parts = name.splitn(2, '-');
            let channel = parts.next().unwrap();
            assert_eq!(script.front.channel().name(), channel, "{name}: channel, desk and matter");
            assert!(parts.next().is_some_and(|matter| !matter.is_empty()), "{name}: and matter");
            assert!(!script.shows.is_empty(), "{name} shows no statement");
            for number in &script.shows {
                let n: u32 = number.trim_start_matches('S').parse().unwrap();
                assert!((1..=63).contains(&n), "{name}: there is no statement {number}");
            }
        }
    }

    /// What customers' channels, Dynamics 365 and Salesforce must show by a scenario.
    const WANTED: &[RangeInclusive<u32>] = &[1..=45, 47..=47];
    /// Those of them whose scenarios are driven from other channels as long as their own is not
    /// there: phone and e-mail.
    const FROM_OTHER_CHANNELS: &[u32] = &[20, 27, 28];
    /// Those of them that no scenario shows, and why.
    const OPEN: &[(u32, &str)] = &[(24, "there is no web chat yet")];

    #[test]
    fn every_statement_about_channels_and_desks_has_its_scenario() {
        let scripts = scripts(&[]).unwrap();
        let shown = |n: u32| scripts.iter().any(|script| script.shows.contains(&format!("S{n}")));
        for n in WANTED.iter().cloned().flatten() {
            let open = OPEN.iter().find(|(open, _)| *open == n);
            assert_eq!(shown(n), open.is_none(), "S{n} {open:?}");
        }
        let channels = |n: &u32| {
            let shows = |script: &&Script| script.shows.contains(&format!("S{n}"));
            let mut all = scripts.iter().filter(shows).map(|script| script.front.channel().name());
            all.all(|channel| ["whatsapp", "sms"].contains(&channel))
        };
        let of_salesforce = |n: u32| {
            let shows = |s: &&Script| s.shows.contains(&format!("S{n}"));
            scripts.iter().filter(shows).any(|script| script.backs().contains(&Back::Salesforce))
        };
        assert!((35..=45).all(of_salesforce), "each of Salesforce's is shown with Salesforce");
        assert!(FROM_OTHER_CHANNELS.iter().all(channels), "their own channel is there now");
    }

    #[test]
    fn an_unknown_scenario_is_refused_by_name() {
        let why = scripts(&["no-such-story".to_owned()]).unwrap_err();
        assert!(why.contains("no-such-story"), "{why}");
    }
}
