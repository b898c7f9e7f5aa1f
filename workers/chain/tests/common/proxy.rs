//! Stands between client and node, reads the client's requests, and fails at a chosen one.
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Pass,
    /// It doesn't arrive; the connection breaks.
    Lose,
    /// It arrives; the connection breaks before the answer.
    LoseAnswer,
    /// It arrives; from then on nothing is ever answered, on any connection.
    GoDeaf,
}

type Rule = Arc<dyn Fn(&str) -> Fate + Send + Sync>;

/// A proxy in front of the node; returns its address.
pub(crate) async fn proxy(url: &str, rule: impl Fn(&str) -> Fate + Send + Sync + 'static) -> String {
    let target = url.trim_start_matches("ws://").trim_end_matches('/').to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}", listener.local_addr().unwrap());
    let rule: Rule = Arc::new(rule);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let server = TcpStream::connect(&target).await.unwrap();
            let (from_client, mut to_client) = client.into_split();
            let (mut from_server, to_server) = server.into_split();
            let (rule, (heard, deaf)) = (rule.clone(), tokio::sync::watch::channel(false));
            let requests = tokio::spawn(requests(from_client, to_server, rule, heard));
            kept.push(tokio::spawn(async move {
                let mut buffer = vec![0; 1 << 16];
                while let Ok(read @ 1..) = from_server.read(&mut buffer).await {
                    if *deaf.borrow() {
                        continue;
                    }
                    if requests.is_finished() || to_client.write_all(&buffer[..read]).await.is_err() {
                        break;
                    }
                }
            }));
        }
    });
    address
}

/// Passes the client's requests on, until one has another fate.
async fn requests(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    rule: Rule,
    heard: tokio::sync::watch::Sender<bool>,
) -> std::io::Result<()> {
    let mut handshake = Vec::new();
    while !handshake.ends_with(b"\r\n\r\n") {
        handshake.push(from.read_u8().await?);
    }
    to.write_all(&handshake).await?;
    loop {
        let (frame, payload) = frame(&mut from).await?;
        match rule(&String::from_utf8_lossy(&payload)) {
            Fate::Pass => to.write_all(&frame).await?,
            Fate::Lose => return Ok(()),
            Fate::LoseAnswer => {
                // Deaf first, so that the answer isn't passed on; then both ends close.
                heard.send_replace(true);
                to.write_all(&frame).await?;
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
                return Ok(());
            }
            Fate::GoDeaf => {
                heard.send_replace(true);
                to.write_all(&frame).await?;
            }
        }
    }
}

/// A WebSocket frame of a client, as it is and with its payload unmasked.
async fn frame(from: &mut OwnedReadHalf) -> std::io::Result<(Vec<u8>, Vec<u8>)> {
    let mut frame = vec![0; 2];
    from.read_exact(&mut frame).await?;
    let more = match frame[1] & 127 {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mut head = vec![0; more + 4];
    from.read_exact(&mut head).await?;
    let len = match more {
        0 => usize::from(frame[1] & 127),
        _ => head[..more].iter().fold(0, |len, byte| len << 8 | usize::from(*byte)),
    };
    let mask = head[more..].to_vec();
    let mut payload = vec![0; len];
    from.read_exact(&mut payload).await?;
    frame.extend(&head);
    frame.extend(&payload);
    let unmasked = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Ok((frame, unmasked))
}
