//! Bytes in, proof out: envelopes, manifests and releases.
