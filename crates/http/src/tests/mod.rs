mod access;
mod console;
mod feed;
mod hooks;
mod isolation;
mod openapi;
mod serve;
mod world;
