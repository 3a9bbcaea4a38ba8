//! Rules of the tree: layers, module heads, sizes, lock file.
