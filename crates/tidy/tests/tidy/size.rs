//! Files and functions stay small enough to be read at once.

use crate::{
    none, rust,
    tree::{File, files},
};

const FILE_MAX_LINES: usize = 600;
const FUNCTION_MAX_LINES: usize = 100;

fn below_src(file: &&File) -> bool {
    file.is_rust() && file.path.starts_with("crates/") && file.path.contains("/src/")
}

fn long_files(files: &[File]) -> Vec<String> {
    files
        .iter()
        .filter(below_src)
        .filter_map(|file| {
            let lines = file.text.lines().count();
            let text = format!("{} has {lines} lines, more than {FILE_MAX_LINES}", file.path);
            (lines > FILE_MAX_LINES).then_some(text)
        })
        .collect()
}

/// Name, first line from 1 and number of lines of every function.
fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let starts = code
        .match_indices("fn ")
        .filter(|(at, _)| !code[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'));
    starts
        .filter_map(|(at, _)| {
            let rest = &code[at + 3..];
            let name: String =
                rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let length = body_end(rest)?;
            let first = code[..at].matches('\n').count() + 1;
            (!name.is_empty()).then(|| (name, first, rest[..length].lines().count()))
        })
        .collect()
}

/// Where a function ends; none for one without a body.
fn body_end(rest: &str) -> Option<usize> {
    let (mut round, mut curly) = (0_i32, 0_i32);
    for (at, c) in rest.char_indices() {
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if round == 0 && curly == 0 => return None,
            '{' => curly += 1,
            '}' => {
                curly -= 1;
                if curly == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

fn long_functions(files: &[File]) -> Vec<String> {
    let of = |file: &File| {
        let all = functions(&rust::read(&file.text).code);
        let long = all.into_iter().filter(|(_, _, lines)| *lines > FUNCTION_MAX_LINES);
        let complain = |(name, first, lines): (String, usize, usize)| {
            let path = &file.path;
            format!("{path}:{first}: {name} has {lines} lines, more than {FUNCTION_MAX_LINES}")
        };
        long.map(complain).collect::<Vec<_>>()
    };
    files.iter().filter(below_src).flat_map(of).collect()
}

#[test]
fn files_fit() {
    none(long_files(&files()));
}

#[test]
fn functions_fit() {
    none(long_functions(&files()));
}

#[test]
fn a_long_file_is_seen() {
    let long = File::of("crates/a/src/b.rs", &"// x\n".repeat(601));
    let fits = File::of("crates/a/src/c.rs", &"// x\n".repeat(600));
    assert_eq!(long_files(&[long, fits]).len(), 1);
}

#[test]
fn a_long_function_is_seen() {
    let body = "    let a = \"}\";\n";
    let long =
        format!("trait T {{ fn none(&self); }}\nfn long(a: [u8; 2]) {{\n{}}}\n", body.repeat(99));
    let fits = format!("fn fits() {{\n{}}}\n", body.repeat(98));
    let found = long_functions(&[
        File::of("crates/a/src/b.rs", &long),
        File::of("crates/a/src/c.rs", &fits),
    ]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("b.rs:2: long has 101 lines"), "{found:?}");
}
