use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

use super::*;

fn request() -> Request<()> {
    let request =
        Request::get("http://vendor.example:81/events?from=3").header("last-event-id", "9");
    request.body(()).unwrap()
}

/// The answer to bytes that come in these pieces, and everything of its body.
async fn heard(pieces: &[&[u8]]) -> io::Result<(u16, Vec<u8>)> {
    let (ours, mut theirs) = duplex(64 * 1_024);
    for piece in pieces {
        theirs.write_all(piece).await.unwrap();
    }
    theirs.shutdown().await.unwrap();
    let mut answer = Answer::to(&request(), Box::new(ours)).await?;
    let mut body = Vec::new();
    while let Some(piece) = answer.body.next().await? {
        body.extend_from_slice(&piece);
    }
    Ok((answer.status.as_u16(), body))
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Word: a\r\n\r\n";

#[tokio::test]
async fn a_request_names_its_host_and_its_headers() {
    let (ours, mut theirs): (DuplexStream, DuplexStream) = duplex(4_096);
    theirs.write_all(b"HTTP/1.1 204 No Content\r\nRetry-After: 7\r\n\r\n").await.unwrap();
    let answer = Answer::to(&request(), Box::new(ours)).await.unwrap();
    assert_eq!(
        (answer.status.as_u16(), answer.headers["retry-after"].as_bytes()),
        (204, &b"7"[..])
    );
    drop(answer);
    let mut sent = String::new();
    theirs.read_to_string(&mut sent).await.unwrap();
    let lines =
        "GET /events?from=3 HTTP/1.1\r\nhost: vendor.example:81\r\nlast-event-id: 9\r\n\r\n";
    assert_eq!(sent, lines);
}

#[tokio::test]
async fn chunks_are_put_together_wherever_they_are_cut() {
    let whole =
        format!("{CHUNKED}5\r\nevent\r\n1a;x=y\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nT: 1\r\n\r\n");
    let bytes = whole.as_bytes();
    let expected = (200, b"eventabcdefghijklmnopqrstuvwxyz".to_vec());
    for at in 0..=bytes.len() {
        let (one, two) = bytes.split_at(at);
        assert_eq!(heard(&[one, two]).await.unwrap(), expected, "cut at {at}");
    }
    let each: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(heard(&each).await.unwrap(), expected);
}

#[tokio::test]
async fn an_end_in_the_middle_is_a_break() {
    for cut in ["", "5\r\nev", "5\r\nevent", "5\r\nevent\r\n", "0\r\n"] {
        let broken = heard(&[CHUNKED.as_bytes(), cut.as_bytes()]).await;
        assert!(broken.is_err(), "{cut:?}");
    }
    let short = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nfour";
    assert!(heard(&[short]).await.is_err());
    assert!(heard(&[b"HTTP/1.1 200 OK\r\n"]).await.is_err());
}

#[tokio::test]
async fn a_body_ends_with_its_length_or_with_the_connection() {
    let counted = b"HTTP/1.1 429 Slow\r\ncontent-length: 4\r\n\r\nwaitmore";
    assert_eq!(heard(&[counted]).await.unwrap(), (429, b"wait".to_vec()));
    let open = b"HTTP/1.1 200 OK\r\n\r\nall of it";
    assert_eq!(heard(&[open]).await.unwrap(), (200, b"all of it".to_vec()));
    let hinted = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nit";
    assert_eq!(heard(&[hinted]).await.unwrap(), (200, b"it".to_vec()));
}

#[tokio::test]
async fn what_is_no_answer_is_refused() {
    for lie in [
        "SSH-2.0-OpenSSH\r\n\r\n".to_owned(),
        "HTTP/1.1 2000 OK\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n".to_owned(),
        format!("{CHUNKED}zz\r\n"),
        format!("{CHUNKED}\r\n\r\n"),
        format!("{CHUNKED}ffffffffffffffffff\r\n"),
        format!("{CHUNKED}2\r\nlonger\r\n"),
        format!("{CHUNKED}1;{}", "x".repeat(40_000)),
        format!("HTTP/1.1 200 OK\r\nx: {}", "x".repeat(40_000)),
    ] {
        assert!(heard(&[lie.as_bytes()]).await.is_err(), "{}", &lie[..lie.len().min(80)]);
    }
}
