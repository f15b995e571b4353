//! Files from vendors.

pub(crate) use baton_files::Download;
