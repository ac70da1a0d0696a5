mod decisions;
mod network;
mod ranges;
mod spellings;
