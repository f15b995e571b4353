use super::*;

#[test]
fn the_middle_is_taken() {
    assert!((median(vec![3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
    assert!((median(vec![4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < f64::EPSILON);
}

#[test]
fn a_line_through_the_peaks_has_their_slope() {
    let points = [(1.0, 3.5), (4.0, 5.0), (8.0, 7.0), (16.0, 11.0)];
    assert!((media::slope(points.into_iter()) - 0.5).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_kept_at_its_ceiling_and_refused_once_at_most() {
    let case = pace::Case {
        what: "a number that refuses once",
        head: "inbox: whatsapp",
        people: 48,
        each: 1,
        most: 80,
        span_ms: 1_000,
        windowed: true,
        refuses_one: true,
    };
    let report = pace::measure(&case).await.unwrap();
    assert_eq!((report.messages, report.refused), (48, 1), "{report:?}");
    assert!(report.kept_to_ceiling > 0.75 && report.kept_to_ceiling <= 1.0, "{report:?}");
}
