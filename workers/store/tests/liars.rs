//! A client among servers that lie, break off, flood, stall and come back.
use assay_store::{hash, BlobStore, Folder, Hash, HttpOptions, HttpStore, StoreError};
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LEN: usize = 200_000;

fn data() -> Vec<u8> {
    (0..LEN as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

type Answer = Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>>;

/// A server that answers each connection's only request by `answer`, given the request's number and first line.
async fn server(
    answer: impl Fn(TcpStream, usize, String) -> Answer + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                match stream.read_u8().await {
                    Ok(byte) => head.push(byte),
                    Err(_) => break,
                }
            }
            let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_string();
            // A failure means that the client has gone, which is what these tests are about.
            tokio::spawn(answer(stream, counter.fetch_add(1, Ordering::SeqCst), line));
        }
    });
    (url, count)
}

const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";

/// The honest slice from `start` on.
async fn slice(start: u64) -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).await.unwrap();
    let address = folder.put(data().into()).await.unwrap();
    let handle =
        assay_store::serve("127.0.0.1:0".parse().unwrap(), folder, assay_store::Limits::default()).await.unwrap();
    let mut stream = TcpStream::connect(handle.address()).await.unwrap();
    let request = format!("GET /blob/{address}/bao?start={start} HTTP/1.0\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    answer.split_off(end + 4)
}

fn impatient() -> HttpOptions {
    HttpOptions {
        connect: Duration::from_secs(2),
        idle: Duration::from_millis(400),
        grace: Duration::from_secs(3),
        slowest: 1 << 20,
        attempts: 3,
        backoff: Duration::from_millis(10),
    }
}

fn client(url: &str) -> (HttpStore, Hash) {
    (HttpStore::new(url, impatient()).unwrap(), hash(&data()))
}

#[tokio::test]
async fn a_flipped_bit_is_noticed_at_its_group_and_not_asked_for_again() {
    for position in [8, 100, 5_000, 100_000, 200_500] {
        let honest = slice(0).await;
        let (url, count) = server(move |mut stream, _, _| {
            let mut forged = honest.clone();
            forged[position] ^= 0x10;
            Box::pin(async move {
                stream.write_all(HEAD).await?;
                // Up to the end of the false group, then nothing: the client must not wait for more.
                let end = (position + 17_000).min(forged.len());
                stream.write_all(&forged[..end]).await?;
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(())
            })
        })
        .await;
        let (client, address) = client(&url);
        let start = Instant::now();
        let result = client.get(address, LEN as u64).await;
        let Err(StoreError::Forged { offset, .. }) = result else { panic!("{position}: {result:?}") };
        assert!(offset <= position as u64 && offset + 20_000 > position as u64, "{offset} for {position}");
        assert!(start.elapsed() < Duration::from_millis(300));
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_false_length_is_noticed() {
    for len in [0_u64, 1, LEN as u64 - 1, LEN as u64 + 1, 16_384, 1 << 60] {
        let honest = slice(0).await;
        let (url, _) = server(move |mut stream, _, _| {
            let mut forged = honest.clone();
            forged[..8].copy_from_slice(&len.to_le_bytes());
            Box::pin(async move {
                stream.write_all(HEAD).await?;
                stream.write_all(&forged).await
            })
        })
        .await;
        let (client, address) = client(&url);
        for result in [client.get(address, u64::MAX).await.map(drop), client.len(address).await.map(drop)] {
            assert!(matches!(result, Err(StoreError::Forged { .. })), "{len}: {result:?}");
        }
        let part = client.get_range(address, 150_000..150_100).await;
        assert!(matches!(part, Err(StoreError::Forged { .. })), "{len}: {part:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_up_is_asked_for_the_rest() {
    // Each answer gives 50,000 bytes more of the slice it was asked for, then hangs up.
    let (url, count) = server(|mut stream, _, line| {
        Box::pin(async move {
            let start = line.split("start=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
            let slice = slice(start).await;
            stream.write_all(HEAD).await?;
            stream.write_all(&slice[..slice.len().min(50_000)]).await
        })
    })
    .await;
    let (client, address) = client(&url);
    assert_eq!(client.get(address, LEN as u64).await.unwrap(), data());
    assert!((4..=6).contains(&count.load(Ordering::SeqCst)), "{count:?}");
}

#[tokio::test]
async fn a_server_that_always_hangs_up_is_given_up() {
    for sent in [0, 4, 8, 1000] {
        let honest = slice(0).await;
        let (url, count) = server(move |mut stream, _, _| {
            let honest = honest.clone();
            Box::pin(async move {
                stream.write_all(HEAD).await?;
                stream.write_all(&honest[..sent]).await
            })
        })
        .await;
        let (client, address) = client(&url);
        let result = client.get(address, LEN as u64).await;
        assert!(matches!(result, Err(StoreError::Unreachable { attempts: 3, .. })), "{sent}: {result:?}");
        assert_eq!(count.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn an_endless_answer_ends_with_the_blob() {
    let honest = slice(0).await;
    let (url, _) = server(move |mut stream, _, _| {
        let honest = honest.clone();
        Box::pin(async move {
            stream.write_all(HEAD).await?;
            stream.write_all(&honest).await?;
            loop {
                stream.write_all(&[7; 65_536]).await?;
            }
        })
    })
    .await;
    let (client, address) = client(&url);
    assert_eq!(client.get(address, LEN as u64).await.unwrap(), data());
    // A length above what is accepted ends it before anything is read.
    assert!(matches!(client.get(address, 100).await, Err(StoreError::TooLarge { len: 200_000, max: 100, .. })));
}

#[tokio::test]
async fn a_stalling_server_is_given_up_in_time() {
    let honest = slice(0).await;
    let (url, _) = server(move |mut stream, _, _| {
        let honest = honest.clone();
        Box::pin(async move {
            stream.write_all(HEAD).await?;
            stream.write_all(&honest[..1000]).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        })
    })
    .await;
    let (client, address) = client(&url);
    let start = Instant::now();
    let result = client.get(address, LEN as u64).await;
    assert!(matches!(result, Err(StoreError::Unreachable { .. })), "{result:?}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

#[tokio::test]
async fn a_dripping_server_is_given_up_in_time() {
    let honest = slice(0).await;
    let (url, _) = server(move |mut stream, _, _| {
        let honest = honest.clone();
        Box::pin(async move {
            stream.write_all(HEAD).await?;
            for piece in honest.chunks(100) {
                stream.write_all(piece).await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            Ok(())
        })
    })
    .await;
    let (client, address) = client(&url);
    let start = Instant::now();
    let result = client.get(address, LEN as u64).await;
    assert!(matches!(result, Err(StoreError::TooSlow { .. })), "{result:?}");
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn a_download_to_a_file_goes_on_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("model.safetensors");
    // The first server breaks off for good after 100,000 bytes.
    let honest = slice(0).await;
    let (url, _) = server(move |mut stream, number, _| {
        let honest = honest.clone();
        Box::pin(async move {
            if number == 0 {
                stream.write_all(HEAD).await?;
                stream.write_all(&honest[..100_000]).await?;
            }
            Ok(())
        })
    })
    .await;
    let (first, address) = client(&url);
    assert!(matches!(first.get_file(address, &to, LEN as u64).await, Err(StoreError::Unreachable { .. })));
    assert!(!to.exists());
    // Another is asked only for the rest.
    let (url, _) = server(|mut stream, _, line| {
        Box::pin(async move {
            let start: u64 =
                line.split("start=").nth(1).and_then(|rest| rest.split(' ').next()).unwrap().parse().unwrap();
            assert!(start > 80_000);
            stream.write_all(HEAD).await?;
            stream.write_all(&slice(start).await).await
        })
    })
    .await;
    let (second, _) = client(&url);
    assert_eq!(second.get_file(address, &to, LEN as u64).await.unwrap(), LEN as u64);
    assert_eq!(std::fs::read(&to).unwrap(), data());
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_spoilt_part_is_thrown_away() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("model");
    let address = hash(&data());
    std::fs::write(dir.path().join(format!("model.{address}.part")), vec![1; 70_000]).unwrap();
    let folder = Folder::open(dir.path().join("store")).await.unwrap();
    folder.put(data().into()).await.unwrap();
    let handle =
        assay_store::serve("127.0.0.1:0".parse().unwrap(), folder, assay_store::Limits::default()).await.unwrap();
    let (client, _) = client(handle.url());
    client.get_file(address, &to, LEN as u64).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), data());
}

#[tokio::test]
async fn a_server_that_is_away_for_a_moment_is_waited_for() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).await.unwrap();
    folder.put(data().into()).await.unwrap();
    let options = HttpOptions { attempts: 6, backoff: Duration::from_millis(50), ..impatient() };
    let client = HttpStore::new(&format!("http://{address}"), options).unwrap();
    let starting = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assay_store::serve(address, folder, assay_store::Limits::default()).await.unwrap()
    });
    assert_eq!(client.get(hash(&data()), LEN as u64).await.unwrap(), data());
    let handle = starting.await.unwrap();
    handle.stop().await;
    let gone = client.get(hash(&data()), LEN as u64).await;
    let Err(StoreError::Unreachable { attempts: 6, hint, .. }) = gone else { panic!("{gone:?}") };
    assert!(hint.contains("server runs"));
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_unreachable_by_https() {
    let (url, _) = server(|mut stream, _, _| Box::pin(async move { stream.write_all(HEAD).await })).await;
    let (client, address) = client(&url.replace("http:", "https:"));
    let result = client.get(address, LEN as u64).await;
    assert!(matches!(result, Err(StoreError::Unreachable { .. })), "{result:?}");
}
