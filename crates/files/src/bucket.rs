//! Files in a bucket that speaks S3. Requests are signed by their address, for minutes; bytes
//! go through a spool file, so that the bucket never sees one that was refused.

use std::{io, time::Duration};

use baton_core::{
    ids::{FileId, WorkspaceId},
    secret::Secret,
};
use futures::{StreamExt as _, stream};
use reqwest::{Body, Client, Response, StatusCode, Url, header::CONTENT_LENGTH};
use rusty_s3::{Bucket as Address, Credentials, S3Action as _, UrlStyle};

use crate::{FileBody, FilesError, PIECE_BYTES};

/// How long a signed address counts. Signed by the machine's clock, because the bucket compares
/// it with its own.
const SIGNED_FOR: Duration = Duration::from_secs(900);
/// How long one request may take in all.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(600);

/// A bucket and the key to it.
#[derive(Clone, Debug)]
pub struct BucketConfig {
    /// Where the service is, such as `https://s3.eu-central-1.amazonaws.com`.
    pub endpoint: String,
    /// The bucket's name.
    pub name: String,
    /// The service's region.
    pub region: String,
    /// The key's id.
    pub key_id: String,
    /// The key.
    pub secret: Secret,
    /// The client.
    pub http: Client,
}

pub(crate) struct Bucket {
    address: Address,
    credentials: Credentials,
    http: Client,
}

impl Bucket {
    pub fn open(config: BucketConfig) -> Result<Self, FilesError> {
        let wrong = |what: &str| FilesError::Place(format!("the bucket's {what} is not valid"));
        let endpoint = Url::parse(&config.endpoint).map_err(|_| wrong("endpoint"))?;
        let address = Address::new(endpoint, UrlStyle::Path, config.name, config.region);
        let address = address.map_err(|_| wrong("endpoint or name"))?;
        let credentials = Credentials::new(config.key_id, config.secret.reveal());
        Ok(Self { address, credentials, http: config.http })
    }

    /// Puts a file that is whole and of a known length.
    pub async fn put(&self, workspace: WorkspaceId, id: FileId, file: FileBody) -> io::Result<()> {
        let name = name(workspace, id);
        let url = self.address.put_object(Some(&self.credentials), &name).sign(SIGNED_FOR);
        let request = self.http.put(url).timeout(REQUEST_TIMEOUT);
        let request = request.header(CONTENT_LENGTH, file.length);
        let sent = request.body(Body::wrap_stream(file.pieces)).send().await;
        let status = sent.map_err(|_| io::Error::other("the bucket cannot be reached"))?.status();
        if status.is_success() {
            return Ok(());
        }
        Err(io::Error::other(format!("the bucket answers with HTTP status {status}")))
    }

    pub async fn get(&self, workspace: WorkspaceId, id: FileId) -> Result<FileBody, FilesError> {
        let name = name(workspace, id);
        let url = self.address.get_object(Some(&self.credentials), &name).sign(SIGNED_FOR);
        let response = answered(self.http.get(url).timeout(REQUEST_TIMEOUT).send().await)?;
        let length = response.content_length();
        let length = length.ok_or_else(|| FilesError::Place("it gives no length".to_owned()))?;
        let pieces = response.bytes_stream().flat_map(|chunk| {
            let whole = chunk.map_err(io::Error::other);
            stream::iter(match whole {
                Err(error) => vec![Err(error)],
                Ok(bytes) => (0..bytes.len())
                    .step_by(PIECE_BYTES)
                    .map(|at| Ok(bytes.slice(at..bytes.len().min(at + PIECE_BYTES))))
                    .collect(),
            })
        });
        Ok(FileBody { length, pieces: Box::pin(pieces) })
    }

    pub async fn delete(&self, workspace: WorkspaceId, id: FileId) -> Result<(), FilesError> {
        let name = name(workspace, id);
        let url = self.address.delete_object(Some(&self.credentials), &name).sign(SIGNED_FOR);
        match answered(self.http.delete(url).timeout(REQUEST_TIMEOUT).send().await) {
            Ok(_) | Err(FilesError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn name(workspace: WorkspaceId, id: FileId) -> String {
    format!("{workspace}/{id}")
}

fn answered(sent: reqwest::Result<Response>) -> Result<Response, FilesError> {
    let response =
        sent.map_err(|_| FilesError::Place("the bucket cannot be reached".to_owned()))?;
    match response.status() {
        StatusCode::NOT_FOUND => Err(FilesError::Missing),
        status if status.is_success() => Ok(response),
        status => Err(FilesError::Place(format!("the bucket answers with HTTP status {status}"))),
    }
}
