//! Files in a bucket that speaks S3. Requests are signed by their address, for minutes; bytes
//! go through a spool file, so that the bucket never sees one that was refused.

use std::{io, time::Duration};

use baton_core::{
    ids::{FileId, WorkspaceId},
    secret::Secret,
};
use futures::TryStreamExt as _;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    header::CONTENT_LENGTH,
};
use rusty_s3::{Bucket as Address, Credentials, S3Action as _, UrlStyle};

use url::Url;

use crate::{Client, FileBody, FilesError, client};

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
    pub client: Client,
}

pub(crate) struct Bucket {
    address: Address,
    credentials: Credentials,
    client: Client,
}

impl Bucket {
    pub fn open(config: BucketConfig) -> Result<Self, FilesError> {
        let wrong = |what: &str| FilesError::Place(format!("the bucket's {what} is not valid"));
        let endpoint = Url::parse(&config.endpoint).map_err(|_| wrong("endpoint"))?;
        let address = Address::new(endpoint, UrlStyle::Path, config.name, config.region);
        let address = address.map_err(|_| wrong("endpoint or name"))?;
        let credentials = Credentials::new(config.key_id, config.secret.reveal());
        Ok(Self { address, credentials, client: config.client })
    }

    /// Puts a file that is whole and of a known length.
    pub async fn put(&self, workspace: WorkspaceId, id: FileId, file: FileBody) -> io::Result<()> {
        let name = name(workspace, id);
        let url = self.address.put_object(Some(&self.credentials), &name).sign(SIGNED_FOR);
        let request = Request::put(url.as_str()).header(CONTENT_LENGTH, file.length);
        let body = StreamBody::new(file.pieces.map_ok(Frame::data)).boxed_unsync();
        let sent = self.client.send(request, body, client::within(REQUEST_TIMEOUT)).await;
        let status = sent.map_err(|_| io::Error::other("the bucket cannot be reached"))?.status();
        if status.is_success() {
            return Ok(());
        }
        Err(io::Error::other(format!("the bucket answers with HTTP status {status}")))
    }

    pub async fn get(&self, workspace: WorkspaceId, id: FileId) -> Result<FileBody, FilesError> {
        let name = name(workspace, id);
        let url = self.address.get_object(Some(&self.credentials), &name).sign(SIGNED_FOR);
        let until = client::within(REQUEST_TIMEOUT);
        let response = answered(self.client.get(&url, None, until).await)?;
        let length = client::length(&response);
        let length = length.ok_or_else(|| FilesError::Place("it gives no length".to_owned()))?;
        let pieces = client::pieces(response, until);
        let broken = |_| io::Error::other("the bucket broke off");
        Ok(FileBody { length, pieces: Box::pin(pieces.map_err(broken)) })
    }

    pub async fn delete(&self, workspace: WorkspaceId, id: FileId) -> Result<(), FilesError> {
        let name = name(workspace, id);
        let url = self.address.delete_object(Some(&self.credentials), &name).sign(SIGNED_FOR);
        let (request, until) = (Request::delete(url.as_str()), client::within(REQUEST_TIMEOUT));
        match answered(self.client.send(request, client::nothing(), until).await) {
            Ok(_) | Err(FilesError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn name(workspace: WorkspaceId, id: FileId) -> String {
    format!("{workspace}/{id}")
}

fn answered(
    sent: Result<Response<Incoming>, client::Lost>,
) -> Result<Response<Incoming>, FilesError> {
    let response =
        sent.map_err(|_| FilesError::Place("the bucket cannot be reached".to_owned()))?;
    match response.status() {
        StatusCode::NOT_FOUND => Err(FilesError::Missing),
        status if status.is_success() => Ok(response),
        status => Err(FilesError::Place(format!("the bucket answers with HTTP status {status}"))),
    }
}
