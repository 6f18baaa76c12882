//! What people live through, over real HTTP on loopback: the bot as `argus serve` builds it, a small
//! simulated Microsoft, and nothing between them that is not there in production.

mod approve;
mod canary;
mod certificates;
mod clicks;
mod crash;
mod credentials;
mod deliveries;
mod doors;
mod hosts;
mod isolate;
mod lifecycle;
mod notify;
mod partners;
mod people;
mod query;
mod refusals;
mod regroup;
mod scenery;
mod storm;
mod templates;
mod ticket;
mod was_it_you;
mod world;
