//! Interviews: what is found, what is asked and answered, and the text that comes of it.
