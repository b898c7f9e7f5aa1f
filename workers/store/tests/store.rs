//! Both stores, honestly used: they keep, give, prove, and refuse what they must.
use assay_store::{
    hash, open, serve, BlobStore, Bytes, Folder, Handle, Hash, HttpOptions, HttpStore, Limits, StoreError,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Bytes that don't repeat, so that a misplaced group is noticed.
fn bytes(len: usize) -> Vec<u8> {
    (0..len as u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

struct Served {
    dir: tempfile::TempDir,
    folder: Folder,
    handle: Handle,
    http: HttpStore,
}

async fn served(limits: Limits) -> Served {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path().join("served")).await.unwrap();
    let handle = serve("127.0.0.1:0".parse().unwrap(), folder.clone(), limits).await.unwrap();
    let http = HttpStore::new(handle.url(), HttpOptions::default()).unwrap();
    Served { dir, folder, handle, http }
}

fn blob_path(folder: &Folder, hash: Hash) -> PathBuf {
    let name = hash.to_string();
    folder.root().join("blobs").join(&name[..2]).join(name)
}

async fn keeps_and_gives(store: &dyn BlobStore, dir: &Path) {
    // Around the sizes of chunks, groups and kept trees.
    for len in [0, 1, 1023, 1024, 1025, 16_384, 16_385, 100_000, (1 << 20) - 1, (1 << 20) + 12_345] {
        let data = bytes(len);
        let address = store.put(Bytes::from(data.clone())).await.unwrap();
        assert_eq!(address, hash(&data));
        assert_eq!(store.get(address, len as u64).await.unwrap(), data, "{len}");
        assert_eq!(store.len(address).await.unwrap(), len as u64);
        assert!(store.has(address).await.unwrap());
        let file = dir.join(format!("file-{len}"));
        assert_eq!(store.get_file(address, &file, len as u64).await.unwrap(), len as u64);
        assert_eq!(std::fs::read(&file).unwrap(), data);
        assert_eq!(store.put_file(&file).await.unwrap(), address);
        for (start, end) in
            [(0, len), (0, 1), (1000, 1030), (len / 2, len / 2 + 1), (len.saturating_sub(1), len), (len, len)]
        {
            if start <= end && end <= len {
                let part = store.get_range(address, start as u64..end as u64).await.unwrap();
                assert_eq!(part, data[start..end], "{start}..{end} of {len}");
            }
        }
        let outside = store.get_range(address, 0..len as u64 + 1).await;
        assert!(matches!(outside, Err(StoreError::OutOfRange { .. })), "{outside:?}");
        if len > 0 {
            let max = len as u64 - 1;
            assert!(matches!(store.get(address, max).await, Err(StoreError::TooLarge { max: m, .. }) if m == max));
        }
    }
    let missing = hash(b"nobody has this");
    assert!(!store.has(missing).await.unwrap());
    assert!(matches!(store.get(missing, 10).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.len(missing).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.get_range(missing, 0..1).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn a_folder_keeps_and_gives() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path().join("store").to_str().unwrap()).await.unwrap();
    keeps_and_gives(&*store, dir.path()).await;
}

#[tokio::test]
async fn a_server_keeps_and_gives() {
    let served = served(Limits::default()).await;
    let store = open(served.handle.url()).await.unwrap();
    keeps_and_gives(&*store, served.dir.path()).await;
    served.handle.stop().await;
}

#[tokio::test]
async fn locations_that_name_no_store_are_refused() {
    for location in ["", "s3://bucket/folder", "file://relative", "ftp://host"] {
        assert!(matches!(open(location).await, Err(StoreError::Location { .. })), "{location}");
    }
}

#[tokio::test]
async fn what_a_crash_leaves_behind_is_not_a_blob() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(dir.path()).await.unwrap();
    let data = bytes(50_000);
    // A process that died while writing leaves its file in `incoming`.
    std::fs::write(dir.path().join("incoming/4711-0"), &data[..30_000]).unwrap();
    let folder_again = Folder::open(dir.path()).await.unwrap();
    assert!(!folder.has(hash(&data)).await.unwrap());
    assert_eq!(folder_again.used().await.unwrap(), 0);
    // The next put of the same blob succeeds, whatever names are taken.
    assert_eq!(folder.put(data.clone().into()).await.unwrap(), hash(&data));
    // Leftovers go when they are old.
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(48 * 3600);
    let leftover = dir.path().join("incoming/4711-0");
    std::fs::File::open(&leftover).unwrap().set_modified(old).unwrap();
    Folder::open(dir.path()).await.unwrap();
    assert!(!leftover.exists());
}

#[tokio::test]
async fn a_broken_upload_leaves_nothing() {
    use tokio::io::AsyncWriteExt;
    let served = served(Limits::default()).await;
    let data = bytes(200_000);
    let mut stream = tokio::net::TcpStream::connect(served.handle.address()).await.unwrap();
    let head = format!("PUT /blob/{} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n", hash(&data), data.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&data[..100_000]).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    drop(stream);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!served.http.has(hash(&data)).await.unwrap());
    assert_eq!(std::fs::read_dir(served.folder.root().join("incoming")).unwrap().count(), 0);
    // The room that it took is free again, and the blob can be put.
    served.http.put(data.into()).await.unwrap();
}

#[tokio::test]
async fn bytes_are_held_against_the_address_that_they_are_said_to_have() {
    let served = served(Limits::default()).await;
    let (data, other) = (Bytes::from(bytes(100_000)), hash(b"other"));
    let stores: [&dyn BlobStore; 2] = [&served.folder, &served.http];
    for store in stores {
        store.put_at(hash(&data), data.clone()).await.unwrap();
        assert_eq!(store.get(hash(&data), 1 << 20).await.unwrap(), data);
        let refused = store.put_at(other, data.clone()).await.unwrap_err().to_string();
        assert!(refused.contains(&hash(&data).to_string()) && refused.contains(&other.to_string()), "{refused}");
        assert!(!store.has(other).await.unwrap());
    }
}

#[tokio::test]
async fn the_same_blob_put_many_times_at_once_is_one_blob() {
    let served = served(Limits::default()).await;
    let data = Bytes::from(bytes(300_000));
    let stores: [Arc<dyn BlobStore>; 2] = [Arc::new(served.folder.clone()), Arc::new(served.http.clone())];
    let mut puts = tokio::task::JoinSet::new();
    for i in 0..24 {
        let (store, data) = (stores[i % 2].clone(), data.clone());
        puts.spawn(async move { store.put(data).await });
    }
    while let Some(put) = puts.join_next().await {
        assert_eq!(put.unwrap().unwrap(), hash(&data));
    }
    assert_eq!(served.folder.used().await.unwrap(), data.len() as u64);
    assert_eq!(served.http.get(hash(&data), 1 << 20).await.unwrap(), data);
}

#[tokio::test]
async fn a_spoilt_disk_is_noticed_and_healed_by_the_next_put() {
    let served = served(Limits::default()).await;
    let data = bytes(2 << 20);
    let address = served.folder.put(data.clone().into()).await.unwrap();
    // Have the tree kept, then spoil it: it is made anew.
    served.folder.get_range(address, 5..10).await.unwrap();
    let name = address.to_string();
    let kept = served.folder.root().join("outboards").join(&name[..2]).join(&name);
    let mut tree = std::fs::read(&kept).unwrap();
    tree[70] ^= 1;
    std::fs::write(&kept, tree).unwrap();
    assert_eq!(served.http.get_range(address, 5..10).await.unwrap(), data[5..10]);
    // Now the blob itself.
    let mut spoilt = data.clone();
    spoilt[1_500_000] ^= 1;
    std::fs::write(blob_path(&served.folder, address), &spoilt).unwrap();
    let whole = served.folder.get(address, 4 << 20).await;
    assert!(
        matches!(whole, Err(StoreError::Corrupt { expected, got, .. }) if expected == address && got == hash(&spoilt))
    );
    assert_eq!(served.folder.get_range(address, 0..1000).await.unwrap(), data[..1000]);
    let part = served.folder.get_range(address, 1_499_000..1_501_000).await;
    assert!(matches!(part, Err(StoreError::Forged { .. })), "{part:?}");
    let file = served.dir.path().join("copy");
    assert!(matches!(served.folder.get_file(address, &file, 4 << 20).await, Err(StoreError::Corrupt { .. })));
    assert!(!file.exists());
    served.folder.put(data.clone().into()).await.unwrap();
    assert_eq!(served.http.get(address, 4 << 20).await.unwrap(), data);
}

#[tokio::test]
async fn uploads_beyond_the_limits_are_refused() {
    let limits = Limits { max_blob: 10_000, max_total: 25_000, ..Limits::default() };
    let served = served(limits).await;
    let large = served.http.put(bytes(10_001).into()).await;
    assert!(matches!(large, Err(StoreError::TooLarge { len: 10_001, max: 10_000, .. })), "{large:?}");
    for start in [0, 1] {
        served.http.put(bytes(10_000 - start).into()).await.unwrap();
    }
    let full = served.http.put(bytes(9_000).into()).await;
    assert!(matches!(full, Err(StoreError::Full { len: 9_000, .. })), "{full:?}");
    served.http.put(bytes(10_000).into()).await.unwrap(); // It is there already.
}

#[tokio::test]
async fn a_store_without_uploads_only_gives() {
    let served = served(Limits { writable: false, ..Limits::default() }).await;
    let put = served.http.put(bytes(1000).into()).await;
    assert!(matches!(put, Err(StoreError::Refused { status: 403, .. })), "{put:?}");
    // What it has needn't be sent, be it so small that the client doesn't ask, or larger.
    for len in [1000, 3 << 20, 5 << 20] {
        let data = Bytes::from(bytes(len));
        let address = served.folder.put(data.clone()).await.unwrap();
        assert_eq!(served.http.get(address, len as u64).await.unwrap(), data);
        for _ in 0..5 {
            assert_eq!(served.http.put(data.clone()).await.unwrap(), address);
        }
    }
}

/// One request with exactly these bytes; returns the answer's head and body.
async fn raw(served: &Served, request: &str, body: &[u8]) -> (String, Vec<u8>) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(served.handle.address()).await.unwrap();
    let head = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n", body.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(b"\r\n").await.unwrap();
    stream.write_all(body).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    (String::from_utf8(answer[..end].to_vec()).unwrap(), answer[end + 4..].to_vec())
}

#[tokio::test]
async fn addresses_that_are_not_hashes_are_refused() {
    let served = served(Limits::default()).await;
    std::fs::write(served.dir.path().join("secret"), "secret").unwrap();
    let long = "0".repeat(65);
    let traversals =
        ["..%2f..%2fsecret", "%2e%2e/secret", "../../secret", "..", "%00", "secret", &long, "%2fetc%2fpasswd"];
    for address in traversals {
        for suffix in ["", "/bao"] {
            let (head, body) = raw(&served, &format!("GET /blob/{address}{suffix}"), b"").await;
            assert!(head.starts_with("HTTP/1.1 4"), "{address}: {head}");
            assert!(!String::from_utf8_lossy(&body).contains("secret\n"));
        }
        let (head, _) = raw(&served, &format!("PUT /blob/{address}"), b"evil").await;
        assert!(head.starts_with("HTTP/1.1 4"), "{address}: {head}");
    }
    assert_eq!(served.folder.used().await.unwrap(), 0);
}

#[tokio::test]
async fn an_upload_with_another_address_is_refused() {
    let served = served(Limits::default()).await;
    let address = hash(b"something else");
    let (head, _) = raw(&served, &format!("PUT /blob/{address}"), b"something").await;
    assert!(head.starts_with("HTTP/1.1 422"), "{head}");
    assert!(!served.http.has(address).await.unwrap());
    assert!(!served.http.has(hash(b"something")).await.unwrap());
}

#[tokio::test]
async fn plain_http_clients_get_blobs_and_ranges() {
    let served = served(Limits::default()).await;
    let data = bytes(5000);
    let address = served.folder.put(data.clone().into()).await.unwrap();
    let (head, body) = raw(&served, &format!("GET /blob/{address}"), b"").await;
    assert!(head.contains(&format!("etag: \"{address}\"")) && head.contains("content-length: 5000"), "{head}");
    assert_eq!(body, data);
    let (head, body) = raw(&served, &format!("GET /blob/{address}"), b"").await;
    assert_eq!((head.contains("200 OK"), body.len()), (true, 5000));
    let (head, body) = raw(&served, &format!("HEAD /blob/{address}"), b"").await;
    assert!(head.contains("200 OK") && head.contains("content-length: 5000"), "{head}");
    assert!(body.is_empty());
    let request = format!("GET /blob/{address} HTTP/1.1\r\nhost: x\r\nrange: bytes=100-199\r\nx-rest:");
    let (head, body) = raw(&served, &request, b"").await;
    assert!(head.contains("206") && head.contains("content-range: bytes 100-199/5000"), "{head}");
    assert_eq!(body, data[100..200]);
    let (head, body) = raw(&served, "GET /health", b"").await;
    assert!(head.contains("200 OK") && String::from_utf8(body).unwrap().contains(r#""status":"ok""#), "{head}");
}
