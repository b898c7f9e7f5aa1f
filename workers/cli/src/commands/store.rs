//! `assay store`: a folder of blobs behind HTTP.

use anyhow::{Context, Result};
use assay_store::{serve, Folder, Limits};

use crate::args::StoreArgs;

/// Serves until interrupted.
pub(crate) async fn store(args: StoreArgs, json: bool) -> Result<()> {
    let folder =
        Folder::open(&args.dir).await.with_context(|| format!("cannot open the folder {}", args.dir.display()))?;
    let mut handle = serve((args.host, args.port).into(), folder, Limits::default()).await?;
    if json {
        println!("{}", serde_json::json!({ "url": handle.url(), "folder": args.dir }));
    } else {
        println!("store at {} (folder {}); stop with Ctrl-C", handle.url(), args.dir.display());
    }
    tokio::select! {
        () = handle.ended() => anyhow::bail!("the server ended by itself"),
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    handle.stop().await;
    Ok(())
}
