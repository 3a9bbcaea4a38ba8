//! Every adapter against a forge that misbehaves: the contract suite.
